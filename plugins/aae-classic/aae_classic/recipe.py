"""The adversarial autoencoder of Makhzani et al. 2015, and its variants that are given labels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

import torch
from attrs import field, frozen
from attrs.validators import ge, gt
from torch import Tensor

from aae_classic.priors import Mixture
from aae_classic.published import LIKELIHOOD
from aaecore.adversary import Adversary
from aaecore.defaults.priors import Gaussian
from aaecore.errors import ConfigError
from aaecore.forward import Forward
from aaecore.optimizer import Adam, Optimizer
from aaecore.phase import Phase, Term
from aaecore.prior import Prior
from aaecore.published import Published
from aaecore.recipe import Builders, Recipe
from aaecore.spec import Spec


@frozen(kw_only=True)
class Classic(Recipe):
    """Adversarial autoencoder: reconstruct, discriminate codes from the prior, deceive (section 2).

    reconstruction_optimizer: moves encoder and decoder in `rec`.
    discriminator_optimizer: moves the discriminators in `disc`.
    generator_optimizer: moves the encoder in `gen`.
    reconstruction_weight: factor on the reconstruction error.
    adversarial_weight: factor on what the encoder minimises to deceive the discriminators.
    joint_generator_step: merge `rec` and `gen` into one step of encoder and decoder, moved by reconstruction_optimizer.
    """

    published: ClassVar[tuple[Published, ...]] = LIKELIHOOD
    batch: int = 50
    reconstruction_optimizer: Optimizer = Adam(lr=5e-4, milestones=(70,))
    discriminator_optimizer: Optimizer = Adam(lr=2e-4, beta1=0.5, milestones=(70,))
    generator_optimizer: Optimizer = Adam(lr=2e-4, beta1=0.5, milestones=(70,))
    reconstruction_weight: float = field(default=1.0, validator=gt(0))
    adversarial_weight: float = field(default=1.0, validator=ge(0))
    joint_generator_step: bool = False

    def own_networks(self, spec: Spec) -> Builders:
        """Encoder, decoder and a discriminator of codes."""
        discriminator = partial(self.architecture.discriminator, (self.code,), self.condition_width(spec))
        return {**super().own_networks(spec), "code_discriminator": discriminator}

    def condition_width(self, spec: Spec) -> int:
        """How many numbers the discriminator is told beside a code."""
        return 0

    def adversary(self) -> Adversary:
        """Draws from the prior are real, codes are fake."""
        return Adversary("code_discriminator", real="z_prior", fakes="z", loss=self.adversarial)

    def own_phases(self, spec: Spec) -> Sequence[Phase]:
        """On each batch: rec, disc, gen."""
        game = self.adversary()
        rec = {"L_rec": Term(self.reconstruction, self.reconstruction_weight)}
        gen = {"L_G": Term(game.deceive, self.adversarial_weight)}
        autoencoder = ("encoder", "decoder")
        disc = Phase(
            "disc",
            "discriminator",
            ("code_discriminator",),
            {"L_D": game.discriminate},
            self.discriminator_optimizer,
        )
        if self.joint_generator_step:
            return (
                Phase("gen", "generator", autoencoder, {**rec, **gen}, self.reconstruction_optimizer),
                disc,
            )
        return (
            Phase("rec", "reconstruction", autoencoder, rec, self.reconstruction_optimizer),
            disc,
            Phase("gen", "generator", ("encoder",), gen, self.generator_optimizer),
        )


def _known(f: Forward) -> Tensor:
    return f.y_known


@frozen(kw_only=True)
class LabelInformedPrior(Classic):
    """Labels choose the prior's segment, and the discriminator is told them (section 2.3, figures 3 and 4)."""

    code: int = 2
    prior: Prior = Mixture()

    def condition_width(self, spec: Spec) -> int:
        """One place per class, and one for "no label"."""
        return spec.classes + 1

    def adversary(self) -> Adversary:
        """Real and fake stand beside the same one-hot, so the share of unlabelled samples gives nothing away."""
        return Adversary("code_discriminator", real="z_prior", fakes="z", loss=self.adversarial, condition=_known)

    def prior_labels(self, f: Forward) -> Tensor | None:
        """The batch's own labels while training."""
        return f.asked_labels if f.labels is None else f.labels

    @property
    def conditional_prior(self) -> bool:
        """Trained with labels, the prior's segments are the classes."""
        return True

    def check(self, recipe: Recipe, spec: Spec) -> None:
        """Needs labels and a prior with a segment for each class."""
        need_labels(spec, "chooses the prior's segment by label")
        self.prior.check_labels(spec.classes, self)


@frozen(kw_only=True)
class Supervised(Classic):
    """The decoder is given the label, so that codes hold style only (section 4, figure 6)."""

    code: int = 15
    prior: Prior = Gaussian()

    def decoder_width(self, spec: Spec) -> int:
        """A code and a one-hot label."""
        return self.code + spec.classes

    def code_of_data(self, f: Forward) -> Tensor:
        """cat(z, y)."""
        return torch.cat([f.z, f.y], dim=1)

    def code_of_prior(self, f: Forward) -> Tensor:
        """cat(z_prior, y_prior)."""
        return torch.cat([f.z_prior, f.y_prior], dim=1)

    def prior_labels(self, f: Forward) -> Tensor | None:
        """Style does not depend on the label."""
        return None

    def own_labels(self, spec: Spec) -> int:
        """One for each class."""
        return spec.classes

    def check(self, recipe: Recipe, spec: Spec) -> None:
        """Needs labels."""
        need_labels(spec, "gives the decoder the label")


def need_labels(spec: Spec, why: str) -> None:
    """Refuse data without labels."""
    if not spec.classes:
        raise ConfigError(
            "data",
            f"this recipe {why}, and the data has no labels; give some (a folder per class, or y in the .npz)",
        )
