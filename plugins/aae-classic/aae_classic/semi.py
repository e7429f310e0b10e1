"""Codes with a categorical part: semi-supervised classification and clustering (sections 5 and 6)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar, Literal

import torch
from attrs import field, frozen
from attrs.validators import ge, in_
from torch import Tensor
from torch.nn import functional as F

from aae_classic.published import CLUSTERING, SEMI_SUPERVISED
from aae_classic.recipe import Classic, need_labels
from aaecore.adversary import Adversary
from aaecore.architecture import Architecture
from aaecore.defaults.architectures import MLP
from aaecore.defaults.priors import Categorical, Gaussian
from aaecore.errors import ConfigError
from aaecore.forward import Forward, quantity
from aaecore.optimizer import Adam, Optimizer
from aaecore.phase import Phase, Term
from aaecore.prior import Prior
from aaecore.published import Published
from aaecore.recipe import Builders, Recipe
from aaecore.spec import Spec

SUPERVISION = ("semi", "none", "only")


class CategoricalForward(Forward):
    """A batch whose codes have a categorical part y beside the style z."""

    @property
    def recipe_(self) -> SemiSupervised:
        """The recipe, by its own type."""
        assert isinstance(self.recipe, SemiSupervised)
        return self.recipe

    @quantity
    def y(self) -> Tensor:
        """q(y|x), (B, K)."""
        return self.encoded["label"].float().softmax(dim=1)

    @quantity
    def y_decoded(self) -> Tensor:
        """The y the decoder is given: q(y|x), or the true label of the samples that have one, (B, K)."""
        if not self.recipe_.decode_true_labels or self.labels is None:
            return self.y
        known = (self.labels >= 0)[:, None]
        return F.one_hot(self.labels.clamp(min=0), self.y.shape[1]).where(known, self.y)

    @quantity
    def y_prior(self) -> Tensor:
        """Draws from the prior of y, one-hot (B, K)."""
        k = self.recipe_.categories_for(self.spec)
        draw = self.draw("y_prior")
        return self.recipe_.label_prior.sample(self.n, k, labels=self.asked_labels, draw=draw, net=self.net)

    @quantity
    def y_logits_labelled(self) -> Tensor:
        """The label head's logits for the labelled batch, (B_labelled, K)."""
        x = self.batch["x_labelled"]
        if self.recipe.corrupts:
            x = self.recipe.corrupt(x, self.draw("x_labelled"))
        width = self.recipe.encoder_noise
        return self.encode(x, self.draw("eta_labelled").normal(len(x), width) if width else None)["label"]


def cross_entropy(f: Forward) -> Tensor:
    """L_cls = -log q(label | x) on a labelled batch, from logits."""
    assert isinstance(f, CategoricalForward)
    return F.cross_entropy(f.y_logits_labelled.float(), f.batch["y_labelled"])


