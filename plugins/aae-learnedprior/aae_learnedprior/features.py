"""The learned similarity metric: reconstruction error in the image discriminator's features (Larsen et al. 2016)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Literal

import torch
from attrs import field, frozen
from attrs.validators import in_
from torch import Tensor
from torch.nn import Module
from torch.nn import functional as F

from aae_learnedprior.networks import IMAGE, check_depth, check_features, features, image_discriminator
from aaecore.adversary import Adversary, games
from aaecore.errors import ConfigError
from aaecore.forward import Forward
from aaecore.loss import ReconstructionLoss
from aaecore.optimizer import Adam, Optimizer
from aaecore.part import parts_of
from aaecore.phase import Phase
from aaecore.recipe import Recipe
from aaecore.spec import Spec

NORMS = ("half-sum", "half-mean", "norm")


@frozen(kw_only=True)
class FeatureError(ReconstructionLoss):
    """How far F(x_rec) is from F(x), the features of the image discriminator (learned similarity metric).

    layer: how many blocks of the image discriminator make F; a negative number leaves out that many of the last,
        0 compares the samples themselves.
    norm: half-sum, 0.5 * sum of squares (Larsen et al.); half-mean, 0.5 * mean of squares, which weighs the same
        whatever the layer's size; norm, the distance itself (the pseudo-code of Wang et al.).
    discriminator_optimizer: moves the image discriminator in `D_I`, where nothing else in the recipe does.
    """

    layer: int = -1
    norm: Literal["half-sum", "half-mean", "norm"] = field(default="half-sum", validator=in_(NORMS))
    discriminator_optimizer: Optimizer = Adam(lr=2e-4, beta1=0.5)

    def __call__(self, f: Forward) -> Tensor:
        """L_rec; the image discriminator only measures, so no phase that minimises this may move it."""
        network = f.net[IMAGE]
        # With batch normalisation, features in training mode and in inference mode are different quantities.
        wanted = f.quantity(f"F({self.layer}, {network.training})", self._wanted)
        return distance(features(network, f.x_rec, self.layer), wanted, self.norm)

    def _wanted(self, f: Forward) -> Tensor:
        return features(f.net[IMAGE], f.target, self.layer)

    def networks(self, recipe: Recipe, spec: Spec) -> Mapping[str, Callable[[], Module]]:
        """The image discriminator, which the recipe may have already."""
        return {IMAGE: partial(recipe.architecture.discriminator, spec.shape)}

    def phases(self, recipe: Recipe, spec: Spec) -> Sequence[Phase]:
        """D_I tells samples from reconstructions and decoded draws of the prior, unless another part brings D_I."""
        others = [part for part in parts_of(recipe) if not isinstance(part, FeatureError)]
        if IMAGE in recipe.own_networks(spec) or any(IMAGE in part.networks(recipe, spec) for part in others):
            return ()
        game = Adversary(IMAGE, real="target", fakes=("x_gen", "x_rec"), loss=recipe.adversarial)
        return (
            Phase(
                "D_I",
                "discriminator",
                (IMAGE,),
                {"L_DI": game.discriminate},
                self.discriminator_optimizer,
                evaluates=("encoder", "code_discriminator"),
            ),
        )

    def evaluated(self, phase: Phase) -> Sequence[str]:
        """The image discriminator, in phases where it measures and is not deceived as well."""
        measures = any(term.loss == self for term in phase.terms.values())
        return (IMAGE,) if measures and all(game.network != IMAGE for game, _ in games([phase])) else ()

    def check(self, recipe: Recipe, spec: Spec) -> None:
        """Needs an encoder and a decoder."""
        lacking = {"encoder", "decoder"} - recipe.own_networks(spec).keys()
        if lacking:
            raise ConfigError(
                "recipe.reconstruction",
                f"compares reconstructions, and this recipe has no {min(lacking)}; leave it out",
            )
        check_features(recipe, spec, "recipe.reconstruction")
        check_depth(image_discriminator(recipe, spec), self.layer)


def distance(rec: Tensor, wanted: Tensor, norm: str) -> Tensor:
    """Mean over the batch of how far two feature maps (B, ...) are from each other, in one of `NORMS`."""
    rec, wanted = rec.float(), wanted.float()
    if norm == "norm":
        norms: Tensor = torch.linalg.vector_norm((rec - wanted).flatten(1), dim=1)  # its slope at 0 is 0, not NaN
        return norms.mean()
    return 0.5 * F.mse_loss(rec, wanted, reduction="sum") / (len(rec) if norm == "half-sum" else rec.numel())
