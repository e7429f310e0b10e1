"""Learned priors for adversarial autoencoders (Wang, Ko and Peng 2019): the paper's variants and its baseline."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar, Literal

from attrs import field, frozen
from attrs.validators import ge, gt, in_
from torch import Tensor

from aae_learnedprior.architecture import Residual
from aae_learnedprior.features import FeatureError
from aae_learnedprior.improvement import recognized
from aae_learnedprior.prior import Learned
from aae_learnedprior.scheduler import Periodic
from aaecore.adversary import Adversary
from aaecore.architecture import Architecture
from aaecore.errors import ConfigError
from aaecore.forward import Forward
from aaecore.loss import ReconstructionLoss
from aaecore.optimizer import Adam, Optimizer
from aaecore.phase import Phase, Term
from aaecore.prior import Prior
from aaecore.published import Published
from aaecore.recipe import SCALINGS, Builders, Recipe
from aaecore.scheduler import PhaseScheduler
from aaecore.spec import Spec


def inception_score(value: str, on: str) -> tuple[Published, ...]:
    """What the authors state of a variant."""
    return (Published("inception_score", value, on, "Wang, Ko and Peng, README of their code"),)


@frozen(kw_only=True)
class LearnedPrior(Recipe):
    """Unsupervised generation with a learned prior: the AAE phase, then prior improvement (Wang et al. 2019).

    lambda_enc: weight of the reconstruction error for the encoder.
    lambda_dec: weight of the reconstruction error for the decoder, the paper's lambda; the image discriminator's
        verdict in `dec_gen` weighs 1.
    condition_dc: whether the code discriminator is told the condition too.
    code_discriminator_optimizer: moves the code discriminator in `D_C`.
    encoder_optimizer: moves the encoder in `enc`.
    decoder_optimizer: moves the decoder in `dec_rec`.
    """

    published: ClassVar[tuple[Published, ...]] = inception_score("7.31", "CIFAR-10, unlabelled generation")
    code: int = field(default=8, validator=ge(1))
    prior: Prior = Learned()
    architecture: Architecture = Residual()
    reconstruction: ReconstructionLoss = FeatureError(norm="half-mean")
    scheduler: PhaseScheduler = Periodic()
    scaling: Literal["auto", "unit", "symmetric", "standard"] = field(default="symmetric", validator=in_(SCALINGS))
    batch: int = field(default=64, validator=ge(1))
    lambda_enc: float = field(default=1.0, validator=ge(0))
    lambda_dec: float = field(default=20.0, validator=gt(0))
    condition_dc: bool = False
    code_discriminator_optimizer: Optimizer = Adam(lr=2e-4, beta1=0.5)
    encoder_optimizer: Optimizer = Adam(lr=2e-4, beta1=0.5)
    decoder_optimizer: Optimizer = Adam(lr=2e-4, beta1=0.5)

    def own_networks(self, spec: Spec) -> Builders:
        """Encoder, decoder and D_C; the prior and the metric bring the others."""
        width = self._told_width(spec)
        return {
            **super().own_networks(spec),
            "code_discriminator": partial(self.architecture.discriminator, (self.code,), width),
        }

    def own_phases(self, spec: Spec) -> Sequence[Phase]:
        """The AAE phase (phase a), on each batch: D_C, enc, dec_rec."""
        told = self._told if self.condition_dc else None
        game = Adversary("code_discriminator", real="z_prior", fakes="z", loss=self.adversarial, condition=told)
        deceive = {"L_encA": Term(game.deceive), "L_rec": Term(self.reconstruction, self.lambda_enc)}
        rec = {"L_rec": Term(self.reconstruction, self.lambda_dec)}
        judge = ("code_discriminator",)
        return (
            Phase("D_C", "discriminator", judge, {"L_DC": game.discriminate}, self.code_discriminator_optimizer),
            Phase("enc", "generator", ("encoder",), deceive, self.encoder_optimizer),
            Phase("dec_rec", "reconstruction", ("decoder",), rec, self.decoder_optimizer),
        )

    # ---- conditions

    @property
    def condition(self) -> str:
        """What the prior is conditioned on."""
        return self.prior.condition if isinstance(self.prior, Learned) else "none"

    def _told_width(self, spec: Spec) -> int:
        """How many numbers D_C is told beside a code: the dense condition, or the class with a place for none."""
        if not self.condition_dc:
            return 0
        return spec.condition if self.condition == "dense" else spec.classes + 1

    def _told(self, f: Forward) -> Tensor:
        """What stands beside the codes of samples and of the prior alike, which were drawn for it."""
        if self.condition != "dense":
            return f.y_known
        assert isinstance(self.prior, Learned)
        return self.prior.standardised(f, f.condition)

    @property
    def conditional_prior(self) -> bool:
        """Where the prior is given the samples' classes."""
        return self.condition == "labels"

    @property
    def predicts(self) -> Literal["classes", "clusters", "nothing"]:
        """What Q recognizes: the classes, or the categories of its own making."""
        found: dict[str, Literal["classes", "clusters"]] = {"labels": "classes", "random": "clusters"}
        return found.get(self.condition, "nothing")

    def predict(self, f: Forward) -> Tensor:
        """Q(s | x)."""
        return super().predict(f) if self.predicts == "nothing" else recognized(f, f.x).softmax(dim=1)

    def check(self, recipe: Recipe, spec: Spec) -> None:
        """What D_C is told must be known of the samples as well."""
        if self.condition_dc and self.condition not in ("labels", "dense"):
            said = "tells the code discriminator what samples are, which this prior does not know"
            raise ConfigError(
                "recipe.condition_dc", f"{said}; set condition_dc=false, or prior.condition=labels (or dense)"
            )
        if self.condition_dc and self.condition == "labels" and not spec.classes:
            said = "has no labels, which this recipe tells prior and code discriminator"
            raise ConfigError("data", f"{said}; give some, or train learnedprior-unsupervised")


