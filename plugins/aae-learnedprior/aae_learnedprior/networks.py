"""The small networks a learned prior brings."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.functional import one_hot

from aaecore.adversary import told
from aaecore.errors import ConfigError
from aaecore.randomness import Draw
from aaecore.recipe import Recipe
from aaecore.spec import Spec

IMAGE = "image_discriminator"


class Conditioned(nn.Module):
    """Maps noise, and a condition if there is one, to codes.

    A condition is one-hot, or a `dense` vector, which is standardised before it joins: by the batch's moments in
    training, else by the mean of those.
    """

    def __init__(self, noise: int, condition: int, *, dense: bool) -> None:
        super().__init__()
        self.noise = noise
        self.condition = condition
        self.standardise = nn.BatchNorm1d(condition, affine=False, momentum=None) if dense else None
        self.project: nn.Module = nn.Identity()
        self.layers: nn.Module = nn.Identity()

    def forward(self, z: Tensor, s: Tensor | None = None) -> Tensor:
        """z_c = CG(z, s), (B, code)."""
        if s is not None and self.standardise is not None:
            s = self.standardise(s)
        return self.layers(z if s is None else torch.cat([z, self.project(s)], dim=1))  # type: ignore[no-any-return]

    def standardised(self, s: Tensor) -> Tensor:
        """Conditions by the moments seen until now, as they are if one-hot; moves no statistics."""
        if self.standardise is None:
            return s
        seen = self.standardise
        return F.batch_norm(s, seen.running_mean, seen.running_var, eps=seen.eps)

    def typical_condition(self, n: int, labels: Tensor | None, draw: Draw) -> Tensor | None:
        """Conditions where none are given: these labels or random ones, or Gaussian ones with the data's moments."""
        if not self.condition:
            return None
        if self.standardise is None:
            return one_hot(known_or_random(labels, self.condition, n, draw), self.condition).float()
        mean, variance = self.standardise.running_mean, self.standardise.running_var
        assert mean is not None
        assert variance is not None
        return mean + variance.sqrt() * draw.normal(n, self.condition)


class CodeGenerator(Conditioned):
    """CG: FC 2n BN ReLU, FC c BN; a dense condition is projected to `projection` units before it joins."""

    def __init__(self, noise: int, code: int, hidden: int, condition: int = 0, projection: int = 0) -> None:
        super().__init__(noise, condition, dense=projection > 0)
        if projection:
            self.project = nn.Sequential(nn.Linear(condition, projection), nn.ReLU())
        self.layers = nn.Sequential(
            nn.Linear(noise + (projection or condition), hidden, bias=False),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
            nn.Linear(hidden, code, bias=False),
            nn.BatchNorm1d(code),
        )


class NoGenerator(Conditioned):
    """CG as the identity, z_c = (z, s): noise and condition side by side are a fixed prior of codes."""


def known_or_random(labels: Tensor | None, k: int, n: int, draw: Draw) -> Tensor:
    """Labels (n,), those that are -1 drawn from 0 .. k-1; all of them drawn if None."""
    random = draw.integers(k, n)
    return random if labels is None else labels.where(labels >= 0, random)


class Matcher(nn.Module):
    """How well a dense condition goes with an image's features, a summand of the image discriminator's logit."""

    def __init__(self, features: int, condition: int, projection: int) -> None:
        super().__init__()
        self.project = nn.Sequential(nn.Linear(condition, projection), nn.LeakyReLU(0.2))
        self.layers = nn.Sequential(
            nn.Linear(features + projection, 2 * projection), nn.LeakyReLU(0.2), nn.Linear(2 * projection, 1)
        )

    def forward(self, features: Tensor, s: Tensor) -> Tensor:
        """Logits (B,)."""
        return self.layers(torch.cat([features.flatten(1), self.project(s)], dim=1)).squeeze(1)  # type: ignore[no-any-return]


def recognizer(features: int, width: int) -> nn.Module:
    """Q's own layer, on the trunk it shares with the image discriminator: logits of s, or its mean."""
    return nn.Sequential(nn.Flatten(), nn.Linear(features, width))


def check_depth(network: nn.Module, depth: int | None) -> None:
    """Refuse a discriminator that is not made of blocks, or of too few."""
    blocks = getattr(network, "blocks", None)
    if blocks is None:
        raise ConfigError(
            "recipe.reconstruction", "features need an image discriminator made of blocks; use a `Discriminator`"
        )
    if depth is not None and not -len(blocks) <= depth <= len(blocks):
        raise ConfigError(
            "recipe.reconstruction.layer",
            f"the image discriminator has {len(blocks)} blocks; choose from -{len(blocks)} to {len(blocks)}",
        )


def features(network: nn.Module, x: Tensor, depth: int | None = None) -> Tensor:
    """F(x): what a discriminator's first `depth` blocks say (all, if None or fewer; from the end if negative)."""
    check_depth(network, None)
    return network.features(x, depth)  # type: ignore[operator, no-any-return]


def image_discriminator(recipe: Recipe, spec: Spec) -> nn.Module:
    """The recipe's own, or else what its architecture builds, without weights."""
    build = recipe.own_networks(spec).get(IMAGE, partial(recipe.architecture.discriminator, spec.shape))
    with torch.device("meta"):
        return build()


def check_features(recipe: Recipe, spec: Spec, path: str) -> None:
    """Refuse features of an image discriminator that is told something beside the image at its input already."""
    if told(IMAGE, recipe.own_phases(spec)) is None:
        return
    if not getattr(image_discriminator(recipe, spec), "condition_at_head", False):
        raise ConfigError(
            path,
            "takes features of images alone, and this discriminator is told labels with its input; "
            "set conditional=false, or an architecture of convolutions",
        )


def feature_width(recipe: Recipe, spec: Spec) -> int:
    """How many numbers all blocks of the recipe's image discriminator say of one sample."""
    with torch.device("meta"):
        network = recipe.builders(spec)[IMAGE]()
        return features(network, torch.empty(2, *spec.shape)).flatten(1).shape[1]
