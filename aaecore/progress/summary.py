"""What is said when training is over."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aaecore.model import Model

HEADLINES = (
    "reconstruction_mse",
    "classification_error",
    "clustering_error",
    "codes_prior_mean_gap",
    "codes_prior_std_gap",
)
"""Figures that are printed, of those a recipe has."""


def say_run(model: Model, folder: Path) -> None:
    """The figures of a run, and what lies in its directory."""
    for name in HEADLINES:
        if name in model.metrics:
            print(f"{name:24} {model.metrics[name]:.4g}")
    print(f"{folder}: model, figures and pictures ({', '.join(sorted(p.name for p in folder.glob('*.png')))})")


def say_family(folder: Path, summary: Mapping[str, Any]) -> None:
    """The figures of a family of runs, each with its spread, and where they are."""
    for name in HEADLINES:
        if name in summary["metrics"]:
            print(f"{name:24} {in_words(summary['metrics'][name])}")
    seeds = ", ".join(map(str, summary["seeds"])) or "none"
    print(f"{folder}: runs with seeds {seeds}; all figures, mean ± standard deviation, in summary.json")


def in_words(spread: Mapping[str, Any]) -> str:
    """0.0312 ± 0.0021."""
    return f"{spread['mean']:.4g}" + ("" if spread["std"] is None else f" ± {spread['std']:.2g}")
