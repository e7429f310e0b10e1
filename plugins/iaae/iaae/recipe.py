"""The baseline, and the paper's five changes to it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from attrs import field, frozen
from attrs.validators import in_

from aaecore.adversary import Adversary
from aaecore.architecture import Architecture
from aaecore.defaults.losses import KL, MeanAbsoluteError
from aaecore.loss import ReconstructionLoss, Regularizer
from aaecore.optimizer import Adam, Optimizer
from aaecore.phase import Phase
from aaecore.posterior import GaussianPosterior, Posterior
from aaecore.recipe import SCALINGS, Builders, Recipe, ScalingName
from aaecore.scheduler import PhaseScheduler
from aaecore.spec import Spec
from iaae.feature import Feature
from iaae.mapping import LatentMapping
from iaae.networks import EqualizedMLP, NormalizedMLP
from iaae.scheduler import NIter


@frozen(kw_only=True)
class IAAE(Recipe):
    """The baseline of the five improvements: a plain adversarial autoencoder with a Gaussian posterior.

    reconstruction_optimizer: moves encoder and decoder in `rec`.
    discriminator_optimizer: moves the discriminator in `disc`.
    generator_optimizer: moves the encoder in `gen`.
    """

    code: int = 10
    posterior: Posterior = GaussianPosterior(sigma="raw")
    architecture: Architecture = NormalizedMLP()
    reconstruction: ReconstructionLoss = MeanAbsoluteError()
    scaling: ScalingName = field(default="symmetric", validator=in_(SCALINGS))
    batch: int = 1024
    reconstruction_optimizer: Optimizer = Adam(lr=1e-4)
    discriminator_optimizer: Optimizer = Adam(lr=1e-4)
    generator_optimizer: Optimizer = Adam(lr=1e-4)

    def own_networks(self, spec: Spec) -> Builders:
        """Encoder, decoder and a discriminator of codes."""
        discriminator = partial(self.architecture.discriminator, (self.code,))
        return {**super().own_networks(spec), "code_discriminator": discriminator}

    def own_phases(self, spec: Spec) -> Sequence[Phase]:
        """On each batch: rec, disc, gen, each with fresh codes."""
        game = Adversary("code_discriminator", real="z_prior", fakes="z", loss=self.adversarial)
        rec, disc, gen = {"L_rec": self.reconstruction}, {"L_D": game.discriminate}, {"L_G": game.deceive}
        fresh = ("eta",)
        d = ("code_discriminator",)
        return (
            Phase("rec", "reconstruction", ("encoder", "decoder"), rec, self.reconstruction_optimizer),
            Phase("disc", "discriminator", d, disc, self.discriminator_optimizer, redraws=fresh),
            Phase("gen", "generator", ("encoder",), gen, self.generator_optimizer, redraws=fresh),
        )


@frozen(kw_only=True)
class LatentMappingVariant(IAAE):
    """Codes pass a mapping before the decoder, so that they may be Gaussian and it need not like that."""

    architecture: Architecture = LatentMapping(of=NormalizedMLP())


@frozen(kw_only=True)
class NIterVariant(IAAE):
    """The discriminator learns three times on each batch."""

    scheduler: PhaseScheduler = NIter()


@frozen(kw_only=True)
class KLDVariant(IAAE):
    """The encoder pays 0.1 KL(q(z|x) || p(z)) when it deceives, so that sigma does not collapse."""

    posterior: Posterior = GaussianPosterior(sigma="logvar")
    regularizers: tuple[Regularizer, ...] = (KL(weight=0.1),)


@frozen(kw_only=True)
class FeatureVariant(IAAE):
    """A tenth of the reconstruction error is one of the encoder's features."""

    reconstruction: ReconstructionLoss = Feature()


@frozen(kw_only=True)
class EqualLinearVariant(IAAE):
    """Equalized linear layers in encoder and decoder, no batch normalisation."""

    architecture: Architecture = EqualizedMLP()


@frozen(kw_only=True)
class Combined(IAAE):
    """All five improvements at once, which the paper planned and never trained."""

    posterior: Posterior = GaussianPosterior(sigma="logvar")
    architecture: Architecture = LatentMapping(of=EqualizedMLP())
    reconstruction: ReconstructionLoss = Feature()
    regularizers: tuple[Regularizer, ...] = (KL(weight=0.1),)
    scheduler: PhaseScheduler = NIter()
