"""Generative adversarial stacked convolutional autoencoders, trained by GANGGLW."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import ClassVar

from attrs import field, frozen
from attrs.validators import ge

from aaecore.adversary import Adversary
from aaecore.architecture import Architecture
from aaecore.defaults.losses import MeanSquaredError
from aaecore.errors import ConfigError
from aaecore.loss import ReconstructionLoss
from aaecore.optimizer import Adam, Optimizer
from aaecore.phase import Phase, Term
from aaecore.recipe import Builders, Recipe
from aaecore.spec import Spec
from aaecore.stacking import Stacking
from gasca.levels import AUTOENCODER, IMAGE_DISCRIMINATOR
from gasca.networks import StackedNetworks
from gasca.stackings import GradualGreedy


@frozen(kw_only=True)
class Gasca(Recipe):
    """Adversarial stacked autoencoder: reconstructions are to be distributed as the target images, codes in any way.

    code: size of the fully connected last level's code; 0 for none, codes are then the last features.
    prior: unused: no prior shapes the codes.
    rec_weight: weight lambda_rec of the reconstruction error; 0 leaves a plain adversarial game on outputs.
    adv_weight: weight lambda_adv of the adversarial term; 0 leaves the discriminator out altogether.
    generator_optimizer: moves encoder and decoder in `gen`.
    discriminator_optimizer: moves the discriminator of images in `disc`.
    """

    shapes_codes: ClassVar[bool] = False

    code: int = field(default=64, validator=ge(0))
    architecture: Architecture = StackedNetworks()
    reconstruction: ReconstructionLoss = MeanSquaredError()
    stacking: Stacking = GradualGreedy()
    batch: int = field(default=64, validator=ge(1))
    epochs: int = field(default=70, validator=ge(1))
    rec_weight: float = field(default=1.0, validator=ge(0))
    adv_weight: float = field(default=1e-3, validator=ge(0))
    generator_optimizer: Optimizer = Adam(lr=1e-3)
    discriminator_optimizer: Optimizer = Adam(lr=1e-3)

    def own_networks(self, spec: Spec) -> Builders:
        """Encoder, decoder and, unless its weight is 0, a discriminator of images."""
        own: Builders = {
            "encoder": partial(self.architecture.encoder, spec.shape, self.heads(spec), self.encoder_noise),
            "decoder": partial(self.architecture.decoder, self.code, spec),
        }
        if not self.adv_weight:
            return own
        return {**own, IMAGE_DISCRIMINATOR: partial(self.architecture.discriminator, spec.shape)}

    def own_phases(self, spec: Spec) -> Sequence[Phase]:
        """On each batch: disc on L_D, then gen on L_G."""
        game = Adversary(IMAGE_DISCRIMINATOR, real="target", fakes="x_rec", loss=self.adversarial)
        terms: Mapping[str, Term] = {"L_rec": Term(self.reconstruction, self.rec_weight)}
        if not self.adv_weight:
            return (Phase("gen", "generator", AUTOENCODER, terms, self.generator_optimizer),)
        terms = {**terms, "L_adv": Term(game.deceive, self.adv_weight)}
        disc, moved = {"L_D": game.discriminate}, (IMAGE_DISCRIMINATOR,)
        return (
            Phase("disc", "discriminator", moved, disc, self.discriminator_optimizer),
            Phase("gen", "generator", AUTOENCODER, terms, self.generator_optimizer),
        )

    def decoder_width(self, spec: Spec) -> int:
        """The code's size, or how many features the last level has."""
        if self.code or not isinstance(self.architecture, StackedNetworks):
            return self.code
        return self.architecture.features(spec.shape)

    def check(self, recipe: Recipe, spec: Spec) -> None:
        """Something must be minimised; codes that are feature maps need networks with feature maps, and no noise."""
        if not (self.rec_weight or self.adv_weight):
            raise ConfigError("recipe.rec_weight", "with adv_weight 0 as well nothing is minimised; set one of them")
        if self.code:
            return
        if not isinstance(self.architecture, StackedNetworks):
            raise ConfigError("recipe.code", "0 (codes are feature maps) needs architecture=gasca; set code=64")
        if self.posterior.reparameterized or self.posterior.noisy_input:
            raise ConfigError("recipe.posterior", "codes that are feature maps are deterministic; set code=64")
