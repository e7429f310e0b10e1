"""The same losses of several runs in one chart each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from aaecore.pictures.history import History, read_history
from aaecore.report.charts import Axis, Chart, Shape, line
from aaecore.report.compare import Family
from aaecore.report.curves import SIZE, Curve, loss_axes, phases

Series = Mapping[str, Sequence[Sequence[Curve]]]
"""By family: the curves of each run, a curve a stage."""


def overlaid(families: Sequence[Family]) -> list[Chart]:
    """A chart for each loss: a line a run, and for several seeds their mean above them."""
    histories = {family.name: _histories(family) for family in families}
    every = [h for found in histories.values() for h in found]
    names = dict.fromkeys(name for h in every for group in phases(h).values() for name in group)
    return [_chart(name, _named(name, histories)) for name in names]


def _named(name: str, histories: Mapping[str, Sequence[History]]) -> Series:
    return {family: [_cut(h, name) for h in found if name in h.columns] for family, found in histories.items()}


def _histories(family: Family) -> list[History]:
    return [read_history(run.history) for run in family.runs if run.history.is_file()]


def _cut(history: History, name: str) -> list[Curve]:
    return Curve.of(*history.along("step", name), [start for _, start in history.stages[1:]])


def _chart(name: str, series: Series) -> Chart:
    every = [c for runs in series.values() for curves in runs for c in curves]
    x, y = loss_axes(every, (min(c.x.min() for c in every), max(c.x.max() for c in every)))
    shapes = [shape for i, runs in enumerate(series.values()) for shape in _family(x, y, runs, i)]
    legend = [(family, Shape("", "line", i).style) for i, (family, runs) in enumerate(series.items()) if runs]
    return Chart(title=name, x=x, y=y, shapes=shapes, width=SIZE[0], height=SIZE[1], legend=legend)


def _family(x: Axis, y: Axis, runs: Sequence[Sequence[Curve]], colour: int) -> list[Shape]:
    """Thin lines under their mean; one run's line alone."""
    if len(runs) < 2:
        return [_line(x, y, c, "line", colour) for curves in runs for c in curves]
    thin = [_line(x, y, c, "thin", colour) for curves in runs for c in curves]
    return thin + [_line(x, y, c, "line", colour) for c in _means(runs)]


def _means(runs: Sequence[Sequence[Curve]]) -> list[Curve]:
    """Over runs that went equally far; none where they did not."""
    if len({tuple(len(c.x) for c in curves) for curves in runs}) > 1:
        return []
    stages = zip(*runs, strict=True)
    return [Curve(s[0].x, *(np.mean([c.mean for c in s], axis=0),) * 3) for s in stages]


def _line(x: Axis, y: Axis, c: Curve, look: str, colour: int) -> Shape:
    return Shape(line(x(c.x), y(c.mean.clip(y.low, y.high))), look, colour)
