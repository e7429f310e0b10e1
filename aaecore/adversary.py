"""A pair, what is real and what is fake, under an adversarial loss: every paper's adversary."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, runtime_checkable

import torch
from attrs import field, frozen
from torch import Tensor

from aaecore.forward import Forward
from aaecore.loss import AdversarialLoss, Noisy, Scores, Side
from aaecore.phase import Phase


def _names(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


@frozen
class Adversary:
    """One discriminator, the quantity it should call real and the ones it should call fake.

    `real` and `fakes` name quantities of a `Forward`. `condition` gives the discriminator what stands beside real and
    fake alike, so that it cannot tell them apart by the condition's frequencies.
    """

    network: str
    """Role of the discriminator, `code_discriminator` say."""
    real: str
    fakes: tuple[str, ...] = field(converter=_names)
    loss: AdversarialLoss
    condition: Callable[[Forward], Tensor] | None = None
    noise: float = 0.0
    """Standard deviation of Gaussian noise on all it scores, real and fake alike."""

    def scores(self, f: Forward) -> Scores:
        """The discriminator with its condition and noise given: samples to scores (B,)."""
        d = self._conditioned(f)
        return Noisy(d, self.noise, f.draw(self.network + ".noise")) if self.noise else d

    def _conditioned(self, f: Forward) -> Scores:
        network = f.net[self.network]
        if self.condition is None:
            return network
        condition = self.condition(f)
        return lambda v: network(v, condition)

    def discriminate(self, f: Forward) -> Tensor:
        """What the discriminator minimises: tell real from fake."""
        fakes = [getattr(f, name) for name in self.fakes]
        draw = f.draw(self.network + ".penalty")
        return self.loss.discriminator(self.scores(f), getattr(f, self.real), fakes, draw)

    def accuracy(self, f: Forward) -> Tensor:
        """How often the discriminator scores a real sample above a fake one, mean over the fakes; see `told_apart`."""
        d = self.scores(f)
        real = d(getattr(f, self.real))
        return torch.stack([told_apart(real, d(getattr(f, name))) for name in self.fakes]).mean()

    def deceive(self, f: Forward) -> Tensor:
        """What the makers of the fakes minimise: be called real."""
        d = self.scores(f)
        total = self.loss.generator(d(getattr(f, self.fakes[0])))
        for name in self.fakes[1:]:
            total = total + self.loss.generator(d(getattr(f, name)))
        return total


@runtime_checkable
class Judge(Protocol):
    """Whatever has a discriminator whose accuracy can be measured."""

    @property
    def network(self) -> str:
        """Role of the discriminator."""

    def discriminate(self, f: Forward) -> Tensor:
        """What the discriminator minimises."""

    def accuracy(self, f: Forward) -> Tensor:
        """How often it tells real from fake, 0.5 where it cannot."""


def told_apart(real: Tensor, fake: Tensor) -> Tensor:
    """The share of pairs in which the real sample (of scores (N,)) has the higher score, ties counting half.

    0.5 for a discriminator that cannot tell, 1 for one that always can. It needs no threshold, so it means the same for
    logits and for the scores of a critic, whose origin is arbitrary.
    """
    difference = real.float()[:, None] - fake.float()
    return 0.5 * (difference.sign().mean() + 1)


def judges(phases: Iterable[Phase]) -> Iterator[Judge]:
    """The discriminators that phases train."""
    for phase in phases:
        for term in phase.terms.values():
            game = getattr(term.loss, "__self__", None)  # a term is a method of an adversary
            if isinstance(game, Judge) and term.loss == game.discriminate:
                yield game


def games(phases: Iterable[Phase]) -> Iterator[tuple[Adversary, Side]]:
    """The games that phases play, in order, and on which side."""
    for phase in phases:
        for term in phase.terms.values():
            game = getattr(term.loss, "__self__", None)  # a term is a method of an adversary
            if isinstance(game, Adversary):
                yield game, "generator" if term.loss == game.deceive else "discriminator"


def told(network: str, phases: Iterable[Phase]) -> Callable[[Forward], Tensor] | None:
    """What the games that phases play tell a discriminator beside each sample; None if nothing."""
    return next((game.condition for game, _ in games(phases) if game.network == network), None)


def equilibria(phases: Iterable[Phase]) -> dict[str, tuple[str, float]]:
    """For each phase that plays one game, what its loss is where nobody can tell real from fake."""
    phases = list(phases)
    against = {game.network: len(game.fakes) for game, side in games(phases) if side == "discriminator"}
    found = {}
    for phase in phases:
        values = {
            _at_equilibrium(game, side, against.get(game.network, len(game.fakes))) for game, side in games([phase])
        }
        if len(values - {None}) == 1:
            found[phase.name] = (values - {None}).pop()
    return {name: value for name, value in found.items() if value is not None}


def _at_equilibrium(game: Adversary, side: Side, against: int) -> tuple[str, float] | None:
    """What a side of a game minimises where `against` kinds of fake that its discriminator learns from look real."""
    one = game.loss.equilibrium(side, against)
    made = 1 if side == "discriminator" else len(game.fakes)
    if one is None or made == 1:
        return one
    words, value = one
    return f"{made} {words}" if words.startswith("ln") else words, made * value