@frozen(kw_only=True)
class ConditionalSupervised(LearnedPrior):
    """Conditional generation with labels: the code generator is told the class, Q learns it from samples as well."""

    published: ClassVar[tuple[Published, ...]] = inception_score("6.52", "CIFAR-10, with labels")
    prior: Prior = Learned(condition="labels")
    condition_dc: bool = True


@frozen(kw_only=True)
class ConditionalUnsupervised(LearnedPrior):
    """Conditional generation without labels: random categories that Q must recognize in the image (InfoGAN's bound)."""

    published: ClassVar[tuple[Published, ...]] = inception_score("6.02", "CIFAR-10, without labels")
    prior: Prior = Learned(condition="random", categories=10)


@frozen(kw_only=True)
class TextConditional(LearnedPrior):
    """Generation from dense conditions, such as sentence embeddings, given with the data as `condition` (N, width)."""

    prior: Prior = Learned(condition="dense", matching=True)


@frozen(kw_only=True)
class FixedPrior(LearnedPrior):
    """The paper's baseline: the same networks, metric and image discriminator, without a code generator."""

    published: ClassVar[tuple[Published, ...]] = inception_score("6.37", "CIFAR-10, unlabelled generation")
    prior: Prior = Learned(generator="identity")


@frozen(kw_only=True)
class FixedPriorSupervised(ConditionalSupervised):
    """The baseline of conditional generation with labels: the fixed prior is the noise beside the class."""

    published: ClassVar[tuple[Published, ...]] = inception_score("6.20", "CIFAR-10, with labels")
    code: int = field(default=16, validator=ge(1))
    prior: Prior = Learned(generator="identity", condition="labels")


@frozen(kw_only=True)
class FixedPriorUnsupervised(ConditionalUnsupervised):
    """The baseline of conditional generation without labels: the fixed prior is the noise beside a random category."""

    published: ClassVar[tuple[Published, ...]] = inception_score("5.73", "CIFAR-10, without labels")
    code: int = field(default=16, validator=ge(1))
    prior: Prior = Learned(generator="identity", condition="random", categories=10)
