"""The autoencoder against two critics."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal

from attrs import field, frozen
from attrs.validators import ge, in_

from aaecore.adversary import Adversary
from aaecore.architecture import Architecture
from aaecore.errors import ConfigError
from aaecore.optimizer import Adam, Optimizer
from aaecore.phase import Phase, Term
from aaecore.recipe import SCALINGS, Builders, Recipe, ScalingName
from aaecore.scheduler import PhaseScheduler
from aaecore.spec import Spec
from maagma.baseline import WassersteinAAE
from maagma.forward import label
from maagma.networks import LFWNetworks
from maagma.timetable import Timetable

OUT_FAKES = {"recon": ("x_rec",), "prior": ("x_gen",), "both": ("x_rec", "x_gen")}


@frozen(kw_only=True)
class Maagma(WassersteinAAE):
    """Two WGAN-GP critics: one of codes moves the encoder, one of images moves the decoder alone.

    output_weight: factor on what the decoder minimises to please the critic of images.
    out_fake: what that critic is shown as fake: recon, reconstructions; prior, decoded draws from the prior; or both.
    critic_input_noise: standard deviation of Gaussian noise on all images it scores, not where its slope is held.
    critic_updates_encoder: let its judgement move the encoder too, which the paper found harder to train.
    share_decoder_optimizer: one Adam with shared moments for `ae` and `confuse`, as in the authors' code.
    image_critic_optimizer: moves the critic of images in `d_out`.
    confuse_optimizer: moves the decoder in `confuse`, unless shared.
    """

    scheduler: PhaseScheduler = Timetable(repeats={"d_em": 5}, starts={"d_out": 300, "confuse": 302})
    output_weight: float = field(default=0.002, validator=ge(0))
    out_fake: Literal["recon", "prior", "both"] = field(default="recon", validator=in_(OUT_FAKES))
    critic_input_noise: float = field(default=0.01, validator=ge(0))
    critic_updates_encoder: bool = False
    share_decoder_optimizer: bool = False
    image_critic_optimizer: Optimizer = Adam(lr=1e-5, beta1=0.5, beta2=0.9)
    confuse_optimizer: Optimizer = Adam(lr=1e-5, beta1=0.5, beta2=0.9)

    def own_networks(self, spec: Spec) -> Builders:
        """f_enc, f_dec, d_em and d_out."""
        condition = spec.classes if self.conditional else 0
        critic = partial(self.architecture.discriminator, spec.shape, condition)
        return {**super().own_networks(spec), "image_discriminator": critic}

    def own_phases(self, spec: Spec) -> Sequence[Phase]:
        """On each batch: d_em, d_out on C_out (5), ae, confuse: the decoder on L_d (3)."""
        d_em, ae = super().own_phases(spec)
        d = "image_discriminator"
        condition = label if self.conditional else None
        game = Adversary(
            d, "target", OUT_FAKES[self.out_fake], self.adversarial, condition, noise=self.critic_input_noise
        )
        d_out = Phase("d_out", "discriminator", (d,), {"C_out": game.discriminate}, self.image_critic_optimizer)
        return d_em, d_out, ae, self._confuse(game)

    def _confuse(self, game: Adversary) -> Phase:
        moves = ("encoder", "decoder") if self.critic_updates_encoder else ("decoder",)
        terms = {"L_d": Term(game.deceive, self.output_weight)}
        owner = "ae" if self.share_decoder_optimizer else None
        return Phase("confuse", "generator", moves, terms, self.confuse_optimizer, optimizer_of=owner)

    def check(self, recipe: Recipe, spec: Spec) -> None:
        """Needs labels where anything is given them, and fakes that come from the encoder if these should move it."""
        super().check(recipe, spec)
        if self.critic_updates_encoder and self.out_fake == "prior":
            said = "decoded draws do not come from the encoder; set out_fake=recon or both"
            raise ConfigError("recipe.critic_updates_encoder", said)


@frozen(kw_only=True)
class MaagmaCode(Maagma):
    """Maagma whose critic of codes is told the label too, as in the authors' code."""

    conditional_code_critic: bool = True


@frozen(kw_only=True)
class MaagmaLFW(Maagma):
    """Maagma for faces: no labels, a convolutional encoder, images in [-1, 1], both critics on from the start."""

    architecture: Architecture = LFWNetworks()
    scaling: ScalingName = field(default="symmetric", validator=in_(SCALINGS))
    scheduler: PhaseScheduler = Timetable(starts={"confuse": 20})
    epochs: int = 800
    conditional: bool = False
    output_weight: float = field(default=0.001, validator=ge(0))
    code_critic_optimizer: Optimizer = Adam(lr=1e-4, beta1=0.5, beta2=0.9)
    image_critic_optimizer: Optimizer = Adam(lr=1e-4, beta1=0.5, beta2=0.9)
