"""The kinds of part, where their base classes are, and the two kinds that no plugin extends."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

HOOKS: Mapping[str, str] = MappingProxyType(
    {
        "prior": "aaecore_priors",
        "loss": "aaecore_losses",
        "scheduler": "aaecore_schedulers",
        "stacking": "aaecore_stackings",
        "architecture": "aaecore_architectures",
        "recipe": "aaecore_recipes",
    }
)
"""The hook that offers each kind."""

_BASES = {
    "prior": ("Prior",),
    "loss": ("Loss", "AdversarialLoss"),
    "scheduler": ("PhaseScheduler",),
    "stacking": ("Stacking",),
    "architecture": ("Architecture",),
    "recipe": ("Recipe",),
    "posterior": ("Posterior",),
    "optimizer": ("Optimizer",),
}

_FIXED = {
    "posterior": {
        "deterministic": "Deterministic",
        "gaussian": "GaussianPosterior",
        "universal": "Universal",
    },
    "optimizer": {"sgd": "SGD", "adam": "Adam", "rmsprop": "RMSprop"},
}

KINDS = tuple(_BASES)


def plural(kind: str) -> str:
    """`prior` as a heading, `priors`."""
    return HOOKS[kind].removeprefix("aaecore_") if kind in HOOKS else kind + "s"


def bases(kind: str) -> tuple[type, ...]:
    """What a class of this kind derives from."""
    module = import_module("aaecore." + kind)
    return tuple(getattr(module, name) for name in _BASES[kind])


def fixed() -> dict[str, dict[str, type]]:
    """The names and classes of the kinds that only the core has."""
    return {
        kind: {name: getattr(import_module("aaecore." + kind), cls) for name, cls in table.items()}
        for kind, table in _FIXED.items()
    }
