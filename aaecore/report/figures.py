"""Figures as words, beside those that papers state."""

from __future__ import annotations

import re
from collections.abc import Mapping

from attrs import frozen

from aaecore.published import Published, published_of
from aaecore.recipe import Recipe

MEANINGS = {
    "reconstruction_mse": "mean squared error of reconstructions, of each pixel or feature",
    "reconstruction_psnr": "signal-to-noise ratio of reconstructions, of the largest value to the error, in decibels",
    "reconstruction_ssim": "structural similarity of reconstructions and what they should be; 1 for equal images",
    "classification_error": "share of wrong classes",
    "clustering_error": "share of wrong classes; a cluster's class is that of its most certain training sample",
    "clustering_error_majority": "share of wrong classes; a cluster's class is its members' most frequent",
    "clustering_error_one_to_one": "share of wrong classes; one cluster a class, by the best matching",
    "clustering_nmi": "normalised mutual information of clusters and classes",
    "clustering_ari": "adjusted Rand index of clusters and classes",
    "codes_prior_mean_gap": "largest difference of a code dimension's mean from the prior's",
    "codes_prior_mean_gap_in_stds": "largest difference of a code dimension's mean from the prior's, in its deviations",
    "codes_prior_std_gap": "largest relative difference of a code dimension's standard deviation from the prior's",
    "codes_mmd": "squared maximum mean discrepancy of codes and prior; 0 where they are alike",
    "codes_sliced_wasserstein": "distance of codes and prior along random directions",
    "codes_discriminator_accuracy": "of a fresh discriminator; 0.5 where codes and prior are alike",
    "codes_dead_dimensions": "dimensions of the code that hardly vary",
    "mean_abs_sigma": "mean |σ| of the posterior; near 0 it has become deterministic",
    "std_mu": "standard deviation of the posterior's mean, averaged over dimensions",
    "std_z": "standard deviation of codes drawn from the posterior, averaged over dimensions",
    "frechet_distance": "Fréchet distance of samples from held-out data, by features of a network",
    "frechet_distance_reconstructions": "Fréchet distance of reconstructions from held-out data, by the same features",
    "kernel_distance": "kernel distance of samples from held-out data",
    "inception_score": "of samples, under a classifier",
    "precision": "share of samples inside the neighbourhoods of held-out data",
    "recall": "share of held-out data inside the neighbourhoods of samples",
    "label_accuracy": "share of samples that look like the class they were asked for",
    "parzen_log_likelihood": "of held-out images, in nats, under Gaussian windows around samples",
    "sharpness": "variance of the Laplacian of samples",
    "diversity": "root mean square difference of two samples",
    "nearest_training_distance": "of samples from the nearest training sample",
    "copying": "0.5 where samples are like new data, near 1 for copies of training data",
}
"""What the figures are, in few words; `docs/metrics.md` has the definitions."""
SAID_ELSEWHERE = (
    "evaluated_on",
    "heldout",
    "seconds",
    "images_per_second",
    "samples_drawn",
    "evaluation_seed",
    "features_accuracy",
)
"""Stand elsewhere on the page."""
SPREADS = {"parzen_standard_error": "parzen_log_likelihood"} | {
    f"{name}_deviation": name for name in ("kernel_distance", "inception_score")
}
"""Figures that are the spread of another."""
COMPARED = {"_heldout": "held-out data has", "_training": "training data has"}
"""Ends of the names of figures that say what real data scores."""
DETAILS = re.compile(r"(_average|_train|_targets|_reconstructions|(_mean|_std)_\d+|density|coverage|parzen_sigma)$")
"""Names of figures that few look for."""


@frozen
class Row:
    """One line of the table: a run's figure, what it may be held against, and what papers state."""

    name: str
    value: str
    meaning: str
    beside: str
    published: tuple[Published, ...]


def rows(figures: Mapping[str, float], recipe: Recipe) -> tuple[list[Row], list[Row]]:
    """The figures that matter, those with published ones first and those not measured last; and the rest."""
    stated: dict[str, tuple[Published, ...]] = {}
    for figure in published_of(recipe):
        stated[figure.metric] = (*stated.get(figure.metric, ()), figure)
    names = [n for n in dict.fromkeys([*stated, *figures]) if is_figure(n, figures)]
    made = [_row(name, figures, stated.get(name, ())) for name in names]
    rest = [row for row in made if is_detail(row.name)]
    return sorted((row for row in made if row not in rest), key=lambda row: row.name not in figures), rest


def _row(name: str, figures: Mapping[str, float], stated: tuple[Published, ...]) -> Row:
    spread = next((figures[s] for s, of in SPREADS.items() if of == name and s in figures), None)
    beside = [f"{said} {word(name, figures[name + end])}" for end, said in COMPARED.items() if name + end in figures]
    return Row(name, word(name, figures.get(name), spread), MEANINGS.get(name, ""), ", ".join(beside), stated)


def is_figure(name: str, figures: Mapping[str, float]) -> bool:
    """Whether a name stands for itself, neither beside another figure nor elsewhere on the page."""
    beside = any(name.endswith(end) and name.removesuffix(end) in figures for end in COMPARED)
    return not beside and name not in SAID_ELSEWHERE and name not in SPREADS


def is_detail(name: str) -> bool:
    """Whether few look for a figure."""
    return bool(DETAILS.search(name)) and name not in MEANINGS


def word(name: str, value: float | None, spread: float | None = None) -> str:
    """A figure in four digits, with its spread if it has one; shares that are errors in per cent."""
    if value is None:
        return "not measured"
    scale, digits, unit = (100, 3, " %") if is_share(name) else (1, 4, "")
    with_spread = "" if spread is None else f" ± {_rounded(scale * spread, 2)}"
    return f"{_rounded(scale * value, digits)}{with_spread}{unit}".replace("-", "−")


def _rounded(value: float, digits: int) -> str:
    """So many digits, and a power of ten only for the very large and small."""
    return f"{float(f'{value:.{digits}g}'):g}"


def is_share(name: str) -> bool:
    """Whether a figure is said in per cent."""
    return name.startswith(("classification_error", "clustering_error"))
