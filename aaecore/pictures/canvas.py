"""Grids of images laid out pixel by pixel, so that the smallest image stays crisp."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, sqrt

import numpy as np
from attrs import frozen

from aaecore.arrays import Floats, Values, floats
from aaecore.errors import DataError

PAGE = 1200
"""Pixels across that a grid aims at."""
CELL = 360
"""Pixels across that one small image is enlarged to at most."""


@frozen
class Grid:
    """Equal cells in rows and columns; a gap of `gap` pixels, and a wider one after every `group` rows."""

    rows: int
    columns: int
    cell: tuple[int, int]
    gap: int = 4
    group: int = 0

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.top(self.rows - 1) + self.cell[0], self.left(self.columns - 1) + self.cell[1]

    def top(self, row: int) -> int:
        """First pixel of a row."""
        wider = 5 * self.gap * (row // self.group) if self.group else 0
        return row * (self.cell[0] + self.gap) + wider

    def left(self, column: int) -> int:
        """First pixel of a column."""
        return column * (self.cell[1] + self.gap)

    def paint(self, images: Sequence[Floats | None]) -> Floats:
        """The picture (height, width, 3) of cells in reading order; None leaves a cell white."""
        canvas = np.ones((*self.size, 3))
        for i, image in enumerate(images):
            if image is not None:
                top, left = self.top(i // self.columns), self.left(i % self.columns)
                canvas[top : top + self.cell[0], left : left + self.cell[1]] = image
        return canvas


def columns_for(n: int, height: int, width: int) -> int:
    """How many columns make a grid of `n` images nearly square."""
    return max(1, min(n, ceil(sqrt(n * height / width))))


def pixels(images: Values) -> tuple[Floats, str]:
    """Images (N, C, H, W) in [0, 1] as colour pictures (N, H, W, 3), and what had to be done to show them."""
    x = floats(images)
    if x.ndim != 4 or not x.size:
        raise DataError(f"images of shape {x.shape} cannot be drawn: they must be (N, channels, H, W)")
    notes = [] if np.isfinite(x).all() else ["values that are not finite are shown as 0"]
    x = np.nan_to_num(x, nan=0.0, posinf=0.0, neginf=0.0).clip(0, 1)
    if x.shape[1] not in (1, 3):
        notes.insert(0, f"mean of {x.shape[1]} channels")
        x = x.mean(axis=1, keepdims=True)
    return np.broadcast_to(x, (len(x), 3, *x.shape[2:])).transpose(0, 2, 3, 1), ", ".join(notes)


def resized(x: Floats, columns: int) -> Floats:
    """Pictures (N, H, W, 3) enlarged or reduced by a whole number, so that `columns` of them fill a page."""
    height, width = x.shape[1:3]
    room = max(1, min(CELL, PAGE // columns))
    if (scale := room // max(height, width)) >= 1:
        return x.repeat(scale, axis=1).repeat(scale, axis=2)
    shrink = min(ceil(max(height, width) / (2 * room)), height, width)
    cut = x[:, : height // shrink * shrink, : width // shrink * shrink]
    blocks = cut.reshape(len(x), height // shrink, shrink, width // shrink, shrink, 3)
    return np.asarray(blocks.mean(axis=(2, 4)))
