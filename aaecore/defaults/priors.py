"""Priors every paper needs."""

from __future__ import annotations

from math import inf, log, pi
from typing import TYPE_CHECKING, ClassVar

import torch
from attrs import field, frozen
from attrs.validators import gt
from torch import Tensor
from torch.nn.functional import one_hot

from aaecore.errors import ConfigError
from aaecore.forward import Networks
from aaecore.prior import Prior
from aaecore.randomness import Draw

if TYPE_CHECKING:
    from aaecore.recipe import Recipe


@frozen(kw_only=True)
class Gaussian(Prior):
    """N(0, std^2 I).

    std: standard deviation of every dimension.
    """

    std: float = field(default=1.0, validator=gt(0))

    def sample(self, n: int, code: int, *, labels: Tensor | None, draw: Draw, net: Networks) -> Tensor:
        """(n, code), labels unheeded."""
        z = draw.normal(n, code)
        return z if self.std == 1 else z * self.std

    def log_density(self, z: Tensor) -> Tensor:
        """-sum (z / std)^2 / 2 - code (log std + log(2 pi) / 2)."""
        return -0.5 * (z / self.std).square().sum(1) - z.shape[1] * (log(self.std) + 0.5 * log(2 * pi))


@frozen(kw_only=True)
class Uniform(Prior):
    """U(-bound, bound) in every dimension.

    bound: half the width of the cube.
    """

    bound: float = field(default=1.0, validator=gt(0))

    def sample(self, n: int, code: int, *, labels: Tensor | None, draw: Draw, net: Networks) -> Tensor:
        """(n, code), labels unheeded."""
        return (2 * draw.uniform(n, code) - 1) * self.bound

    def log_density(self, z: Tensor) -> Tensor:
        """-code log(2 bound) inside the cube, -inf outside."""
        inside = z.abs().amax(1) <= self.bound
        return torch.where(inside, -z.shape[1] * log(2 * self.bound), -inf)


@frozen(kw_only=True)
class Categorical(Prior):
    """Uniform one-hot vectors: one of `code` categories."""

    uses_labels: ClassVar[bool] = True

    def sample(self, n: int, code: int, *, labels: Tensor | None, draw: Draw, net: Networks) -> Tensor:
        """(n, code) one-hot; a label >= 0 is its own category."""
        k = draw.integers(code, n)
        if labels is not None:
            k = labels.where(labels >= 0, k)
        return one_hot(k, code).float()

    def check_labels(self, classes: int, recipe: Recipe) -> None:
        """Needs a category for each class."""
        if recipe.code < classes:
            raise ConfigError("recipe.code", f"one category per class is needed; set code={classes}")
