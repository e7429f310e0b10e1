"""Measuring a trained model: all figures that it and the data allow."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from aaecore.data import Data
from aaecore.errors import AAEError
from aaecore.evaluation import codes, outputs, samples
from aaecore.evaluation.material import Material
from aaecore.evaluation.result import Evaluation
from aaecore.model import Model
from aaecore.progress.steps import Steps

Metric = Callable[[Model, Data], "float | Mapping[str, float]"]
"""A figure of one's own, of a model and the data judged; raises `AAEError` where it does not apply."""

GROUPS: dict[str, Callable[[Material], dict[str, float]]] = {
    "reconstruction": outputs.reconstruction,
    "classification": outputs.classification,
    "clustering": outputs.clustering,
    "codes against the prior": codes.codes_against_prior,
    "discriminator of codes": codes.fresh_discriminator,
    "codes by dimension": codes.codes_by_dimension,
    "dead dimensions": codes.dead_codes,
    "sigma of the posterior": codes.collapsed_posterior,
    "distance of reconstructions": outputs.distance_of_reconstructions,
    "distance of samples": samples.distances,
    "neighbourhoods of samples": samples.neighbourhoods,
    "class scores of samples": samples.class_scores,
    "labels of samples": samples.label_accuracy,
    "likelihood": samples.likelihood,
    "looks of samples": samples.looks,
    "memorisation": samples.memorisation,
}


def measure(material: Material, metrics: Sequence[Metric], progress: Steps) -> Evaluation:
    """Compute every group of figures in turn, and then one's own; what does not apply is left out with the reason."""
    material.model.eval()
    own = {metric.__name__: _own(metric) for metric in metrics}
    wanted = GROUPS | own
    found: dict[str, dict[str, float]] = {"samples": _counts(material)}
    left_out: dict[str, str] = {}
    for name in progress.over(list(wanted), lambda name: f"measuring {name}"):
        try:
            figures = wanted[name](material)
        except AAEError as e:
            left_out[name] = str(e)
            continue
        found[name] = {k: v for k, v in figures.items() if math.isfinite(v)}
        left_out |= {k: f"is {v}" for k, v in figures.items() if not math.isfinite(v)}
    network = material.features
    features = network if isinstance(network, str) else network.name
    return Evaluation(data=material.data.judged.name, features=features, groups=found, left_out=left_out)


def _counts(m: Material) -> dict[str, float]:
    """What the figures rest on."""
    accuracy = None if isinstance(m.features, str) else m.features.accuracy
    known = {} if accuracy is None else {"features_accuracy": accuracy}
    return {
        "evaluated_on": len(m.judged),
        "heldout": float(m.data.heldout is not None),
        "samples_drawn": m.most,
        "evaluation_seed": m.seed,
        **known,
    }


def _own(metric: Metric) -> Callable[[Material], dict[str, float]]:
    def figures(m: Material) -> dict[str, float]:
        value = metric(m.model, m.judged)
        return {k: float(v) for k, v in (value if isinstance(value, Mapping) else {metric.__name__: value}).items()}

    return figures
