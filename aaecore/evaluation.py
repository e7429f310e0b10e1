"""The final figures of a run, on held-out data and in inference mode."""

from __future__ import annotations

import numpy as np
import torch

from aaecore.data import Data
from aaecore.metrics import (
    classification_error,
    clustering_errors,
    prior_gap,
    reconstruction_mse,
)
from aaecore.model import Model
from aaecore.training import diagnose

MOST = 10_000
"""Samples that figures are computed on, at most."""


def evaluate(model: Model, data: Data) -> dict[str, float]:
    """All figures the model and the data allow, by flat names.

    They are of the held-out data; only where there is none, of the training data. `codes_*` compare codes with as many
    draws from the prior. Clusters get their names from the first half of the data and are judged on the second.
    """
    judged = data.heldout or data
    rows = torch.arange(min(len(judged), MOST))
    x = judged.x.take(rows)
    y = None if judged.y is None else judged.y[rows]
    found: dict[str, float] = {"evaluated_on": len(rows), "heldout": float(data.heldout is not None)}
    if "encoder" not in model.networks:
        return found
    if "decoder" in model.networks:
        wanted = x if judged.target is None else judged.target.take(rows)
        found["reconstruction_mse"] = reconstruction_mse(wanted, model.reconstruct(x, labels=y))
        found |= _codes(model, data, x) if model.recipe.shapes_codes else diagnose(model, data)
    if model.recipe.predicts != "nothing" and y is not None:
        found |= _predictions(model, model.predict(x).numpy(), y.numpy())
    return found


def _codes(model: Model, data: Data, x: torch.Tensor) -> dict[str, float]:
    draws = model.prior(MOST)
    gaps = prior_gap(model.compute(lambda f: f.z, x), draws)
    train = data.x.take(torch.arange(min(len(data), MOST)))
    found = {f"codes_{k}": v for k, v in gaps.items()}
    found |= {f"codes_{k}_train": v for k, v in prior_gap(model.compute(lambda f: f.z, train), draws).items()}
    return found | diagnose(model, data)


def _predictions(model: Model, probabilities: np.ndarray, y: np.ndarray) -> dict[str, float]:
    if model.recipe.predicts == "clusters":
        half = len(y) // 2
        return clustering_errors(probabilities[:half], y[:half], probabilities[half:], y[half:])
    return {"classification_error": classification_error(probabilities.argmax(1), y)}
