"""Figures of new samples."""

from __future__ import annotations

import torch
from torch import Tensor

from aaecore.errors import AAEError
from aaecore.evaluation.material import Material
from aaecore.evaluation.outputs import PAIRED
from aaecore.features import FeatureNetwork
from aaecore.metrics import (
    choose_sigma,
    copying,
    diversity,
    frechet_distance,
    inception_score,
    kernel_distance,
    labels_by_majority,
    labels_one_to_one,
    nearest_in,
    parzen_log_likelihood,
    precision_recall_density_coverage,
    sharpness,
)
from aaecore.use.rundata import all_of

TRACED = 1000
"""Samples whose nearest training samples are looked for, at most."""
VALIDATED = 1000
"""Training samples that the Parzen window is chosen on, at most."""
EACH = 200
"""Samples asked for of each label."""


def likelihood(m: Material) -> dict[str, float]:
    """The Parzen-window log-likelihood of held-out images, by the protocol of Makhzani et al. 2015, section 3."""
    _need_images(m)
    sigma = choose_sigma(m.samples, all_of(m.data.some(VALIDATED)))
    mean, error = parzen_log_likelihood(m.samples, m.x, sigma)
    return {"parzen_log_likelihood": mean, "parzen_standard_error": error, "parzen_sigma": sigma}


def distances(m: Material) -> dict[str, float]:
    """How far features of samples are from those of held-out ones, and as a floor how far those of training ones."""
    real, generated = m.seen[0], m.seen_samples[0][: len(m.x)]
    kernel, deviation = kernel_distance(real, generated, size=min(1000, len(real) // 2), seed=m.seed)
    found = {"frechet_distance": frechet_distance(real, generated), "kernel_distance": kernel}
    found["kernel_distance_deviation"] = deviation
    if m.data.heldout is not None:
        floor = m.network.features(all_of(m.data.some(len(m.x))))
        found["frechet_distance_training"] = frechet_distance(real, floor)
    return found


def neighbourhoods(m: Material) -> dict[str, float]:
    """Precision, recall, density and coverage of samples among held-out ones."""
    return precision_recall_density_coverage(m.seen[0], m.seen_samples[0][: len(m.x)])


def class_scores(m: Material) -> dict[str, float]:
    """The inception score of samples, and of held-out ones."""
    (_, said), (_, real) = m.seen_samples, m.seen
    if said is None or real is None:
        raise AAEError("the feature network gives no class logits")
    mean, deviation = inception_score(said, seed=m.seed)
    held = inception_score(real, seed=m.seed)[0]
    return {"inception_score": mean, "inception_score_deviation": deviation, "inception_score_heldout": held}


def label_accuracy(m: Material) -> dict[str, float]:
    """How many samples the classifier takes for what was asked for; clusters are named by it first."""
    k = m.model.recipe.sample_labels(m.model.spec)
    if not k:
        raise AAEError("this recipe's samples cannot be asked for by label")
    clusters = m.model.recipe.predicts == "clusters"
    if not clusters and m.network.classes != m.model.classes:
        raise AAEError("the feature network does not know the classes that the model was trained with")
    asked = torch.arange(k).repeat_interleave(EACH)
    said = _classes(m.network, m.model.sample(len(asked), labels=asked, seed=m.seed))
    if clusters:
        named = labels_one_to_one if k <= int(m.model.spec.classes or k) else labels_by_majority
        asked = torch.from_numpy(named(torch.eye(k)[asked], said))[asked]
    return {"label_accuracy": float((said == asked).double().mean())}


def _classes(network: FeatureNetwork, x: Tensor) -> Tensor:
    return network.logits(x).argmax(1)


def looks(m: Material) -> dict[str, float]:
    """Sharpness of images, and how different samples are from each other, beside held-out ones."""
    found = {"diversity": diversity(m.samples[:PAIRED]), "diversity_heldout": diversity(m.x[:PAIRED])}
    if m.model.spec.is_image:
        found |= {"sharpness": sharpness(m.samples[:PAIRED]), "sharpness_heldout": sharpness(m.x[:PAIRED])}
    return found


def memorisation(m: Material) -> dict[str, float]:
    """How near samples are to the training samples, beside how near held-out ones are."""
    few = m.samples[:TRACED]
    held = m.x[:TRACED] if m.data.heldout is not None else few[:0]
    both, _ = nearest_in(torch.cat([few, held]), m.training_parts())
    found = {"nearest_training_distance": float(both[: len(few)].mean())}
    if len(held):
        found["nearest_training_distance_heldout"] = float(both[len(few) :].mean())
        found["copying"] = copying(both[: len(few)], both[len(few) :])
    return found


def _need_images(m: Material) -> None:
    if not m.model.spec.is_image:
        raise AAEError("its window widths are for images with pixels in [0, 1]")