@frozen(kw_only=True)
class SemiSupervised(Classic):
    """A categorical code y is the class, a Gaussian code z the style; few labels suffice (section 5, figure 8).

    categories: number of categories K of y; 0 for the number of classes in the data.
    label_prior: what y should look like.
    supervision: semi (the phase `cls` beside the others), none (without it), or only (no others: the baseline).
    labelled_batch: labelled samples per step.
    label_noise: standard deviation of Gaussian noise on all that the label discriminator judges, without which it can
        tell probabilities from one-hot draws by their sharpness alone.
    decode_true_labels: give the decoder the true label of labelled samples rather than q(y|x).
    classification_optimizer: moves the encoder in `cls`.
    """

    published: ClassVar[tuple[Published, ...]] = SEMI_SUPERVISED
    forward: ClassVar[type[Forward]] = CategoricalForward
    code: int = 10
    prior: Prior = Gaussian()
    input_noise: float = 0.3
    categories: int = field(default=0, validator=ge(0))
    label_prior: Prior = Categorical()
    supervision: Literal["semi", "none", "only"] = field(default="semi", validator=in_(SUPERVISION))
    labelled_batch: int = field(default=100, validator=ge(1))
    label_noise: float = field(default=0.0, validator=ge(0))
    decode_true_labels: bool = False
    classification_optimizer: Optimizer = Adam(lr=1e-3, milestones=(70,))

    def categories_for(self, spec: Spec) -> int:
        """K."""
        return self.categories or spec.classes

    def labelled_per_step(self) -> int:
        """`labelled_batch`, unless there is no supervision."""
        return 0 if self.supervision == "none" else self.labelled_batch

    def heads(self, spec: Spec) -> dict[str, int]:
        """Logits of y, and z, on one trunk."""
        return {"label": self.categories_for(spec), **super().heads(spec)}

    def own_networks(self, spec: Spec) -> Builders:
        """Encoder, decoder, D_z and D_y; the encoder only where supervision is all."""
        builders = super().own_networks(spec)
        if self.supervision == "only":
            return {"encoder": builders["encoder"]}
        discriminator = partial(self.architecture.discriminator, (self.categories_for(spec),))
        return {**builders, "label_discriminator": discriminator}

    def own_phases(self, spec: Spec) -> Sequence[Phase]:
        """On each batch: rec, disc (D_z and D_y), gen, cls."""
        cls = Phase("cls", "supervision", ("encoder",), {"L_cls": cross_entropy}, self.classification_optimizer)
        if self.supervision == "only":
            return (cls,)
        phases = tuple(self._with_label_game(phase) for phase in super().own_phases(spec))
        return phases if self.supervision == "none" else (*phases, cls)

    def _with_label_game(self, phase: Phase) -> Phase:
        game = Adversary("label_discriminator", "y_prior", "y", self.adversarial, noise=self.label_noise)
        if phase.role == "discriminator":
            return phase.extended(moves=("label_discriminator",), terms={"L_D_y": game.discriminate})
        deceive = {"L_G_y": Term(game.deceive, self.adversarial_weight)}
        return phase.extended(terms=deceive) if phase.role == "generator" else phase

    def decoder_width(self, spec: Spec) -> int:
        """A style and a category."""
        return self.code + self.categories_for(spec)

    def code_of_data(self, f: Forward) -> Tensor:
        """cat(z, q(y|x))."""
        assert isinstance(f, CategoricalForward)
        return torch.cat([f.z, f.y_decoded], dim=1)

    def code_of_prior(self, f: Forward) -> Tensor:
        """cat(z_prior, y_prior)."""
        assert isinstance(f, CategoricalForward)
        return torch.cat([f.z_prior, f.y_prior], dim=1)

    def prior_labels(self, f: Forward) -> Tensor | None:
        """Style does not depend on the label."""
        return None

    @property
    def predicts(self) -> Literal["classes", "clusters", "nothing"]:
        """Classes if it saw labels."""
        return "clusters" if self.supervision == "none" else "classes"

    def own_labels(self, spec: Spec) -> int:
        """K."""
        return self.categories_for(spec)

    def predict(self, f: Forward) -> Tensor:
        """q(y|x)."""
        assert isinstance(f, CategoricalForward)
        return f.y

    def check(self, recipe: Recipe, spec: Spec) -> None:
        """Needs labels unless there is no supervision, which then must see none."""
        if self.supervision == "none" and self.decode_true_labels:
            raise ConfigError("recipe.decode_true_labels", "clusters are found without labels; leave it out")
        if self.supervision != "none":
            need_labels(spec, "learns classes from labels (or set supervision=none and categories=K to cluster)")
            if self.categories_for(spec) < spec.classes:
                raise ConfigError("recipe.categories", f"one per class is needed; set categories={spec.classes} (or 0)")
        elif not self.categories_for(spec):
            raise ConfigError(
                "recipe.categories", "without labels the number of clusters must be given; set categories=16"
            )


@frozen(kw_only=True)
class Clustering(SemiSupervised):
    """Unsupervised clustering: the categorical code is a cluster, no labels are used (section 6, figure 9)."""

    published: ClassVar[tuple[Published, ...]] = CLUSTERING
    code: int = 5
    architecture: Architecture = MLP(hidden=(3000, 3000), batch_norm="encoder")
    input_noise: float = 0.0
    input_dropout: float = 0.2
    categories: int = field(default=16, validator=ge(0))
    supervision: Literal["semi", "none", "only"] = field(default="none", validator=in_(SUPERVISION))
