"""Two square panels side by side with one legend under them."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from aaecore.arrays import Integers
from aaecore.pictures.figure import DPI, LABEL, new_figure, text_size
from aaecore.pictures.palette import UNLABELLED, class_colours

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEGEND = 30
"""Classes a legend names, at most."""
SIDE, LEFT, GAP, RIGHT, TOP, BOTTOM, LINE = 3.05, 0.62, 0.3, 0.15, 0.3, 0.5, 0.19
"""Inches: a panel's side, the space around and between panels, a line of the legend."""

Entry = tuple[str, str]
"""A name and its colour; without a colour, a remark."""


def legend_entries(names: Sequence[str], panels: Sequence[Integers]) -> list[Entry]:
    """What the labels of the panels need explained; too many classes are only counted."""
    if not names:
        return []
    if len(names) > LEGEND:
        return [(f"{len(names)} classes, coloured in the order of their labels", "")]
    palette = class_colours(len(names))
    present = np.unique(np.concatenate(panels))
    mixed = any((y < 0).any() and (y >= 0).any() for y in panels)
    return [(names[i], palette[i]) for i in present if i >= 0] + [("unlabelled", UNLABELLED)] * mixed


def two_panels(entries: Sequence[Entry]) -> tuple[Figure, tuple[Axes, Axes]]:
    """A figure with two panels and the legend."""
    columns = _columns(entries)
    bottom = BOTTOM + LINE * ceil(len(entries) / columns)
    width, height = LEFT + 2 * SIDE + GAP + RIGHT, TOP + SIDE + bottom
    figure = new_figure(width, height)
    left, right = (
        figure.add_axes((x / width, bottom / height, SIDE / width, SIDE / height)) for x in (LEFT, LEFT + SIDE + GAP)
    )
    if entries:
        _legend(figure, entries, columns)
    return figure, (left, right)


def _legend(figure: Figure, entries: Sequence[Entry], columns: int) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], marker="o" if colour else "", ls="", ms=4.5, color=colour or "black", label=name)
        for name, colour in entries
    ]
    figure.legend(
        handles=handles,
        loc="lower center",
        ncols=columns,
        fontsize=LABEL,
        frameon=False,
        handletextpad=0.1,
        columnspacing=1.0,
        borderpad=0.2,
    )


def _columns(entries: Sequence[Entry]) -> int:
    widest = max((text_size(name, LABEL)[0] / DPI for name, _ in entries), default=0)
    return max(1, min(len(entries), int((LEFT + 2 * SIDE) / (widest + 0.36))))
