"""The Wasserstein game with gradient penalty, for any discriminator in any recipe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import torch
from attrs import field, frozen
from attrs.validators import ge, in_
from torch import Tensor

from aaecore.loss import AdversarialLoss, Scores, without_noise
from aaecore.randomness import Draw


@frozen(kw_only=True)
class WGANGP(AdversarialLoss):
    """A critic scores instead of classifying, its slope held near 1 (Gulrajani et al. 2017).

    gp_weight: lambda, the factor on the gradient penalty.
    gp_location: where the slope is held: interpolate, at random points between a real and a fake sample, or fake, at
        the fakes as the paper's equations (4) and (5) are printed.
    """

    by_sample: ClassVar[bool] = True
    gp_weight: float = field(default=10.0, validator=ge(0))
    gp_location: Literal["interpolate", "fake"] = field(default="interpolate", validator=in_(("interpolate", "fake")))

    def discriminator(self, d: Scores, real: Tensor, fakes: Sequence[Tensor], draw: Draw) -> Tensor:
        """mean d(fake) - mean d(real) + lambda GP, summed over the fakes."""
        on_real = d(real).float().mean()
        games = [d(fake).float().mean() - on_real + self._penalty(d, real, fake, draw) for fake in fakes]
        return torch.stack(games).sum()

    def generator(self, scores: Tensor) -> Tensor:
        """-mean d(fake), equations (2) and (3)."""
        return -scores.float().mean()

    def _penalty(self, d: Scores, real: Tensor, fake: Tensor, draw: Draw) -> Tensor:
        v = fake if self.gp_location == "fake" else interpolate(real, fake, draw)
        return self.gp_weight * gradient_penalty(without_noise(d), v)


def interpolate(real: Tensor, fake: Tensor, draw: Draw) -> Tensor:
    """e * real + (1 - e) * fake, e ~ U(0, 1) one number per sample."""
    e = draw.uniform(len(real), *[1] * (real.dim() - 1))
    return fake + e * (real - fake)


def gradient_penalty(d: Scores, v: Tensor) -> Tensor:
    """mean_b (||grad d(v_b)||_2 - 1)^2, the norm over all axes but the batch; always in fp32.

    The gradient is by samples alone, never by the critic's condition. A critic that normalises over the batch has no
    gradient per sample; then this is a bound on its average slope only.
    """
    v = v.detach().float().requires_grad_()  # a point to look at, whatever it was made from
    with torch.autocast(v.device.type, enabled=False):
        (slope,) = torch.autograd.grad(d(v).sum(), v, create_graph=True)
    norms: Tensor = torch.linalg.vector_norm(slope.flatten(1), dim=1)
    return (norms - 1).square().mean()
