"""A comparison on the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from sys import stdout

from rich.console import Console
from rich.table import Table

from aaecore.report.compare import Comparison

WIDE = 10_000
"""Columns where nobody reads along, so that no line is broken."""


def show(comparison: Comparison) -> None:
    """Print what differs, then the figures, a column a family."""
    console = Console(width=None if stdout.isatty() else WIDE, highlight=False)
    names = [family.name for family in comparison.families]
    console.print(_table("setting", names, {**comparison.head, **comparison.settings}))
    console.print()
    console.print(_table("figure", names, comparison.figures))


def _table(title: str, names: Sequence[str], rows: Mapping[str, Sequence[str]]) -> Table:
    table = Table(title, *names, box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    for name, values in rows.items():
        table.add_row(name, *values)
    return table
