"""Latent mapping: a small network M between codes and decoder, or between noise and prior."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from attrs import field, frozen
from attrs.validators import ge
from torch import Tensor, nn

from aaecore.adversary import Adversary, games
from aaecore.architecture import Architecture, Decoder, Discriminator, Encoder
from aaecore.defaults.priors import Gaussian
from aaecore.errors import ConfigError
from aaecore.forward import Forward, Networks
from aaecore.phase import Phase
from aaecore.prior import Prior
from aaecore.randomness import Draw
from aaecore.recipe import Recipe
from aaecore.spec import Spec
from iaae.networks import SLOPE, NormalizedMLP


def mapping_network(width: int, depth: int, slope: float = SLOPE) -> nn.Sequential:
    """M: `depth` times Linear(width, width) and a leaky rectifier."""
    layers = [nn.Sequential(nn.Linear(width, width), nn.LeakyReLU(slope)) for _ in range(depth)]
    return nn.Sequential(*layers)


@frozen(kw_only=True)
class LatentMapping(Architecture):
    """Any networks, the decoder preceded by a mapping M: x_rec = Dec(M(z)).

    The discriminator and the prior see the unmapped code; M moves with the decoder.

    of: what builds the networks.
    depth: linear layers of M; 0 is no change.
    slope: of M's leaky rectifiers.
    """

    of: Architecture = NormalizedMLP()
    depth: int = field(default=4, validator=ge(0))
    slope: float = field(default=SLOPE, validator=ge(0))

    def encoder(self, shape: tuple[int, ...], heads: Mapping[str, int], noise: int = 0) -> Encoder:
        """As `of` builds it."""
        return self.of.encoder(shape, heads, noise)

    def without_effect(self, recipe: Recipe, spec: Spec) -> Sequence[str]:
        """The rectifiers of no layers."""
        return () if self.depth else ("slope",)

    def decoder(self, width: int, spec: Spec) -> nn.Module:
        """M inside the first block, so that there are as many blocks to stack as before."""
        decoder = self.of.decoder(width, spec)
        if not self.depth:
            return decoder
        mapping = mapping_network(width, self.depth, self.slope)
        if not isinstance(decoder, Decoder):
            return nn.Sequential(mapping, decoder)
        decoder.blocks[0] = nn.Sequential(mapping, decoder.blocks[0])
        return decoder

    def discriminator(self, shape: tuple[int, ...], condition: int = 0) -> Discriminator:
        """As `of` builds it."""
        return self.of.discriminator(shape, condition)


@frozen(kw_only=True)
class MappedPrior(Prior):
    """The law of M(n) for draws n of another prior, M learned so that it looks like the codes.

    The phase `map` moves M, as the autoencoder's phase moves its networks: the game on codes with the sides exchanged.

    of: what M maps.
    depth: linear layers of M.
    """

    of: Prior = Gaussian()
    depth: int = field(default=4, validator=ge(1))

    def sample(self, n: int, code: int, *, labels: Tensor | None, draw: Draw, net: Networks) -> Tensor:
        """M of `n` draws."""
        return net.mapping(self.of.sample(n, code, labels=labels, draw=draw, net=net))  # type: ignore[no-any-return]

    def sample_for(self, f: Forward, labels: Tensor | None) -> Tensor:
        """M of what the other prior draws for a batch."""
        return f.net.mapping(self.of.sample_for(f, labels))  # type: ignore[no-any-return]

    def own_labels(self, spec: Spec) -> int:
        """Those of the other prior."""
        return self.of.own_labels(spec)

    def own_condition(self, spec: Spec) -> int:
        """That of the other prior."""
        return self.of.own_condition(spec)

    def networks(self, recipe: Recipe, spec: Spec) -> Mapping[str, Callable[[], nn.Module]]:
        """M."""
        return {"mapping": partial(mapping_network, recipe.code, self.depth)}

    def phases(self, recipe: Recipe, spec: Spec) -> Sequence[Phase]:
        """M learns to be taken for codes, after the recipe's own phases."""
        own = recipe.own_phases(spec)
        game = _game_on_codes(own)
        optimizer = next((p.optimizer for p in own if p.role == "reconstruction"), own[0].optimizer)
        return (Phase("map", "prior", ("mapping",), {"L_M": partial(_concede, game)}, optimizer, redraws=("z_prior",)),)


def _game_on_codes(phases: Sequence[Phase]) -> Adversary:
    """The game in which draws from the prior are real, with its condition if it has one."""
    for game, _ in games(phases):
        if game.real == "z_prior":
            return game
    said = "a mapped prior learns from a discriminator of codes, which this recipe lacks; set prior=gaussian"
    raise ConfigError("recipe.prior", said)


def _concede(game: Adversary, f: Forward) -> Tensor:
    """What M minimises: -log(1 - D(M(n))), or whatever the game says of scores with the opposite sign."""
    return game.loss.generator(-game.scores(f)(f.z_prior))
