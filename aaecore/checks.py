"""What must hold before the first batch, whoever wrote the recipe."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from torch import Tensor
from torch.nn import BatchNorm1d, Module

from aaecore.errors import AAEError, ConfigError, suggest
from aaecore.part import Part, fields_with_parts, parts_of
from aaecore.phase import ROLES, Phase
from aaecore.scheduler import PhaseScheduler

if TYPE_CHECKING:
    from aaecore.recipe import Recipe
    from aaecore.spec import Spec


def check_phases(phases: Sequence[Phase], networks: Mapping[str, Module]) -> None:
    """Refuse phases that share a name or move what does not exist, and trainable networks that nothing moves."""
    if twice := [name for name, n in Counter(p.name for p in phases).items() if n > 1]:
        raise ConfigError("recipe", f"two phases are called {twice[0]!r}; give each its own name")
    for phase in phases:
        for role in phase.moves:
            if role not in networks:
                raise ConfigError("recipe", f"phase {phase.name!r} moves no known network: {suggest(role, networks)}")
    _check_shared_optimizers(phases)
    moved = {role for phase in phases for role in phase.moves}
    for role, network in networks.items():
        if role not in moved and any(p.requires_grad for p in network.parameters()):
            raise ConfigError(
                "recipe", f"no phase moves the network {role!r}; add one that does, or freeze its parameters"
            )


def _check_shared_optimizers(phases: Sequence[Phase]) -> None:
    """Refuse phases that would step by an optimizer which is not there, or lacks what they move."""
    owners = {p.name: p for p in phases if p.optimizer_of is None}
    for phase in phases:
        if phase.optimizer_of is None:
            continue
        if phase.optimizer_of not in owners:
            said = f"phase {phase.name!r} shares the optimizer of no phase that has one"
            raise ConfigError("recipe", f"{said}: {suggest(phase.optimizer_of, owners)}")
        if lacking := [r for r in phase.moves if r not in owners[phase.optimizer_of].moves]:
            raise ConfigError(
                "recipe",
                f"phase {phase.name!r} moves {lacking[0]!r}, which the optimizer of {phase.optimizer_of!r} does not; "
                "give it an optimizer of its own",
            )


def check_separate(networks: Mapping[str, Module]) -> None:
    """Refuse networks with parameters in common: a phase that moves one would move what it takes for a constant."""
    owner: dict[Tensor, str] = {}
    for role, network in networks.items():
        for parameter in network.parameters():
            if owner.setdefault(parameter, role) != role:
                raise AAEError(f"the networks {owner[parameter]!r} and {role!r} share parameters; give each its own")


def check_nested(part: Part, recipe: Recipe, spec: Spec, path: str) -> None:
    """Refuse a part inside another of its kind that brings a network by the same role: the two would be one."""
    for name, inner in fields_with_parts(part):
        where = f"{path}.{name}"
        if (kind := getattr(inner, "kind", None)) == getattr(part, "kind", ""):
            brought = {role for p in (inner, *parts_of(inner)) for role in p.networks(recipe, spec)}
            if both := brought & part.networks(recipe, spec).keys():
                said = f"brings the network {min(both)!r}, as {path} does, and there can be one only"
                raise ConfigError(where, f"{said}; choose a {kind} without it")
        check_nested(inner, recipe, spec, where)


def check_normalised(networks: Mapping[str, Module], rows: int) -> None:
    """Refuse batch normalisation over a single sample."""
    for role, network in networks.items():
        if rows < 2 and any(isinstance(m, BatchNorm1d) for m in network.modules()):
            raise ConfigError(
                "recipe.batch",
                f"the {role} normalises over the batch, so 2 samples at once are needed, not {rows}; make it larger",
            )


def check_movable(phases: Sequence[Phase], networks: Mapping[str, Module]) -> None:
    """Refuse to train phases all of whose parameters are frozen."""
    for phase in phases:
        if not any(p.requires_grad for role in phase.moves for p in networks[role].parameters()):
            roles = ", ".join(phase.moves)
            said = f"phase {phase.name!r} has nothing to move: all parameters of {roles} are frozen, or there are none"
            raise ConfigError("recipe", f"{said}; free some, or take a network that learns")


def frozen_inside(networks: Mapping[str, Module], phases: Sequence[Phase]) -> set[Tensor]:
    """Parameters frozen in networks that a phase moves: somebody wants them to stay."""
    roles = {role for phase in phases for role in phase.moves}
    return {p for role in roles for p in networks[role].parameters() if not p.requires_grad}


def check_scheduler(scheduler: PhaseScheduler, phases: Sequence[Phase]) -> None:
    """Refuse a scheduler that names phases the recipe does not have."""
    known = {p.name for p in phases} | set(ROLES)
    for name in scheduler.phase_names():
        if name not in known:
            raise ConfigError(
                "recipe.scheduler", f"no phase or role is called {name!r}; {suggest(name, {p.name for p in phases})}"
            )
