"""The final figures of a run, on held-out data and in inference mode."""

from __future__ import annotations

import torch

from aaecore.data import Data
from aaecore.diagnostics import posterior_noise
from aaecore.metrics import (
    classification_error,
    clustering_errors,
    prior_gap,
    reconstruction_mse,
)
from aaecore.model import Model

MOST = 10_000
"""Samples that figures are computed on, at most."""


def evaluate(model: Model, data: Data) -> dict[str, float]:
    """All figures the model and the data allow, by flat names.

    They are of the held-out data; only where there is none, of the training data. Errors of classes and clusters are of
    all of it, other figures of 10,000 samples at most. `codes_*` compare codes with draws from the prior. Clusters
    get their names from labelled training samples.
    """
    judged = data.judged.some(MOST)
    x = _all(judged)
    found: dict[str, float] = {"evaluated_on": len(judged), "heldout": float(data.heldout is not None)}
    if "encoder" not in model.networks:
        return found
    if "decoder" in model.networks:
        wanted = x if judged.target is None else judged.target.take(range(len(judged)))
        found["reconstruction_mse"] = reconstruction_mse(wanted, model.reconstruct(x, labels=judged.y))
        found |= _codes(model, data, x) if model.recipe.shapes_codes else posterior_noise(model, data)
    return found | _predictions(model, data)


def _codes(model: Model, data: Data, x: torch.Tensor) -> dict[str, float]:
    draws = model.prior(MOST)
    gaps = prior_gap(model.compute(lambda f: f.z, x), draws)
    train = _all(data.some(MOST))
    found = {f"codes_{k}": v for k, v in gaps.items()}
    found |= {f"codes_{k}_train": v for k, v in prior_gap(model.compute(lambda f: f.z, train), draws).items()}
    return found | posterior_noise(model, data)


def _predictions(model: Model, data: Data) -> dict[str, float]:
    judged, what = data.judged, model.recipe.predicts
    if what == "nothing" or judged.y is None:
        return {}
    probabilities = _predicted(model, judged)
    if what == "classes":
        return {"classification_error": classification_error(probabilities.argmax(1), judged.y)}
    known = data.subset(data.labelled).some(MOST)
    if known.y is None or not len(known):
        return {}
    return clustering_errors(_predicted(model, known), known.y, probabilities, judged.y)


def _predicted(model: Model, data: Data) -> torch.Tensor:
    starts = range(0, len(data), MOST)
    return torch.cat([model.predict(data.x.take(range(s, min(s + MOST, len(data))))) for s in starts])


def _all(data: Data) -> torch.Tensor:
    return data.x.take(range(len(data)))
