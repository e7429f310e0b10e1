"""The baseline: a Wasserstein adversarial autoencoder, with a critic of codes only."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

import torch
from attrs import field, frozen
from attrs.validators import ge, in_
from torch import Tensor

from aaecore.adversary import Adversary
from aaecore.architecture import Architecture
from aaecore.defaults.losses import HalfMeanSquaredError
from aaecore.errors import ConfigError
from aaecore.forward import Forward
from aaecore.loss import AdversarialLoss, ReconstructionLoss
from aaecore.optimizer import Adam, Optimizer
from aaecore.phase import Phase, Term
from aaecore.recipe import SCALINGS, Builders, Recipe, ScalingName
from aaecore.scheduler import PhaseScheduler
from aaecore.spec import Spec
from maagma.forward import ConditionalForward, label
from maagma.networks import LFWNetworks, MNISTNetworks
from maagma.timetable import Timetable
from maagma.wgan import WGANGP


@frozen(kw_only=True)
class WassersteinAAE(Recipe):
    """The baseline: a WGAN-GP adversarial autoencoder, without the critic of images.

    conditional: give the decoder the label, and the image critic if there is one.
    conditional_code_critic: give the critic of codes the label as well.
    reconstruction_weight: factor on the reconstruction error.
    embedding_weight: factor on what the encoder minimises to please the critic of codes.
    autoencoder_optimizer: moves encoder and decoder in `ae`.
    code_critic_optimizer: moves the critic of codes in `d_em`.
    """

    forward: ClassVar[type[Forward]] = ConditionalForward
    code: int = 10
    architecture: Architecture = MNISTNetworks()
    reconstruction: ReconstructionLoss = HalfMeanSquaredError()
    adversarial: AdversarialLoss = WGANGP()
    scheduler: PhaseScheduler = Timetable(repeats={"d_em": 5})
    batch: int = 32
    epochs: int = 500
    conditional: bool = True
    conditional_code_critic: bool = False
    reconstruction_weight: float = field(default=1.0, validator=ge(0))
    embedding_weight: float = field(default=0.01, validator=ge(0))
    autoencoder_optimizer: Optimizer = Adam(lr=1e-5, beta1=0.5, beta2=0.9)
    code_critic_optimizer: Optimizer = Adam(lr=1e-5, beta1=0.5, beta2=0.9)

    def own_networks(self, spec: Spec) -> Builders:
        """f_enc, f_dec and d_em."""
        condition = spec.classes if self.conditional_code_critic else 0
        critic = partial(self.architecture.discriminator, (self.code,), condition)
        return {**super().own_networks(spec), "code_discriminator": critic}

    def own_phases(self, spec: Spec) -> Sequence[Phase]:
        """On each batch: d_em on C_em (4), then encoder and decoder on L_rec (1) and L_e (2)."""
        condition = label if self.conditional_code_critic else None
        game = Adversary("code_discriminator", "z_prior", "z", self.adversarial, condition)
        d_em = {"C_em": game.discriminate}
        ae = {
            "L_rec": Term(self.reconstruction, self.reconstruction_weight),
            "L_e": Term(game.deceive, self.embedding_weight),
        }
        return (
            Phase("d_em", "discriminator", ("code_discriminator",), d_em, self.code_critic_optimizer),
            Phase("ae", "generator", ("encoder", "decoder"), ae, self.autoencoder_optimizer),
        )

    def decoder_width(self, spec: Spec) -> int:
        """A code, and a one-hot label."""
        return self.code + (spec.classes if self.conditional else 0)

    def code_of_data(self, f: Forward) -> Tensor:
        """cat(z, y)."""
        return self._beside(f.z, f, "y")

    def code_of_prior(self, f: Forward) -> Tensor:
        """cat(z_prior, y_prior)."""
        return self._beside(f.z_prior, f, "y_prior")

    def _beside(self, z: Tensor, f: Forward, name: str) -> Tensor:
        return torch.cat([z, getattr(f, name)], dim=1) if self.conditional else z

    def own_labels(self, spec: Spec) -> int:
        """One for each class, if the decoder is told."""
        return spec.classes if self.conditional else 0

    def check(self, recipe: Recipe, spec: Spec) -> None:
        """Needs labels where anything is given them."""
        for name in ("conditional", "conditional_code_critic"):
            if getattr(self, name) and not spec.classes:
                raise ConfigError(
                    f"recipe.{name}", f"the data has no labels; give some (a folder per class), or set {name}=false"
                )


@frozen(kw_only=True)
class LFWBaseline(WassersteinAAE):
    """The baseline for faces, without the critic of images."""

    architecture: Architecture = LFWNetworks()
    scaling: ScalingName = field(default="symmetric", validator=in_(SCALINGS))
    scheduler: PhaseScheduler = Timetable()
    epochs: int = 800
    conditional: bool = False
    code_critic_optimizer: Optimizer = Adam(lr=1e-4, beta1=0.5, beta2=0.9)
