"""What every stacking strategy must do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from attrs import evolve
from torch.nn import Module

from aaecore.data import Data
from aaecore.recipe import Recipe
from aaecore.stacking import Stacking, Stage
from aaecore.testing.configuration import check_configuration
from aaecore.testing.hosts import Host, host_for
from aaecore.testing.problems import blamed, demand, instance, repeated
from aaecore.testing.trial import try_out


def check_stacking(
    stacking: Stacking | type[Stacking], *, recipe: Recipe | None = None, data: Data | None = None
) -> None:
    """Raise `ContractError`, with what to mend, unless a stacking strategy keeps its contract.

    It is tried in `recipe` on `data`; by default in the plainest adversarial autoencoder on small digits.
    """
    stacking = instance(stacking, Stacking)
    check_configuration(stacking)
    host = host_for(stacking, lambda base: evolve(base, stacking=stacking), recipe, data)
    outlines = repeated(stacking, lambda: [_outline(s) for s in stages(stacking, host)], "it gives its stages")
    demand(outlines, stacking, "gives no stage; yield one at least")
    twice = [name for name, n in Counter(name for name, *_ in outlines).items() if n > 1]
    demand(not twice, stacking, f"gives two stages the name {twice[:1]}; call each by its own")
    with blamed(stacking, "it gives its stages"):
        for stage in stages(stacking, host):
            check_stage(stacking, stage, host.model.networks)
    try_out(host.recipe, host.data, stacking)


def stages(stacking: Stacking, host: Host) -> Iterator[Stage]:
    """Its stages, none of them trained, as when a run is resumed at a later one."""
    phases = host.recipe.all_phases(host.model.spec)
    return stacking.stages(host.model.networks, phases, host.recipe)


def check_stage(stacking: Stacking, stage: Stage, kept: Mapping[str, Module]) -> None:
    """Demand a stage that can be trained, on weights that are kept."""
    demand(isinstance(stage, Stage), stacking, f"yields {type(stage).__name__}; yield an aaecore.stacking.Stage")
    whole = isinstance(stage.epochs, int) and stage.epochs >= 1
    demand(whole, stacking, f"gives stage {stage.name!r} {stage.epochs!r} epochs; give 1 or more")
    demand(stage.phases, stacking, f"gives stage {stage.name!r} no phases")
    weights = {p for network in kept.values() for p in network.parameters()}
    for role in {role for phase in stage.phases for role in phase.moves}:
        demand(role in stage.networks, stacking, f"has no network {role!r} in stage {stage.name!r}, which moves it")
        text = f"trains weights of {role!r} in stage {stage.name!r} that are in none of the networks that are kept"
        remedy = "share blocks with `networks`, or bring them by networks()"
        demand(weights.issuperset(stage.networks[role].parameters()), stacking, f"{text}; {remedy}")


def _outline(stage: Stage) -> tuple[str, int, list[str], list[str]]:
    return stage.name, stage.epochs, [p.name for p in stage.phases], sorted(stage.networks)
