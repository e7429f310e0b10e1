"""What a phase minimises."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Literal

from attrs import field, frozen
from attrs.validators import ge, in_
from torch import Tensor

from aaecore.forward import Forward
from aaecore.part import Part
from aaecore.phase import ROLES, Role
from aaecore.randomness import Draw

Scores = Callable[[Tensor], Tensor]
"""A discriminator, its condition already given: samples (B, ...) to logits or raw scores (B,)."""


Side = Literal["discriminator", "generator"]


@frozen
class Noisy:
    """A discriminator that sees its samples under Gaussian noise of deviation `std`; `clean` is itself without."""

    clean: Scores
    std: float
    draw: Draw

    def __call__(self, v: Tensor) -> Tensor:
        """Scores (B,) of the samples, each call with fresh noise."""
        return self.clean(v + self.std * self.draw.normal(*v.shape))


def without_noise(d: Scores) -> Scores:
    """The discriminator itself, for penalties on its slope."""
    return d.clean if isinstance(d, Noisy) else d


class Loss(Part):
    """One term: a function of a batch's quantities, a mean over the batch."""

    kind: ClassVar[str] = "loss"
    averages: ClassVar[bool] = True
    """Whether the halves of a batch average to the whole; not so where samples are compared with each other (MMD)."""

    def __call__(self, f: Forward) -> Tensor:
        """The loss, a scalar."""
        raise NotImplementedError


class ReconstructionLoss(Loss):
    """How far `f.x_rec` is from `f.target`."""


@frozen(kw_only=True)
class Regularizer(Loss):
    """A penalty added to one of the recipe's phases.

    weight: factor on this term.
    role: role of the phase that minimises it; of several, the first that moves the encoder.
    """

    weight: float = field(default=1.0, validator=ge(0))
    role: Role = field(default="generator", validator=in_(ROLES))


class AdversarialLoss(Part):
    """One game, two sides, for any discriminator on codes, labels or images."""

    kind: ClassVar[str] = "loss"
    averages: ClassVar[bool] = True
    """As of a `Loss`, for both sides; not so for a game that compares real with fake scores (relativistic games)."""
    by_sample: ClassVar[bool] = False
    """Whether the discriminator's slope at each sample matters, which batch normalisation entangles with others'."""

    def discriminator(self, d: Scores, real: Tensor, fakes: Sequence[Tensor], draw: Draw) -> Tensor:
        """What the discriminator minimises, with its penalty if it has one."""
        raise NotImplementedError

    def equilibrium(self, side: Side, fakes: int = 1) -> tuple[str, float] | None:
        """What `discriminator`, or `generator` of one fake, is where real and fake are alike, in words and as a number.

        None if the game has no such value. `fakes` is how many kinds of fake the discriminator sees beside one of real.
        """
        return None

    def generator(self, scores: Tensor) -> Tensor:
        """What the maker of the fakes minimises, given their scores (B,)."""
        raise NotImplementedError
