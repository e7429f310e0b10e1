"""A phase is data: what moves, to minimise what. A recipe's list of phases is the paper's algorithm box."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, get_args

from attrs import evolve, field, frozen
from attrs.validators import in_
from torch import Tensor

from aaecore.forward import Forward
from aaecore.optimizer import Optimizer

Role = Literal["reconstruction", "discriminator", "generator", "supervision", "prior"]
ROLES: tuple[str, ...] = get_args(Role)

LossFunction = Callable[[Forward], Tensor]
"""A mean over the batch of something computed from a `Forward`; a `aaecore.loss.Loss` or any function."""


@frozen
class Term:
    """One weighted summand of what a phase minimises."""

    loss: LossFunction
    weight: float = 1.0


def _terms(terms: Mapping[str, Term | LossFunction]) -> dict[str, Term]:
    return {name: t if isinstance(t, Term) else Term(t) for name, t in terms.items()}


@frozen
class Gate:
    """Whether a phase runs on a batch, decided by means over the whole batch."""

    measure: Callable[[Forward], Tensor]
    """What is looked at: means over the batch, which are averaged over micro-batches and processes."""
    opens: Callable[[Tensor], bool]
    """The phase is skipped where this is false of the averages."""


@frozen
class Phase:
    """One optimizer step on one batch: the networks `moves` descend the sum of `terms`."""

    name: str
    role: Role = field(validator=in_(ROLES))
    moves: tuple[str, ...]
    """Roles of the networks that move; every other network is a constant."""
    terms: Mapping[str, Term] = field(converter=_terms)
    optimizer: Optimizer
    optimizer_of: str | None = None
    """Name of a phase that moves at least the same networks, whose optimizer with its moments makes this step too."""
    redraws: tuple[str, ...] = ()
    """Noises drawn anew when this phase starts (`eta`, `z_prior`, ...); repeating a phase redraws all."""
    redraws_with: tuple[str, ...] = ()
    """Names of phases that share what `redraws` draws: it is drawn when the first of them starts on a batch."""
    evaluates: tuple[str, ...] = ()
    """Roles of networks that run in inference mode here (dropout off, batch statistics fixed)."""
    gate: Gate | None = None
    """If given, decides batch by batch whether the phase runs."""
    weight: float = 1.0
    """Multiplies all terms; a scheduler's handle."""

    def extended(self, *, moves: tuple[str, ...] = (), terms: Mapping[str, Term | LossFunction] | None = None) -> Phase:
        """This phase moving more networks, minimising more terms."""
        return evolve(self, moves=self.moves + moves, terms={**self.terms, **(terms or {})})

    def weighted(self, weight: float) -> Phase:
        """This phase with its weight multiplied."""
        return evolve(self, weight=self.weight * weight)


@frozen
class Progress:
    """Where training stands, for schedulers; all numbers are 0-based."""

    stage: int
    epoch: int
    step: int
    """Batches seen in this stage before this one."""
    epochs: int
    """Epochs in this stage."""
    steps_per_epoch: int
