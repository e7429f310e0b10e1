"""T(G) and T(D) of Algorithm 1, made of a recipe's own phases."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve

from aaecore.loss import ReconstructionLoss, Regularizer
from aaecore.phase import Phase, Term
from gasca.levels import AUTOENCODER


def reconstruction_phases(phases: Sequence[Phase]) -> tuple[Phase, ...]:
    """T(G): what is left of the phases without any adversary; supervision stays as it is."""
    found = [p if p.role == "supervision" else _without_adversaries(p) for p in phases if p.role != "discriminator"]
    return tuple(p for p in found if p.terms)


def discriminator_phases(phases: Sequence[Phase]) -> tuple[Phase, ...]:
    """T(D): the discriminators' phases, with the autoencoder in inference mode."""
    return tuple(
        evolve(p, evaluates=tuple(dict.fromkeys((*p.evaluates, *AUTOENCODER))))
        for p in phases
        if p.role == "discriminator"
    )


def _without_adversaries(phase: Phase) -> Phase:
    return evolve(phase, terms={name: t for name, t in phase.terms.items() if _is_kept(t)})


def _is_kept(term: Term) -> bool:
    return isinstance(term.loss, (ReconstructionLoss, Regularizer))
