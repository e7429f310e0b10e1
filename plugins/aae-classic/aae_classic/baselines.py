"""The baselines the paper is held against, trained by the same trainer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from attrs import field, frozen
from attrs.validators import in_

from aae_classic.dcgan import DCGANNetworks
from aae_classic.published import VAE_LIKELIHOOD
from aaecore.adversary import Adversary
from aaecore.architecture import Architecture
from aaecore.defaults.architectures import MLP
from aaecore.defaults.losses import KL
from aaecore.defaults.priors import Gaussian, Uniform
from aaecore.optimizer import Adam, Optimizer
from aaecore.phase import Phase
from aaecore.posterior import GaussianPosterior, Posterior
from aaecore.prior import Prior
from aaecore.published import Published
from aaecore.recipe import SCALINGS, Builders, Recipe, ScalingName
from aaecore.spec import Spec


@frozen(kw_only=True)
class VAE(Recipe):
    """Variational autoencoder (Kingma and Welling 2014): the analytic KL in the adversary's place.

    optimizer: moves encoder and decoder.
    """

    published: ClassVar[tuple[Published, ...]] = VAE_LIKELIHOOD
    code: int = 8
    prior: Prior = Gaussian()
    posterior: Posterior = GaussianPosterior()
    architecture: Architecture = MLP()
    optimizer: Optimizer = Adam(lr=1e-3)

    def own_phases(self, spec: Spec) -> Sequence[Phase]:
        """One step: -log p(x|z) (unit variance, up to its constant) + KL(q(z|x) || p(z))."""
        terms = {"nll": self.reconstruction, "kl": KL()}
        return (Phase("vae", "reconstruction", ("encoder", "decoder"), terms, self.optimizer),)

    def check(self, recipe: Recipe, spec: Spec) -> None:
        """Needs the KL in closed form."""
        KL().check(recipe, spec)


@frozen(kw_only=True)
class DCGAN(Recipe):
    """Deep convolutional GAN (Radford et al. 2016): no encoder, the adversary judges images.

    discriminator_optimizer: moves the image discriminator in `disc`.
    generator_optimizer: moves the generator, which is the decoder, in `gen`.
    """

    code: int = 100
    prior: Prior = Uniform()
    architecture: Architecture = DCGANNetworks()
    scaling: ScalingName = field(default="symmetric", validator=in_(SCALINGS))
    batch: int = 128
    discriminator_optimizer: Optimizer = Adam(lr=2e-4, beta1=0.5)
    generator_optimizer: Optimizer = Adam(lr=2e-4, beta1=0.5)

    def own_networks(self, spec: Spec) -> Builders:
        """Generator and image discriminator."""
        return {
            "decoder": partial(self.architecture.decoder, self.code, spec),
            "image_discriminator": partial(self.architecture.discriminator, spec.shape),
        }

    def own_phases(self, spec: Spec) -> Sequence[Phase]:
        """On each batch: disc, gen."""
        game = Adversary("image_discriminator", real="target", fakes="x_gen", loss=self.adversarial)
        return (
            Phase(
                "disc",
                "discriminator",
                ("image_discriminator",),
                {"L_D": game.discriminate},
                self.discriminator_optimizer,
            ),
            Phase("gen", "generator", ("decoder",), {"L_G": game.deceive}, self.generator_optimizer),
        )
