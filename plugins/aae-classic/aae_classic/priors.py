"""The two-dimensional priors of Makhzani et al. 2015, figures 3 and 4, conditional on labels."""

from __future__ import annotations

from math import log, pi
from typing import ClassVar

import torch
from attrs import field, frozen
from attrs.validators import ge, gt
from torch import Tensor

from aaecore.errors import ConfigError
from aaecore.forward import Networks
from aaecore.prior import Prior
from aaecore.randomness import Draw
from aaecore.recipe import Recipe
from aaecore.spec import Spec


@frozen(kw_only=True)
class PlanarPrior(Prior):
    """A distribution in the plane of the first two code dimensions; the others are Gaussian.

    modes: number of segments, one per label when labels are given.
    rest: standard deviation of the dimensions beyond the second.
    """

    uses_labels: ClassVar[bool] = True
    modes: int = field(default=10, validator=ge(1))
    rest: float = field(default=1.0, validator=gt(0))

    def sample(self, n: int, code: int, *, labels: Tensor | None, draw: Draw, net: Networks) -> Tensor:
        """(n, code); the segment of a label >= 0, any segment otherwise."""
        k = draw.integers(self.modes, n)
        if labels is not None:
            k = labels.where(labels >= 0, k)
        plane = self.in_plane(k, draw)
        return plane if code == 2 else torch.cat([plane, self.rest * draw.normal(n, code - 2)], dim=1)

    def in_plane(self, k: Tensor, draw: Draw) -> Tensor:
        """Points (n, 2) of the segments `k` (n,)."""
        raise NotImplementedError

    def check_labels(self, classes: int, recipe: Recipe) -> None:
        """Needs a segment for each class."""
        if self.modes < classes:
            raise ConfigError("recipe.prior.modes", f"one per class is needed; set prior.modes={classes}")

    def check(self, recipe: Recipe, spec: Spec) -> None:
        """Needs two code dimensions."""
        if recipe.code < 2:
            raise ConfigError("recipe.code", f"this prior lies in a plane; set code=2 or more, not {recipe.code}")


@frozen(kw_only=True)
class Mixture(PlanarPrior):
    """Equal Gaussians on a circle, elongated along the radius like petals (figure 4a).

    radius: distance of the centres from the origin.
    along: standard deviation along the radius.
    across: standard deviation across it.
    """

    radius: float = field(default=1.4, validator=gt(0))
    along: float = field(default=0.5, validator=gt(0))
    across: float = field(default=0.1, validator=gt(0))

    def in_plane(self, k: Tensor, draw: Draw) -> Tensor:
        """Component k is centred at angle 2 pi k / modes."""
        angle = 2 * pi / self.modes * k
        u, v = (draw.normal(len(k), 2) * torch.tensor([self.along, self.across], device=k.device)).unbind(1)
        u = u + self.radius
        return torch.stack([u * angle.cos() - v * angle.sin(), u * angle.sin() + v * angle.cos()], dim=1)

    def log_density(self, z: Tensor) -> Tensor:
        """log of the mean of the components' densities, in each component's own axes."""
        angle = 2 * pi / self.modes * torch.arange(self.modes, device=z.device)
        x, y = z[:, :1], z[:, 1:2]
        u, v = x * angle.cos() + y * angle.sin() - self.radius, y * angle.cos() - x * angle.sin()
        components = _log_normal(u, self.along) + _log_normal(v, self.across)  # (N, modes)
        return components.logsumexp(1) - log(self.modes) + _log_normal(z[:, 2:], self.rest).sum(1)


def _log_normal(values: Tensor, std: float) -> Tensor:
    return -0.5 * (values / std).square() - log(std) - 0.5 * log(2 * pi)


@frozen(kw_only=True)
class SwissRoll(PlanarPrior):
    """A spiral of two turns, r = radius sqrt(u), theta = 4 pi sqrt(u), u ~ U(0, 1) (figure 4b).

    radius: distance of the outer end from the origin.
    """

    radius: float = field(default=3.0, validator=gt(0))

    def in_plane(self, k: Tensor, draw: Draw) -> Tensor:
        """Segment k is u in [k / modes, (k+1) / modes)."""
        root = ((k + draw.uniform(len(k))) / self.modes).sqrt()
        theta = 4 * pi * root
        return self.radius * root[:, None] * torch.stack([theta.cos(), theta.sin()], dim=1)
