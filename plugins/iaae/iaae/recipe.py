"""The baseline, and the paper's five changes to it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from attrs import field, frozen
from attrs.validators import in_

from aaecore.adversary import Adversary
from aaecore.architecture import Architecture
from aaecore.defaults.losses import KL, MeanAbsoluteError
from aaecore.loss import ReconstructionLoss, Regularizer
from aaecore.optimizer import Adam, Optimizer
from aaecore.phase import Phase
from aaecore.posterior import GaussianPosterior, Posterior
from aaecore.published import Published
from aaecore.recipe import SCALINGS, Builders, Recipe, ScalingName
from aaecore.scheduler import PhaseScheduler
from aaecore.spec import Spec
from iaae.feature import Feature
from iaae.mapping import LatentMapping
from iaae.networks import EqualizedMLP, NormalizedMLP
from iaae.published import table
from iaae.scheduler import NIter


@frozen(kw_only=True)
class IAAE(Recipe):
    """The baseline of the five improvements: a plain adversarial autoencoder with a Gaussian posterior.

    reconstruction_optimizer: moves encoder and decoder in `rec`.
    discriminator_optimizer: moves the discriminator in `disc`.
    generator_optimizer: moves the encoder in `gen`.
    """

    published: ClassVar[tuple[Published, ...]] = table(
        ("334.017", "228.989", "185.864", "74.041", "76.454", "131.259"),
        ("1.701", "2.156", "1.528", "2.520", "2.385", "3.257"),
    )
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

    published: ClassVar[tuple[Published, ...]] = table(
        ("332.404", "233.336", "183.698", "70.451", "72.478", "126.278"),
        ("1.646", "2.179", "1.558", "2.597", "2.361", "3.173"),
    )
    architecture: Architecture = LatentMapping(of=NormalizedMLP())


@frozen(kw_only=True)
class NIterVariant(IAAE):
    """The discriminator learns three times on each batch."""

    published: ClassVar[tuple[Published, ...]] = table(
        ("334.712", "236.342", "182.961", "68.920", "75.539", "117.331"),
        ("1.689", "2.131", "1.536", "2.537", "2.377", "3.082"),
    )
    scheduler: PhaseScheduler = NIter()


@frozen(kw_only=True)
class KLDVariant(IAAE):
    """The encoder pays 0.1 KL(q(z|x) || p(z)) when it deceives, so that sigma does not collapse."""

    published: ClassVar[tuple[Published, ...]] = table(
        ("331.479", "229.355", "185.005", "71.304", "74.594", "134.738"),
        ("1.662", "2.122", "1.570", "2.509", "2.374", "3.253"),
    )
    posterior: Posterior = GaussianPosterior(sigma="logvar")
    regularizers: tuple[Regularizer, ...] = (KL(weight=0.1),)


@frozen(kw_only=True)
class FeatureVariant(IAAE):
    """A tenth of the reconstruction error is one of the encoder's features."""

    published: ClassVar[tuple[Published, ...]] = table(
        ("336.938", "276.216", "188.746", "80.557", "84.102", "149.097"),
        ("1.806", "2.203", "1.508", "2.475", "2.414", "3.231"),
    )
    reconstruction: ReconstructionLoss = Feature()


@frozen(kw_only=True)
class EqualLinearVariant(IAAE):
    """Equalized linear layers in encoder and decoder, no batch normalisation."""

    published: ClassVar[tuple[Published, ...]] = table(
        ("344.172", "256.897", "186.876", "76.870", "79.478", "136.425"),
        ("1.733", "2.168", "1.527", "2.468", "2.372", "3.241"),
    )
    architecture: Architecture = EqualizedMLP()


@frozen(kw_only=True)
class Combined(KLDVariant):
    """All five improvements at once, which the paper planned and never trained."""

    architecture: Architecture = LatentMapping(of=EqualizedMLP())
    reconstruction: ReconstructionLoss = Feature()
    scheduler: PhaseScheduler = NIter()
