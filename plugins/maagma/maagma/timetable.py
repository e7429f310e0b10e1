"""A scheduler anybody can use: phases that start late, repeat, weigh less, or run in another order."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from math import ceil
from typing import Any, TypeVar

from attrs import field, frozen
from attrs.validators import deep_iterable, deep_mapping, ge, instance_of

from aaecore.phase import Phase, Progress
from aaecore.scheduler import PhaseScheduler

T = TypeVar("T")


def _start(_instance: Any, attribute: Any, value: float) -> None:
    if value < 0 or (value >= 1 and value != int(value)):
        raise ValueError(f"'{attribute.name}' must be whole epochs, or a share of all epochs below 1, not {value}")


def _once(_instance: Any, attribute: Any, names: Sequence[str]) -> None:
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"'{attribute.name}' names {twice[0]!r} twice; to run a phase more often set repeats")


def _named(*validators: Any) -> Any:
    return deep_mapping(instance_of(str), list(validators))


@frozen(kw_only=True)
class Timetable(PhaseScheduler):
    """Phases that start at an epoch, run several times a batch, or count with a weight.

    Each is set by a phase's name, or by a role for all phases of that role that are not named.

    starts: epoch of the stage (counted from 0) from which a phase runs; below 1, the share of its epochs before that.
    repeats: how often a phase runs on a batch, each time with fresh noise.
    weights: factor on all that a phase minimises; 0 leaves the phase out.
    order: the phases that run first on a batch, in this order; the others follow as in the recipe.
    """

    starts: Mapping[str, int | float] = field(factory=dict, validator=_named(_start))
    repeats: Mapping[str, int] = field(factory=dict, validator=_named(instance_of(int), ge(1)))
    weights: Mapping[str, float] = field(factory=dict, validator=_named(ge(0)))
    order: tuple[str, ...] = field(default=(), validator=[deep_iterable(instance_of(str)), _once])

    def plan(self, phases: Sequence[Phase], progress: Progress) -> Iterable[Phase]:
        """The phases that have started, ordered, weighed and repeated."""
        for phase in sorted(phases, key=self._place):
            weight = _of(self.weights, phase, 1.0)
            if weight and progress.epoch >= first_epoch(_of(self.starts, phase, 0), progress.epochs):
                yield from [phase.weighted(weight)] * _of(self.repeats, phase, 1)

    def phase_names(self) -> Collection[str]:
        """All that it mentions."""
        return list(dict.fromkeys([*self.starts, *self.repeats, *self.weights, *self.order]))

    def _place(self, phase: Phase) -> int:
        return _of({name: i for i, name in enumerate(self.order)}, phase, len(self.order))


def first_epoch(start: float, epochs: int) -> int:
    """An entry of `starts` as an epoch."""
    share = 0 < start < 1
    return ceil(round(start * epochs, 6)) if share else int(start)  # 0.604 * 500 is 302 only up to rounding


def _of(table: Mapping[str, T], phase: Phase, otherwise: T) -> T:
    return table.get(phase.name, table.get(phase.role, otherwise))
