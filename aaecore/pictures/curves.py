"""How losses and diagnostics went over a training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from aaecore.arrays import Floats
from aaecore.errors import DataError
from aaecore.pictures.figure import LABEL, SMALL, TITLE, new_figure, save, tidy
from aaecore.pictures.history import History, Source, read_history
from aaecore.pictures.palette import MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POINTS = 3000
"""Points a line has at most."""
COLLAPSE = {"mean_abs_sigma": "mean |σ|", "std_mu": "std of μ", "std_z": "std of z"}
"""What `diagnostics` draws: the figures of `aaecore.metrics.sigma_collapse`, and their signs."""


def curves(
    history: Source,
    path: str | Path,
    *,
    references: Mapping[str, tuple[str, float]] | None = None,
    title: str = "losses",
) -> None:
    """Every loss `phase/term` over the steps, a panel a phase: a smooth line over the faint raw one.

    `history` is the path of a `history.jsonl`, or columns by name; `step` among them is the abscissa.
    `references` marks what a phase's loss means by a dashed line: `{"discriminator": ("2 ln 2", 1.386)}`.
    """
    h = read_history(history)
    phases = _phases(h)
    if not phases:
        raise DataError("the history holds no losses: there is nothing named 'phase/term' in it")
    columns = min(len(phases), 3 if len(phases) != 4 else 2)
    rows = ceil(len(phases) / columns)
    figure = new_figure(max(4.2, 2.9 * columns), 0.4 + 2.3 * rows, layout="constrained")
    cells = figure.subplots(rows, columns, squeeze=False).flatten()
    for axes, (phase, names) in zip(cells, phases.items(), strict=False):
        _losses(axes, h, phase, names)
        if references and phase in references:
            _reference(axes, *references[phase])
        axes.legend(fontsize=SMALL, frameon=False, loc="best", handlelength=1.2)
    for axes in cells[len(phases) :]:
        axes.axis("off")
    figure.suptitle(title, fontsize=TITLE)
    save(figure, path)


def diagnostics(history: Source, path: str | Path, *, title: str = "posterior noise") -> bool:
    """Mean |sigma|, std of mu and std of z by epoch, counted from 1, or by step over several stages.

    False, and no picture, if the history has none of them.
    """
    h = read_history(history)
    names = {sign: n for key, sign in COLLAPSE.items() for n in h.columns if n.split("/")[-1] == key}
    if not names:
        return False
    figure = new_figure(4.2, 2.8, layout="constrained")
    axes = figure.subplots()
    counted = all((np.diff(h.along("epoch", name)[0]) > 0).all() for name in names.values())
    count = "epoch" if "epoch" in h.columns and counted else "step"  # epochs begin again with each stage
    for (sign, name), colour, style in zip(names.items(), MUTED, ("-", "-", "--"), strict=False):
        x, y = h.along(count, name)
        x = x + (count == "epoch")
        axes.plot(x, y, style, color=colour, lw=1.4, marker="o" if len(x) < 30 else "", ms=3, label=sign)
    if len(x) == 1:
        axes.set(xlim=(x[0] - 1, x[0] + 1))
    tidy(axes, title)
    axes.set(ylim=(0, None))
    _count(axes, count)
    axes.legend(fontsize=SMALL, frameon=False)
    save(figure, path)
    return True


def smooth(y: Floats, window: int) -> Floats:
    """The mean over `window` neighbours, of fewer at the ends."""
    if window < 2 or len(y) < 3:
        return y
    kernel = np.ones(min(window, len(y)))
    return np.convolve(y, kernel, "same") / np.convolve(np.ones(len(y)), kernel, "same")


def _phases(h: History) -> dict[str, list[str]]:
    phases: dict[str, list[str]] = {}
    for name, values in h.columns.items():
        phase, slash, term = name.rpartition("/")
        if slash and term not in COLLAPSE and np.isfinite(values).any():
            phases.setdefault(phase, []).append(name)
    return phases


def _losses(axes: Axes, h: History, phase: str, names: Sequence[str]) -> None:
    drawn = []
    edges = [start for _, start in h.stages[1:]]
    for edge in edges:
        axes.axvline(edge, color="0.85", lw=0.6, zorder=0)
    for i, name in enumerate(names):
        x, y = h.along("step", name)
        label, cuts, thin = name.rpartition("/")[2], np.searchsorted(x, edges), max(1, ceil(len(x) / POINTS))
        for xs, ys in zip(np.split(x, cuts), np.split(y, cuts), strict=True):
            if len(xs):  # a line ends with its stage
                _line(axes, xs, ys, thin, MUTED[(i + 1) % len(MUTED)], label)
                label = ""
        drawn.append(y)
    _scale(axes, np.concatenate(drawn))
    tidy(axes, phase)
    _count(axes, "step")


def _line(axes: Axes, x: Floats, y: Floats, thin: int, colour: str, label: str) -> None:
    """A smooth line over the faint raw one, of every `thin`-th point."""
    line = smooth(y, len(y) // 40)
    if line is not y and len(y) >= 80:
        axes.plot(x[::thin], y[::thin], color=colour, lw=0.5, alpha=0.3, rasterized=True)
    dot = "o" if len(x) == 1 else ""
    axes.plot(x[::thin], line[::thin], color=colour, lw=1.3, marker=dot, ms=3, label=label)


def _scale(axes: Axes, y: Floats) -> None:
    """Logarithmic if the losses span decades; a few spikes do not stretch it."""
    low, high = np.quantile(y, (0.002, 0.998))
    if y.min() > 0 and high / low > 50:
        axes.set(yscale="log", ylim=(low / 1.3, high * 1.3))
    elif y.max() - y.min() > 3 * (high - low) > 0:
        axes.set(ylim=(low - 0.1 * (high - low), high + 0.1 * (high - low)))


def _count(axes: Axes, name: str) -> None:
    """The abscissa counts whole things."""
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.set_xlabel(name, fontsize=LABEL)


def _reference(axes: Axes, meaning: str, value: float) -> None:
    axes.axhline(value, color="0.3", lw=0.8, ls=(0, (4, 3)), label=f"{meaning} = {value:.4g}")
