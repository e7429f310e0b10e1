"""What a scheduler plans over a whole stage, seen before its first batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from attrs import evolve

from aaecore.errors import ConfigError, PluginError
from aaecore.phase import Phase, Progress
from aaecore.scheduler import PhaseScheduler

LOOKED_AT = 10_000
"""Batches of an epoch that a scheduler is asked about, at most."""


def plan(scheduler: PhaseScheduler, phases: Sequence[Phase], progress: Progress) -> tuple[Phase, ...]:
    """What a scheduler plans for a batch; raises `PluginError` if these are none of the phases."""
    names = {phase.name for phase in phases}
    try:
        planned = tuple(scheduler.plan(phases, progress))
    except TypeError as e:
        raise PluginError(f"the scheduler {type(scheduler).__name__} plans no phases ({e}); return phases") from e
    for phase in planned:
        if not isinstance(phase, Phase) or phase.name not in names:
            said = (
                f"the scheduler {type(scheduler).__name__} plans {getattr(phase, 'name', phase)!r}, which is no phase"
            )
            raise PluginError(f"{said} of this stage; return some of those it is given: {', '.join(sorted(names))}")
    return planned


def idle_phases(scheduler: PhaseScheduler, phases: Sequence[Phase], progress: Progress) -> list[str]:
    """Names of the phases that a scheduler plans on no batch of a stage."""
    idle = {phase.name: None for phase in phases}
    for at in _batches(progress):
        for planned in plan(scheduler, phases, at):
            idle.pop(planned.name, None)
        if not idle:
            break
    return list(idle)


def check_planned(scheduler: PhaseScheduler, phases: Sequence[Phase], progress: Progress) -> None:
    """Refuse to train a stage in which no phase ever runs."""
    if not any(phase for at in _batches(progress) for phase in plan(scheduler, phases, at)):
        names = ", ".join(phase.name for phase in phases)
        when = f"{progress.epochs} epoch{'s' * (progress.epochs > 1)}"
        said = f"runs none of {names} in {when}, so nothing would be trained"
        raise ConfigError("recipe.scheduler", f"{said}; let one of them start earlier, or give it a weight above 0")


def _batches(progress: Progress) -> Iterator[Progress]:
    """Where a phase that runs at all will run: in the last epoch, else in the first, else at the start of some."""
    per_epoch, last = progress.steps_per_epoch, progress.epochs - 1
    inside = range(min(per_epoch, LOOKED_AT))
    ends = ((epoch, i) for epoch in dict.fromkeys((last, 0)) for i in (*inside, per_epoch - 1))
    starts = ((epoch, i) for epoch in range(progress.epochs) for i in (0, per_epoch - 1))
    for epoch, i in chain(ends, starts):
        yield evolve(progress, epoch=epoch, step=epoch * per_epoch + i)
