"""The figures that end a training: those that cost little, on held-out data and in inference mode."""

from __future__ import annotations

from torch import Tensor

from aaecore.data import Data
from aaecore.evaluation.outputs import AT_ONCE as MOST
from aaecore.evaluation.outputs import cluster_figures, predicted
from aaecore.metrics import classification_error, prior_gap, reconstruction_mse
from aaecore.model import Model
from aaecore.training.diagnostics import noise_of_posterior
from aaecore.use.rundata import all_of, known_labels


def final_figures(model: Model, data: Data) -> dict[str, float]:
    """All figures the model and the data allow, by flat names.

    They are of the held-out data; only where there is none, of the training data. Errors of classes and clusters are of
    all of it, other figures of 10,000 samples at most. `codes_*` compare codes with draws from the prior. Clusters
    get their names from labelled training samples.
    """
    judged = data.judged.some(MOST)
    x = all_of(judged)
    found: dict[str, float] = {"evaluated_on": len(judged), "heldout": float(data.heldout is not None)}
    if "encoder" not in model.networks:
        return found
    if "decoder" in model.networks:
        x_rec = model.reconstruct(x, labels=known_labels(model, judged))
        wanted = x if judged.target is None else judged.target.take(range(len(judged)))
        found["reconstruction_mse"] = reconstruction_mse(wanted, x_rec)
        found |= _codes(model, data, x) if model.recipe.shapes_codes else noise_of_posterior(model, data)
    return found | _predictions(model, data)


def _codes(model: Model, data: Data, x: Tensor) -> dict[str, float]:
    draws = model.prior(MOST)
    gaps = prior_gap(model.compute(lambda f: f.z, x), draws)
    train = all_of(data.some(MOST))
    found = {f"codes_{k}": v for k, v in gaps.items()}
    found |= {f"codes_{k}_train": v for k, v in prior_gap(model.compute(lambda f: f.z, train), draws).items()}
    return found | noise_of_posterior(model, data)


def _predictions(model: Model, data: Data) -> dict[str, float]:
    judged, what = data.judged, model.recipe.predicts
    if what == "nothing" or judged.y is None or not len(judged.labelled):
        return {}
    probabilities = predicted(model, judged)
    if what == "classes":
        return {"classification_error": classification_error(probabilities.argmax(1), judged.y)}
    return cluster_figures(model, data, probabilities, judged.y)
