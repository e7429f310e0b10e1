"""Where the codes lie, beside where the prior would have them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from aaecore.arrays import Floats, Integers, Values, floats, integers
from aaecore.errors import DataError
from aaecore.pictures.figure import LABEL, SMALL, save, tidy
from aaecore.pictures.palette import colours_of
from aaecore.pictures.panels import legend_entries, two_panels
from aaecore.pictures.plane import Plane, on_plane

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POINTS = 4000
"""Points drawn a panel, at most."""


def codes(
    z: Values,
    labels: Values | None,
    prior_draws: Values,
    path: str | Path,
    *,
    prior_labels: Values | None = None,
    classes: Sequence[str] = (),
    projection: Values | None = None,
) -> None:
    """Codes (N, code) by class, and beside them draws from the prior (M, code) on the same axes.

    Labels below 0 are unlabelled, and grey. Two dimensions are shown as they are, one as histograms, more
    projected on the codes' first two principal components, or by the linear map `projection` (code, 2).
    `classes` names the labels 0, 1, ...
    """
    points, y = _thinned(z, labels)
    prior, prior_y = _thinned(prior_draws, prior_labels)
    plane = on_plane(points, prior, projection)
    names = [classes[i] if i < len(classes) else str(i) for i in range(max(y.max(), prior_y.max()) + 1)]
    entries = legend_entries(names, (y, prior_y))
    figure, (left, right) = two_panels(entries)
    _draw(left, plane, plane.codes, y, "codes, q(z)", len(names))
    _draw(right, plane, plane.prior, prior_y, "prior, p(z)", len(names))
    _share_axes(left, right, plane)
    save(figure, path)


def _thinned(points: Values, labels: Values | None) -> tuple[Floats, Integers]:
    """At most so many finite points, evenly over the data, with labels (-1 for none)."""
    z = floats(points)
    y = np.full(len(z), -1) if labels is None else integers(labels)
    if z.ndim != 2 or len(y) != len(z):
        raise DataError(f"codes of shape {z.shape} with {len(y)} labels: give (N, code) and N labels")
    kept = np.flatnonzero(np.isfinite(z).all(axis=1))
    if not len(kept):
        raise DataError(
            "no code is finite, so there are none to draw; the model diverged: train again with smaller learning rates"
        )
    kept = kept[np.linspace(0, len(kept) - 1, min(POINTS, len(kept))).round().astype(int)]
    return z[kept], y[kept]


def _draw(axes: Axes, plane: Plane, points: Floats, y: Integers, title: str, classes: int) -> None:
    tidy(axes, title)
    draw = _histogram if len(plane.axes) == 1 else _scatter
    draw(axes, plane, points, y, classes)
    axes.set_xlabel(plane.axes[0], fontsize=LABEL)
    axes.set(xlim=plane.limits[0])
    if outside := plane.outside(points):
        axes.text(0.99, 0.99, f"{outside} outside", transform=axes.transAxes, fontsize=SMALL, ha="right", va="top")


def _scatter(axes: Axes, plane: Plane, points: Floats, y: Integers, classes: int) -> None:
    mixed = np.random.default_rng(0).permutation(len(points))
    order = mixed[np.argsort(y[mixed] >= 0, kind="stable")]  # unlabelled ones below; no class above another
    size = float(np.clip(8000 / len(points), 3, 25))
    alpha = 0.65 if len(points) > 300 else 0.9
    colours = np.array(colours_of(y, classes))[order]
    x, height = points[order].T
    axes.scatter(x, height, s=size, c=colours, alpha=alpha, linewidths=0, rasterized=True)


def _histogram(axes: Axes, plane: Plane, points: Floats, y: Integers, classes: int) -> None:
    bins = np.linspace(*plane.limits[0], 61)
    present = np.unique(y)
    groups = [points[y == label, 0] for label in present]
    weights = [np.full(len(g), 1 / (len(points) * (bins[1] - bins[0]))) for g in groups]
    axes.hist(groups, bins=list(bins), weights=weights, stacked=True, color=colours_of(present, classes))


def _share_axes(left: Axes, right: Axes, plane: Plane) -> None:
    if len(plane.axes) == 2:
        ylim, name = plane.limits[1], plane.axes[1]
    else:
        ylim, name = (0, max(left.get_ylim()[1], right.get_ylim()[1])), "density"
    left.set(ylim=ylim)
    right.set(ylim=ylim, yticks=left.get_yticks())
    right.set(ylim=ylim, yticklabels=[])
    left.set_ylabel(name, fontsize=LABEL)
