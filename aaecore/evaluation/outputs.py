"""Figures of what a model makes of given samples: reconstructions, classes, clusters."""

from __future__ import annotations

import torch
from torch import Tensor

from aaecore.data import Data
from aaecore.errors import AAEError
from aaecore.evaluation.material import Material
from aaecore.metrics import (
    classification_error,
    cluster_agreement,
    clustering_errors,
    frechet_distance,
    reconstruction_mse,
    sharpness,
    signal_to_noise,
    structural_similarity,
)
from aaecore.model import Model
from aaecore.use.rundata import known_labels

AT_ONCE = 10_000
PAIRED = 2000
"""Samples whose pairs, or edges, are looked at, at most."""


def reconstruction(m: Material) -> dict[str, float]:
    """How far reconstructions are from what they should be, how like it, and how sharp both are."""
    found = {"reconstruction_mse": (mse := reconstruction_mse(m.target, m.x_rec))}
    if m.model.spec.is_image:
        if mse:
            found["reconstruction_psnr"] = signal_to_noise(mse)
        if min(m.target.shape[2:]) >= 7:
            found["reconstruction_ssim"] = structural_similarity(m.target[:PAIRED], m.x_rec[:PAIRED])
        found["sharpness_reconstructions"] = sharpness(m.x_rec[:PAIRED])
        found["sharpness_targets"] = sharpness(m.target[:PAIRED])
    return found


def distance_of_reconstructions(m: Material) -> dict[str, float]:
    """How far features of reconstructions are from those of what they should be."""
    wanted = m.network.features(m.target)
    return {"frechet_distance_reconstructions": frechet_distance(wanted, m.network.features(m.x_rec))}


def classification(m: Material) -> dict[str, float]:
    """The share of all held-out samples whose class is not the likeliest one."""
    if m.model.recipe.predicts != "classes":
        raise AAEError("this recipe predicts no classes")
    if (y := known_labels(m.model, m.data.judged)) is None:
        raise AAEError("the data has not the classes that the model was trained with")
    return {"classification_error": classification_error(predicted(m.model, m.data.judged).argmax(1), y)}


def clustering(m: Material) -> dict[str, float]:
    """How well clusters match classes; they get their names from labelled training samples."""
    if m.model.recipe.predicts != "clusters":
        raise AAEError("this recipe finds no clusters")
    if m.data.judged.y is None:
        raise AAEError("the data has no labels")
    q, y = predicted(m.model, m.data.judged), m.data.judged.y
    return cluster_figures(m.model, m.data, q, y) | cluster_agreement(q, y)


def cluster_figures(model: Model, data: Data, q: Tensor, y: Tensor) -> dict[str, float]:
    """Errors of held-out clusters q(y|x) (N, K) whose names come from training samples, where these have labels."""
    known = data.subset(data.labelled).some(AT_ONCE)
    if known.y is None or not len(known):
        return {}
    return clustering_errors(predicted(model, known), known.y, q, y)


def predicted(model: Model, data: Data) -> Tensor:
    """Probabilities (N, K) of the classes or clusters of all samples."""
    return torch.cat([model.predict(data.x.take(rows)) for rows in torch.split(torch.arange(len(data)), AT_ONCE)])
