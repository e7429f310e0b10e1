"""Plain vectors as heat-maps: what stands for a picture where the data are no images."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from aaecore.arrays import Floats, Integers
from aaecore.errors import DataError
from aaecore.pictures.figure import LABEL, SMALL, TITLE, new_figure, save, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

ROWS = 200
"""Vectors drawn at most."""


def heatmaps(panels: Mapping[str, Floats], path: str | Path, *, title: str = "", rows: str = "") -> None:
    """Vectors (N, F) by panel name, side by side under one colour scale.

    All panels have their rows in one order: as given if `rows` says what they are, else along the first
    principal component of the first panel. Of more than 200 vectors, 200 spread evenly over it are drawn.
    """
    first = next(iter(panels.values()))
    if not first.size or any(p.shape != first.shape for p in panels.values()):
        shapes = [p.shape for p in panels.values()]
        raise DataError(f"vectors of shapes {shapes} cannot be drawn: give one shape, not empty")
    order = np.arange(len(first)) if rows else along_main_axis(first)
    order = order[np.linspace(0, len(order) - 1, min(ROWS, len(order))).round().astype(int)]
    name = rows or (f"{len(order)} samples, sorted along PC 1" if len(order) > 1 else "sample")
    _write({k: np.nan_to_num(p[order]) for k, p in panels.items()}, path, title, name)


def along_main_axis(x: Floats) -> Integers:
    """Row numbers of (N, F) in the order of the first principal component."""
    centred = np.nan_to_num(x - np.nan_to_num(x).mean(axis=0))
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    return np.argsort(centred @ axes[0], kind="stable")


def _write(panels: Mapping[str, Floats], path: str | Path, title: str, rows: str) -> None:
    low, high = _scale(np.concatenate(list(panels.values())))
    count = len(next(iter(panels.values())))
    height = 1.2 + min(4.0, max(0.8, 0.15 * count))
    figure = new_figure(1.6 + max(1.2, 4.8 / len(panels)) * len(panels), height, layout="constrained")
    grid = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    for axes, (name, values) in zip(grid, panels.items(), strict=True):
        image = _panel(axes, name, values, low, high)
    grid[0].set_ylabel(rows, fontsize=LABEL)
    bar = figure.colorbar(image, ax=list(grid), pad=0.02, aspect=25)
    bar.ax.tick_params(labelsize=SMALL)
    bar.ax.set_ylabel("value", fontsize=LABEL)
    figure.suptitle(title, fontsize=TITLE)
    save(figure, path)


def _panel(axes: Axes, name: str, values: Floats, low: float, high: float) -> AxesImage:
    from matplotlib.ticker import MaxNLocator

    tidy(axes, name)
    axes.set_xlabel("feature", fontsize=LABEL)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(4, integer=True, min_n_ticks=1))
    return axes.imshow(values, aspect="auto", interpolation="nearest", cmap="viridis", vmin=low, vmax=high)


def _scale(values: Floats) -> tuple[float, float]:
    """A colour range that a few outliers do not spoil, and that a constant does not make empty."""
    low, high = np.quantile(values, (0.005, 0.995))
    return (float(low), float(high)) if high > low else (float(low) - 0.5, float(low) + 0.5)
