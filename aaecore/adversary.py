"""A pair, what is real and what is fake, under an adversarial loss: every paper's adversary."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

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

    def deceive(self, f: Forward) -> Tensor:
        """What the makers of the fakes minimise: be called real."""
        d = self.scores(f)
        total = self.loss.generator(d(getattr(f, self.fakes[0])))
        for name in self.fakes[1:]:
            total = total + self.loss.generator(d(getattr(f, name)))
        return total


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
    found = {}
    for phase in phases:
        values = {game.loss.equilibrium(side, len(game.fakes)) for game, side in games([phase])} - {None}
        if len(values) == 1:
            found[phase.name] = values.pop()
    return {name: value for name, value in found.items() if value is not None}
