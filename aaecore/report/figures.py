"""Figures as words, beside those that papers state."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from aaecore.published import Published, published_of
from aaecore.recipe import Recipe

MEANINGS = {
    "reconstruction_mse": "mean squared error of reconstructions, of each pixel or feature",
    "classification_error": "share of wrong classes",
    "clustering_error": "share of wrong classes; a cluster's class is that of its most certain validation sample",
    "clustering_error_majority": "the same, a cluster's class being its members' most frequent",
    "clustering_error_one_to_one": "the same, one cluster a class, by the best matching",
    "codes_prior_mean_gap": "largest difference of a code dimension's mean from the prior's",
    "codes_prior_mean_gap_in_stds": "the same, in standard deviations of the prior",
    "codes_prior_std_gap": "largest relative difference of a code dimension's standard deviation from the prior's",
    "mean_abs_sigma": "mean |σ| of the posterior; near 0 it has become deterministic",
    "std_mu": "mean over dimensions of the standard deviation of the posterior's mean μ",
    "std_z": "the same of codes drawn from the posterior",
}
"""What the figures at the end of training are; `docs/report.md` has them too."""
ABOUT_TRAINING = ("evaluated_on", "heldout", "seconds", "images_per_second")
"""Stand elsewhere on the page."""
LESS = ("_average", "_train")
"""Ends of the names of figures that say the same once more."""


@frozen
class Row:
    """One line of the table: a run's figure, and what papers state."""

    name: str
    value: str
    meaning: str
    published: tuple[Published, ...]


def rows(figures: Mapping[str, float], recipe: Recipe) -> tuple[list[Row], list[Row]]:
    """The figures that matter, those with published ones first and those not measured last; and the rest."""
    stated: dict[str, tuple[Published, ...]] = {}
    for figure in published_of(recipe):
        stated[figure.metric] = (*stated.get(figure.metric, ()), figure)
    names = [n for n in dict.fromkeys([*stated, *figures]) if n not in ABOUT_TRAINING]
    made = [Row(n, word(n, figures.get(n)), MEANINGS.get(n, ""), stated.get(n, ())) for n in names]
    rest = [r for r in made if r.name.endswith(LESS)]
    return sorted((r for r in made if r not in rest), key=lambda r: r.name not in figures), rest


def word(name: str, value: float | None) -> str:
    """A figure in four digits; shares that are errors in per cent."""
    if value is None:
        return "not measured"
    if is_share(name):
        return f"{100 * value:.3g} %".replace("-", "−")
    return f"{value:.4g}".replace("-", "−")


def is_share(name: str) -> bool:
    """Whether a figure is said in per cent."""
    return name.startswith(("classification_error", "clustering_error"))
