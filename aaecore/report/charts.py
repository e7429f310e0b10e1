"""Charts as vector graphics in the colours of the page: axes with round numbers, and shapes by class."""

from __future__ import annotations

from collections.abc import Sequence
from math import log10

import numpy as np
from attrs import frozen

from aaecore.arrays import Floats, floats

MARGIN_LEFT, MARGIN_RIGHT, MARGIN_TOP, MARGIN_BOTTOM = 46.0, 10.0, 10.0, 34.0
TICKS = 5
CLASSES, SERIES = 12, 6
"""Colours the style sheet has for classes and for series."""


Note = tuple[float, float, str]
"""Words at a place."""


@frozen
class Axis:
    """A range of numbers on so many pixels, the first of them at `start`."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False
    name: str = ""
    integer: bool = False

    def __call__(self, values: Floats) -> Floats:
        """Where these values stand, in pixels."""
        v, low, high = (np.log10(v) if self.log else v for v in (np.asarray(values), self.low, self.high))
        return floats(self.start + (v - low) / (high - low) * (self.end - self.start))

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Pixels and words of a few round numbers."""
        values = [float(v) for v in self._locations() if self.low <= v <= self.high]
        return [(float(self(np.array(v))), _word(v)) for v in values]

    def _locations(self) -> Floats:
        from matplotlib.ticker import LogLocator, MaxNLocator

        if not self.log:
            return floats(MaxNLocator(TICKS, integer=self.integer).tick_values(self.low, self.high))
        decades = log10(self.high / self.low)
        subs = (1.0,) if decades > 2 else (1.0, 2.0, 5.0)
        return floats(LogLocator(subs=subs, numticks=8).tick_values(self.low, self.high))


@frozen
class Shape:
    """A path in a colour: a line, a band, or dots."""

    path: str
    look: str
    """What the style sheet calls it: line, thin, band, dots, mark, bars."""
    colour: int | str = 0
    """A number of the page's colours, or a colour."""
    title: str = ""

    @property
    def style(self) -> str:
        """The colour as the style sheet takes it: of classes for dots, of series for everything else."""
        if isinstance(self.colour, str):
            return f"--c: {self.colour}"
        return (
            f"--c: var(--c{self.colour % CLASSES})" if self.look == "dots" else f"--c: var(--s{self.colour % SERIES})"
        )


@frozen(kw_only=True)
class Chart:
    """Shapes between two axes."""

    title: str
    x: Axis
    y: Axis
    shapes: Sequence[Shape]
    width: float
    height: float
    legend: Sequence[tuple[str, str]] = ()
    """Names and the style of their colours."""
    notes: Sequence[Note] = ()
    """Words at places."""


def axes(
    limits: Sequence[tuple[float, float]],
    names: tuple[str, str],
    size: tuple[float, float],
    *,
    log: bool = False,
    integer: bool = False,
) -> tuple[Axis, Axis]:
    """The two axes of a chart of so many pixels."""
    (x, y), (width, height) = limits, size
    across = Axis(*x, MARGIN_LEFT, width - MARGIN_RIGHT, name=names[0], integer=integer)
    return across, Axis(*y, height - MARGIN_BOTTOM, MARGIN_TOP, log=log, name=names[1])


def line(x: Floats, y: Floats) -> str:
    """A path through points given in pixels."""
    return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True))


def band(x: Floats, low: Floats, high: Floats) -> str:
    """A closed path around all between two lines."""
    return line(np.concatenate([x, x[::-1]]), np.concatenate([low, high[::-1]])) + "Z"


def dots(x: Floats, y: Floats) -> str:
    """A path of points without length, which round line ends make dots."""
    return "".join(f"M{a:.1f} {b:.1f}h0" for a, b in zip(x, y, strict=True))


def _word(value: float) -> str:
    return f"{value:.6g}".replace("e-0", "e-").replace("e+0", "e").replace("-", "−")
