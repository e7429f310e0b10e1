"""Samples as small pictures of one size, laid out on a sheet that a page holds within itself."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from io import BytesIO
from math import ceil

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from aaecore.arrays import Floats, Values, floats
from aaecore.pictures.canvas import pixels

LEAST, MOST = 32, 64
"""Pixels across that a tile has, by whole enlargement or reduction."""
BARS = 48
"""Features of a vector that are drawn, at most; and pixels across that they have."""
BAR, GROUND = 0.9, 0.12
GAP = 2

Bytes = NDArray[np.uint8]


@frozen
class Sheet:
    """Tiles on a transparent ground, as an image that is written into the page."""

    uri: str
    width: int
    height: int
    rows: int
    columns: int


@frozen
class Tiles:
    """How samples of one kind of data become tiles: images as they are, vectors as bar charts."""

    low: Floats
    high: Floats
    """The range of each feature of a vector, on which its bar is drawn."""

    @classmethod
    def of(cls, x: Values) -> Tiles:
        """For samples like these."""
        values = floats(x)
        low, high = np.quantile(values.reshape(len(values), -1), (0.02, 0.98), axis=0)
        return cls(low, high)

    def __call__(self, x: Values, most: int = MOST, least: int = LEAST) -> Bytes:
        """Samples (N, ...) as tiles, uint8 (N, H, W, 3)."""
        values = floats(x)
        shown = _fitted(pixels(values)[0], least, most) if values.ndim == 4 else self._bars(values)
        return (255 * shown).round().astype(np.uint8)

    def _bars(self, x: Floats) -> Floats:
        """Square bar charts, a bar a feature; neighbours share one where there are many."""
        spread = np.where(self.high > self.low, self.high - self.low, 1)
        level = np.nan_to_num((x - self.low) / spread).clip(0, 1)
        starts = np.arange(0, level.shape[1], ceil(level.shape[1] / BARS))
        means = np.add.reduceat(level, starts, axis=1) / np.diff([*starts, level.shape[1]])
        thick = max(1, BARS // len(starts))
        side = thick * len(starts)
        heights = (means * (side - 1)).round()[:, None, :].repeat(thick, axis=2)
        inked = np.arange(side)[::-1, None] <= heights
        if thick > 2:  # a gap between bars
            inked[:, :, thick - 1 :: thick] = False
        return np.where(inked, BAR, GROUND)[..., None].repeat(3, axis=3)


def _fitted(x: Floats, least: int, most: int) -> Floats:
    """Tiles (N, H, W, 3) enlarged to at least `least` across, or reduced to at most `most`."""
    height, width = x.shape[1:3]
    if (scale := -(-least // max(height, width))) > 1:
        return np.asarray(x.repeat(scale, axis=1).repeat(scale, axis=2))
    shrink = min(ceil(max(height, width) / most), height, width)
    cut = x[:, : height // shrink * shrink, : width // shrink * shrink]
    blocks = cut.reshape(len(x), height // shrink, shrink, width // shrink, shrink, 3)
    return np.asarray(blocks.mean(axis=(2, 4)))


def sheet(given: Iterable[Bytes | None], columns: int, *, gap: int = GAP) -> Sheet:
    """Tiles in reading order, None for an empty place."""
    tiles = list(given)
    first = next(t for t in tiles if t is not None)
    height, width = first.shape[:2]
    rows = ceil(len(tiles) / columns)
    canvas = np.zeros((rows * (height + gap) - gap, columns * (width + gap) - gap, 4), np.uint8)
    for i, tile in enumerate(tiles):
        if tile is not None:
            top, left = i // columns * (height + gap), i % columns * (width + gap)
            canvas[top : top + height, left : left + width, :3] = tile
            canvas[top : top + height, left : left + width, 3] = 255
    return Sheet(_uri(canvas), canvas.shape[1], canvas.shape[0], rows, columns)


def _uri(canvas: Bytes) -> str:
    """Grey pictures without loss; coloured ones as WebP, or a page would weigh many megabytes."""
    from PIL import Image

    file = BytesIO()
    if (np.ptp(canvas[..., :3], axis=-1) == 0).all():
        Image.fromarray(np.ascontiguousarray(canvas[..., [0, 3]]), "LA").save(file, "png", optimize=True)
        kind = "png"
    else:
        Image.fromarray(canvas, "RGBA").save(file, "webp", quality=90, method=4)
        kind = "webp"
    return f"data:image/{kind};base64,{b64encode(file.getvalue()).decode('ascii')}"
