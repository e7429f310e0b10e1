"""Strategies as curves of held-out error over steps and over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aaecore.arrays import Floats
from aaecore.pictures.figure import LABEL, SMALL, new_figure, save, tidy
from aaecore.pictures.palette import MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

AXES = {"steps": "steps of the autoencoder", "seconds": "seconds of training"}


def draw_curves(found: Sequence[Mapping[str, Any]], path: str | Path) -> None:
    """Two panels, what `gasca.study` measured over steps and over time: each strategy's mean, its seeds faintly."""
    figure = new_figure(7.2, 3.0, layout="constrained")
    names = list(dict.fromkeys(each["strategy"] for each in found))
    for axes, (count, words) in zip(figure.subplots(1, 2, sharey=True), AXES.items(), strict=True):
        for i, name in enumerate(names):
            _lines(axes, [_curve(each, count) for each in found if each["strategy"] == name], name, i)
        tidy(axes, "")
        axes.set(yscale="log")
        _plain(axes)
        axes.set_xlabel(words, fontsize=LABEL)
    figure.axes[0].set_ylabel("held-out error per pixel", fontsize=LABEL)
    figure.legend(*_named(figure.axes[1]), loc="outside upper center", ncols=5, fontsize=SMALL, frameon=False)
    save(figure, path)


def _curve(each: Mapping[str, Any], count: str) -> Floats:
    """The error of the whole stack, with its rise where an untuned level has been added, (points, 2)."""
    return np.array([(p[count], p["mse"]) for p in each["points"] if not p["begins"]])


def _lines(axes: Axes, curves: Sequence[Floats], name: str, i: int) -> None:
    """The mean over seeds, point by point, which is taken after equal steps; what follows another's path is dashed."""
    for curve in curves:
        axes.plot(*curve.T, color=MUTED[i], lw=0.6, alpha=0.35)
    style: dict[str, Any] = {"ls": (0, (3, 2)), "zorder": 3} if "last T" in name else {}
    axes.plot(*np.mean(curves, axis=0).T, color=MUTED[i], lw=1.5, marker="o", ms=2.6, label=name, **style)


def _plain(axes: Axes) -> None:
    """Errors as 0.02, at 1, 2 and 5 of every power of ten."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(NullLocator())


def _named(axes: Axes) -> tuple[list[Any], list[str]]:
    """One entry for each strategy, however many seeds."""
    handles = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    return list(handles.values()), list(handles)
