"""What every phase scheduler must do."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import product

from attrs import evolve

from aaecore.checks import check_scheduler as check_names
from aaecore.data import Data
from aaecore.errors import AAEError
from aaecore.phase import Phase, Progress
from aaecore.recipe import Recipe
from aaecore.scheduler import PhaseScheduler
from aaecore.testing.configuration import check_configuration
from aaecore.testing.hosts import host_for
from aaecore.testing.problems import ContractError, demand, instance, repeated, title
from aaecore.testing.trial import try_out

EPOCHS, STEPS = 4, 3


def check_scheduler(
    scheduler: PhaseScheduler | type[PhaseScheduler], *, recipe: Recipe | None = None, data: Data | None = None
) -> None:
    """Raise `ContractError`, with what to mend, unless a phase scheduler keeps its contract.

    It is tried on the phases of `recipe` on `data`; by default on those of the plainest adversarial autoencoder, which
    has `rec`, `disc`, `gen` and `cls`.
    """
    scheduler = instance(scheduler, PhaseScheduler)
    check_configuration(scheduler)
    host = host_for(scheduler, lambda base: base, recipe, data)
    phases = host.recipe.all_phases(host.model.spec)
    try:
        check_names(scheduler, phases)
    except AAEError as e:
        raise ContractError(f"{title(scheduler)} mentions a phase that is not there ({e}); say recipe=") from e
    for progress in everywhere():
        check_plan(scheduler, phases, progress)
    ever = any(_planned(scheduler, phases, progress) for progress in everywhere())
    demand(ever, scheduler, f"runs no phase in {EPOCHS} epochs of {STEPS} batches; yield some of those it is given")
    try_out(evolve(host.recipe, scheduler=scheduler), host.data, scheduler)


def everywhere() -> list[Progress]:
    """Every batch of a short training of two stages."""
    places = product(range(2), range(EPOCHS), range(STEPS))
    return [Progress(stage, epoch, epoch * STEPS + i, EPOCHS, STEPS) for stage, epoch, i in places]


def check_plan(scheduler: PhaseScheduler, phases: Sequence[Phase], progress: Progress) -> None:
    """Demand that a plan is made of the phases that are given, changed in weight alone, and always the same."""
    doing = f"it plans a batch ({progress})"
    plan = repeated(scheduler, partial(_planned, scheduler, phases, progress), doing, "plan by `progress` alone")
    given = {phase.name: phase for phase in phases}
    for phase in plan:
        demand(isinstance(phase, Phase), scheduler, f"plans {phase!r}, which is no phase; yield those it is given")
        text = f"plans a phase {phase.name!r} that does not exist; yield those it is given: {', '.join(given)}"
        demand(phase.name in given, scheduler, text)
        text = f"changes more of phase {phase.name!r} than its weight; use phase.weighted(factor)"
        demand(evolve(phase, weight=given[phase.name].weight) == given[phase.name], scheduler, text)
        demand(phase.weight >= 0, scheduler, f"gives phase {phase.name!r} a weight below 0, which would maximise it")


def _planned(scheduler: PhaseScheduler, phases: Sequence[Phase], progress: Progress) -> list[Phase]:
    return list(scheduler.plan(phases, progress))
