"""T(G) and T(D) of Algorithm 1, made of a recipe's own phases."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from attrs import evolve

from aaecore.loss import ReconstructionLoss, Regularizer
from aaecore.phase import Phase, Term


def reconstruction_phases(phases: Sequence[Phase]) -> tuple[Phase, ...]:
    """T(G): what is left of the phases without any adversary; supervision stays as it is."""
    found = [p if p.role == "supervision" else _without_adversaries(p) for p in phases if p.role != "discriminator"]
    return tuple(p for p in found if p.terms)


def generator_phases(phases: Sequence[Phase]) -> tuple[Phase, ...]:
    """T(G) with adversarial terms: all phases but the discriminators', which stand still."""
    return tuple(p for p in phases if p.role != "discriminator")


def discriminator_phases(phases: Sequence[Phase]) -> tuple[Phase, ...]:
    """T(D): the discriminators' phases; the autoencoder, which none of them moves, runs in inference mode."""
    return tuple(p for p in phases if p.role == "discriminator")


TUNES: Mapping[str, Callable[[Sequence[Phase]], Sequence[Phase]]] = {
    "reconstruction": reconstruction_phases,
    "adversarial": generator_phases,
    "all": tuple,
}
"""What T(G) makes of a recipe's phases, by the name of the fine-tuning."""


def _without_adversaries(phase: Phase) -> Phase:
    return evolve(phase, terms={name: t for name, t in phase.terms.items() if _is_kept(t)})


def _is_kept(term: Term) -> bool:
    return isinstance(term.loss, (ReconstructionLoss, Regularizer))
