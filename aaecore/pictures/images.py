"""Samples, reconstructions and styles, as grids of images or, for plain vectors, heat-maps."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from math import ceil
from pathlib import Path

import numpy as np

from aaecore.arrays import Floats, Values, floats
from aaecore.errors import DataError
from aaecore.pictures.canvas import Grid, columns_for, pixels, resized
from aaecore.pictures.heatmap import heatmaps
from aaecore.pictures.sheet import Sheet


def samples_grid(images: Values, path: str | Path, *, title: str = "samples") -> None:
    """Images (N, C, H, W) in [0, 1] as a nearly square grid; vectors (N, F) as a heat-map with sorted rows.

    Images of one channel are grey, of three coloured; of others the channels' mean is shown, and said so.
    """
    x = floats(images)
    if x.ndim == 2:
        heatmaps({"": x}, path, title=title)
        return
    cells, note = pixels(x)
    columns = columns_for(len(cells), *cells.shape[1:3])
    cells = resized(cells, columns)
    grid = Grid(ceil(len(cells) / columns), columns, _cell(cells))
    Sheet(grid, title, note).write(list(cells), path)


def reconstructions(
    x: Values,
    x_rec: Values,
    path: str | Path,
    target: Values | None = None,
    *,
    title: str = "reconstructions",
) -> None:
    """Inputs above their reconstructions (and those above the targets), row group after row group.

    All are images (N, C, H, W) in [0, 1], or vectors (N, F), which become heat-maps with rows in one order.
    """
    parts = {"input": floats(x), "reconstruction": floats(x_rec)}
    if target is not None:
        parts["target"] = floats(target)
    if len({len(p) for p in parts.values()}) > 1:
        raise DataError(f"give as many of each: {', '.join(f'{len(p)} {name}' for name, p in parts.items())}")
    if parts["input"].ndim == 2:
        heatmaps(parts, path, title=title)
    else:
        _stacked(parts, path, title)


def styles(
    images: Values, path: str | Path, *, rows: int, columns: Sequence[str], title: str = "one style per row"
) -> None:
    """Images (rows * columns, C, H, W) in reading order, one style code a row and one label a column.

    Vectors (rows * columns, F) become one heat-map a label.
    """
    x = floats(images)
    if len(x) != rows * len(columns) or not len(x):
        raise DataError(f"{len(x)} images do not fill {rows} rows of {len(columns)} columns")
    if x.ndim == 2:
        panels = x.reshape(rows, len(columns), -1)
        heatmaps({name: panels[:, i] for i, name in enumerate(columns)}, path, title=title, rows="style")
        return
    cells, note = pixels(x)
    cells = resized(cells, max(len(columns), ceil(rows * 2 / 3)))
    grid = Grid(rows, len(columns), _cell(cells))
    Sheet(grid, title, note, column_names=[_short(name) for name in columns]).write(list(cells), path)


def _stacked(parts: dict[str, Floats], path: str | Path, title: str) -> None:
    shown = {name: pixels(p) for name, p in parts.items()}
    n = len(next(iter(parts.values())))
    shapes = {cells.shape for cells, _ in shown.values()}
    if len(shapes) > 1:
        sizes = sorted(s[1:3] for s in shapes)
        raise DataError(f"images of different sizes cannot be drawn in rows: {sizes}; resize them to one")
    columns = _columns(n)
    groups = ceil(n / columns)
    cells = {name: list(resized(picture, columns)) for name, (picture, _) in shown.items()}
    rows = [_row(cells[name], group, columns) for group in range(groups) for name in parts]
    grid = Grid(len(rows), columns, _cell(np.stack(cells["input"][:1])), group=len(parts))
    notes = ", ".join(dict.fromkeys(note for _, note in shown.values() if note))
    Sheet(grid, title, notes, row_names=list(parts) * groups).write(list(chain(*rows)), path)


def _columns(n: int) -> int:
    """Few enough that every image is large: up to 40 images 10 a row, hundreds of images 20."""
    return min(n, 10 if n <= 40 else 16 if n <= 128 else 20)


def _row(cells: Sequence[Floats], group: int, columns: int) -> list[Floats | None]:
    row: list[Floats | None] = list(cells[group * columns : (group + 1) * columns])
    return row + [None] * (columns - len(row))


def _cell(cells: Floats) -> tuple[int, int]:
    return cells.shape[1], cells.shape[2]


def _short(name: str, most: int = 24) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"
