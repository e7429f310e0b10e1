"""Every loss and diagnostic over a training, a chart a phase."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from attrs import frozen

from aaecore.arrays import Floats
from aaecore.pictures.curves import COLLAPSE
from aaecore.pictures.history import History, read_history
from aaecore.report.charts import Axis, Chart, Note, Shape, axes, band, line

SIZE = (360.0, 230.0)
BINS = 120
"""Points a curve has at most; each is a mean over neighbouring steps."""
COUNTS = ("stage", "epoch", "step")
ACCURACY = "accuracy_"
"""How the names of discriminators' accuracies begin."""
References = Mapping[str, tuple[str, float]]


@frozen
class Curve:
    """One series at no more than so many places: means, and the range that holds most of what they are means of."""

    x: Floats
    mean: Floats
    low: Floats
    high: Floats

    @classmethod
    def of(cls, x: Floats, y: Floats, edges: Sequence[float] = ()) -> list[Curve]:
        """A series cut at `edges`, where stages begin, and each part into stretches of equal length."""
        cuts = np.searchsorted(x, edges)
        parts = zip(np.split(x, cuts), np.split(y, cuts), strict=True)
        return [cls._of_stage(xs, ys, max(2, BINS * len(xs) // len(x))) for xs, ys in parts if len(xs)]

    @classmethod
    def _of_stage(cls, x: Floats, y: Floats, bins: int) -> Curve:
        xs, ys = (np.array_split(v, min(bins, len(x))) for v in (x, y))
        low, high = np.array([np.quantile(part, (0.1, 0.9)) for part in ys]).T
        x_mean, y_mean = (np.array([part.mean() for part in cut]) for cut in (xs, ys))
        return cls(x_mean, y_mean, low, high)


def loss_charts(path: Path, references: References | None = None) -> list[Chart]:
    """A chart for each phase with its terms, then one for what is measured each epoch."""
    history = read_history(path)
    found = {phase: _series(history, names) for phase, names in phases(history).items()}
    marks, steps = references or {}, history.columns["step"]
    return [
        _chart(phase, series, history.stages, (steps.min(), steps.max()), marks.get(phase))
        for phase, series in found.items()
        if series
    ]


def phases(history: History) -> dict[str, list[str]]:
    """The names of the series by phase, then of what is measured each epoch by what it is of."""
    found: dict[str, list[str]] = {}
    for name, values in history.columns.items():
        if name not in COUNTS and np.isfinite(values).any():
            found.setdefault(_group(name), []).append(name)
    return {group: found[group] for group in sorted(found, key=lambda g: "/" not in found[g][0])}


def _group(name: str) -> str:
    phase, slash, _ = name.rpartition("/")
    if slash:
        return phase
    if name.startswith(ACCURACY):
        return "discriminators' accuracy"
    return "posterior noise" if name in COLLAPSE else name


def term(name: str) -> str:
    """A series' name within its group."""
    return COLLAPSE.get(name, name.rpartition("/")[2].removeprefix(ACCURACY))


def _series(history: History, names: Sequence[str]) -> dict[str, list[Curve]]:
    found = {term(name): history.along("step", name) for name in names}
    edges = [start for _, start in history.stages[1:]]
    return {name: Curve.of(x, y, edges) for name, (x, y) in found.items() if len(x)}


def _chart(
    title: str,
    series: Mapping[str, Sequence[Curve]],
    stages: Sequence[tuple[str, float]],
    steps: tuple[float, float],
    reference: tuple[str, float] | None,
) -> Chart:
    x, y = loss_axes([c for curves in series.values() for c in curves], steps, reference)
    shapes = [shape for i, curves in enumerate(series.values()) for c in curves for shape in _curve(x, y, c, i)]
    legend = [(name, Shape("", "line", i).style) for i, name in enumerate(series)]
    if reference is not None:
        shapes.append(Shape(line(np.array([x.start, x.end]), y(np.full(2, reference[1]))), "mark"))
        legend.append((f"{reference[0]} = {reference[1]:.4g}", "mark"))
    edges, notes = _stages(x, y, stages)
    shapes += edges
    return Chart(title=title, x=x, y=y, shapes=shapes, width=SIZE[0], height=SIZE[1], legend=legend, notes=notes)


def loss_axes(
    curves: Sequence[Curve], steps: tuple[float, float], reference: tuple[str, float] | None = None
) -> tuple[Axis, Axis]:
    """Axes over these steps that hold the curves, and what they are to be read against."""
    low, high, log = limits(np.concatenate([np.r_[c.low, c.high, c.mean] for c in curves]), reference)
    return axes([(steps[0], max(steps[1], steps[0] + 1)), (low, high)], ("step", ""), SIZE, log=log, integer=True)


def _curve(x: Axis, y: Axis, c: Curve, colour: int) -> list[Shape]:
    low, high, mean = (y(v.clip(y.low, y.high)) for v in (c.low, c.high, c.mean))
    return [Shape(band(x(c.x), low, high), "band", colour), Shape(line(x(c.x), mean), "line", colour)]


def _stages(x: Axis, y: Axis, stages: Sequence[tuple[str, float]]) -> tuple[list[Shape], list[Note]]:
    """A line where each stage but the first begins, and the names of the stages that have room."""
    if len(stages) < 2:
        return [], []
    edges = x(np.array([start for _, start in stages]))
    lines = [Shape(line(np.full(2, e), np.array([y.start, y.end])), "edge") for e in edges[1:]]
    middles = (edges + np.r_[edges[1:], x.end]) / 2
    return lines, _apart(
        [
            (max(float(m), x.start + 3 * len(name)), y.end - 2, name)
            for m, (name, _) in zip(middles, stages, strict=True)
        ]
    )


def limits(values: Floats, reference: tuple[str, float] | None = None) -> tuple[float, float, bool]:
    """A range that a few spikes do not stretch, and whether its axis should be logarithmic."""
    values = np.r_[values, reference[1]] if reference else values
    low, high = (float(v) for v in np.quantile(values, (0.004, 0.996)))
    if values.min() > 0 and high / low > 50:
        return low / 1.2, high * 1.2, True
    if values.max() - values.min() < 1.5 * (high - low):
        low, high = float(values.min()), float(values.max())
    margin = 0.06 * (high - low) or max(abs(high) * 0.1, 1e-6)
    return low - margin, high + margin, False


def _apart(notes: Sequence[Note]) -> list[Note]:
    """Only the notes that have room beside the last one."""
    kept: list[Note] = []
    for x, y, word in notes:
        if not kept or x - kept[-1][0] > 3 * (len(word) + len(kept[-1][2])) + 8:
            kept.append((x, y, word))
    return kept
