"""The paper's tables: Fréchet distance and inception score by data set."""

from __future__ import annotations

from aaecore.published import Published, figures

DATA = ("CIFAR-10", "FFHQ 32 × 32", "FFHQ 64 × 64", "MNIST", "EMNIST", "Fashion-MNIST")
SOURCE = "Yang et al., Inception features, single runs"


def table(frechet: tuple[str, ...], inception: tuple[str, ...]) -> tuple[Published, ...]:
    """A variant's rows, as printed."""
    rows = {"frechet_distance": frechet, "inception_score": inception}
    return tuple(
        figure for metric, row in rows.items() for figure in figures(metric, SOURCE, dict(zip(DATA, row, strict=True)))
    )
