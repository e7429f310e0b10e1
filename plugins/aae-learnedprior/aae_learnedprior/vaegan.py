"""VAE/GAN (Larsen et al. 2016): a VAE whose likelihood is of the discriminator's features, with a GAN."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar, Literal

import torch
from attrs import field, frozen
from attrs.validators import ge, gt, in_, le
from torch import Tensor
from torch.nn import functional as F

from aae_learnedprior.features import FeatureError
from aae_learnedprior.networks import IMAGE
from aae_learnedprior.vaegan_networks import VAEGANNetworks
from aaecore.adversary import Adversary
from aaecore.architecture import Architecture
from aaecore.defaults.losses import BCE, KL
from aaecore.defaults.priors import Gaussian
from aaecore.errors import ConfigError
from aaecore.forward import Forward
from aaecore.loss import ReconstructionLoss
from aaecore.optimizer import Optimizer, RMSprop
from aaecore.phase import Gate, Phase, Term
from aaecore.posterior import GaussianPosterior, Posterior
from aaecore.prior import Prior
from aaecore.recipe import SCALINGS, Builders, Recipe
from aaecore.spec import Spec

MOVES = RMSprop(lr=0.025 / 64, final=1e-5 / 64, power=0.75, alpha=0.9, weight_decay=1e-5)
"""The published code's rates, divided by its batch of 64 whatever the batch is here, and its annealing."""


class VAEGANForward(Forward):
    """A batch with the discriminator's costs as they were when it was first judged, the same for all its phases."""

    _costs: Tensor | None = None

    def costs(self, fakes: Sequence[str]) -> Tensor:
        """The discriminator's mean cost on real samples and on fakes, (2,)."""
        if self._costs is None:
            made = [getattr(self, name) for name in fakes]  # they stay in use, so with their graphs
            with torch.no_grad():
                d = self.net[IMAGE]
                real = F.softplus(-d(self.target)).mean()
                fake = torch.stack([F.softplus(d(x)).mean() for x in made]).mean()
                self._costs = torch.stack([real, fake])
        return self._costs


def balanced(real_cost: float, fake_cost: float, equilibrium: float, margin: float) -> tuple[bool, bool]:
    """Whether to move the decoder, and whether to move the discriminator, given the latter's mean costs.

    The discriminator rests where either cost is below equilibrium - margin, the decoder where either is above
    equilibrium + margin; where both would rest, both move.
    """
    costs = (real_cost, fake_cost)
    decoder = all(cost <= equilibrium + margin for cost in costs)
    discriminator = all(cost >= equilibrium - margin for cost in costs)
    return (decoder, discriminator) if decoder or discriminator else (True, True)


@frozen(kw_only=True)
class VAEGAN(Recipe):
    """VAE/GAN: encoder on KL and feature error, decoder on feature error and the game, discriminator on the game.

    similarity: share w of the feature error for the decoder, w * L_llike + (1 - w) * game; 1e-6 for faces. The paper's
        gamma is w / (1 - w).
    discriminate_recon: whether reconstructions are fakes as well (Larsen's published code leaves them out).
    margin: how far the discriminator's costs may be from equilibrium before one side rests; 0 lets both move always.
    equilibrium: cost at which the game is balanced.
    encoder_optimizer: moves the encoder in `enc`.
    decoder_optimizer: moves the decoder in `dec`.
    discriminator_optimizer: moves the image discriminator in `dis`.
    """

    forward: ClassVar[type[Forward]] = VAEGANForward

    code: int = field(default=256, validator=ge(1))
    prior: Prior = Gaussian()
    posterior: Posterior = GaussianPosterior()
    architecture: Architecture = VAEGANNetworks()
    reconstruction: ReconstructionLoss = FeatureError(layer=3)
    scaling: Literal["auto", "unit", "symmetric", "standard"] = field(default="symmetric", validator=in_(SCALINGS))
    batch: int = field(default=64, validator=ge(1))
    similarity: float = field(default=1e-5, validator=[gt(0), le(1)])
    discriminate_recon: bool = True
    margin: float = field(default=0.35, validator=ge(0))
    equilibrium: float = field(default=0.68, validator=gt(0))
    encoder_optimizer: Optimizer = MOVES
    decoder_optimizer: Optimizer = MOVES
    discriminator_optimizer: Optimizer = MOVES

    def own_networks(self, spec: Spec) -> Builders:
        """Encoder, decoder (which is the generator) and image discriminator."""
        return {**super().own_networks(spec), IMAGE: partial(self.architecture.discriminator, spec.shape)}

    def own_phases(self, spec: Spec) -> Sequence[Phase]:
        """On each batch: enc, dec, dis; the game never moves the encoder, the feature error never the discriminator."""
        game = Adversary(IMAGE, real="target", fakes=self.fakes, loss=self.adversarial)
        likeness = {"L_llike": self.reconstruction}
        gan = {"L_GAN": Term(game.deceive, 1 - self.similarity)}
        both = {"L_llike": Term(self.reconstruction, self.similarity), **gan}
        judge = {"L_GAN": game.discriminate}
        gates = (self._gate(0), self._gate(1)) if self.margin else (None, None)
        return (
            Phase("enc", "reconstruction", ("encoder",), {"L_prior": KL(), **likeness}, self.encoder_optimizer),
            Phase("dec", "generator", ("decoder",), both, self.decoder_optimizer, gate=gates[0]),
            Phase("dis", "discriminator", (IMAGE,), judge, self.discriminator_optimizer, gate=gates[1]),
        )

    @property
    def fakes(self) -> tuple[str, ...]:
        """What the discriminator should call fake."""
        return ("x_rec", "x_gen") if self.discriminate_recon else ("x_gen",)

    def _gate(self, side: int) -> Gate:
        def opens(costs: Tensor) -> bool:
            real, fake = costs.tolist()
            return balanced(real, fake, self.equilibrium, self.margin)[side]

        return Gate(self._costs, opens)

    def _costs(self, f: Forward) -> Tensor:
        assert isinstance(f, VAEGANForward)
        return f.costs(self.fakes)

    def check(self, recipe: Recipe, spec: Spec) -> None:
        """Needs the KL in closed form, and a game whose costs the margin knows."""
        KL().check(recipe, spec)
        if self.margin and not isinstance(self.adversarial, BCE):
            raise ConfigError("recipe.margin", "gates by the costs of adversarial=bce; set margin=0 with another game")
