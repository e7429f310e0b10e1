"""What must hold before the first batch, whoever wrote the recipe."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from torch.nn import Module

from aaecore.errors import ConfigError, suggest
from aaecore.phase import ROLES, Phase
from aaecore.scheduler import PhaseScheduler


def check_phases(phases: Sequence[Phase], networks: Mapping[str, Module]) -> None:
    """Refuse phases that share a name or move what does not exist, and trainable networks that nothing moves."""
    if twice := [name for name, n in Counter(p.name for p in phases).items() if n > 1]:
        raise ConfigError("recipe", f"two phases are called {twice[0]!r}; give each its own name")
    for phase in phases:
        for role in phase.moves:
            if role not in networks:
                raise ConfigError("recipe", f"phase {phase.name!r} moves no known network: {suggest(role, networks)}")
    moved = {role for phase in phases for role in phase.moves}
    for role, network in networks.items():
        if role not in moved and any(p.requires_grad for p in network.parameters()):
            raise ConfigError(
                "recipe", f"no phase moves the network {role!r}; add one that does, or freeze its parameters"
            )


def check_scheduler(scheduler: PhaseScheduler, phases: Sequence[Phase]) -> None:
    """Refuse a scheduler that names phases the recipe does not have."""
    known = {p.name for p in phases} | set(ROLES)
    for name in scheduler.phase_names():
        if name not in known:
            raise ConfigError(
                "recipe.scheduler", f"no phase or role is called {name!r}; {suggest(name, {p.name for p in phases})}"
            )
