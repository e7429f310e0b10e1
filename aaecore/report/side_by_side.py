"""The page of a comparison."""

from __future__ import annotations

from pathlib import Path

from aaecore.files import write_text
from aaecore.report.compare import Comparison
from aaecore.report.overlay import overlaid
from aaecore.report.render import render


def write_comparison(comparison: Comparison, path: Path) -> None:
    """Write the page of a comparison."""
    contents = {
        "families": comparison.families,
        "settings": {**comparison.head, **comparison.settings},
        "figures": comparison.figures,
        "more_figures": comparison.more_figures,
        "spread": any(len(family.runs) > 1 for family in comparison.families),
        "charts": overlaid(comparison.families),
    }
    write_text(path, render("compare.html.j2", **contents))
