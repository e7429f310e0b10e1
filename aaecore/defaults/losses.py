"""Losses every paper needs; the reduction is part of a reconstruction loss's name."""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import TYPE_CHECKING, Literal

from attrs import field, frozen
from attrs.validators import in_
from torch import Tensor
from torch.nn import functional as F

from aaecore.defaults.priors import Gaussian
from aaecore.errors import ConfigError
from aaecore.forward import Forward
from aaecore.loss import AdversarialLoss, ReconstructionLoss, Regularizer, Scores, Side
from aaecore.randomness import Draw

if TYPE_CHECKING:
    from aaecore.recipe import Recipe
    from aaecore.spec import Spec


@frozen(kw_only=True)
class HalfSquaredError(ReconstructionLoss):
    """0.5 * sum over pixels of (x - x_rec)^2, mean over the batch (Makhzani et al. 2015)."""

    def __call__(self, f: Forward) -> Tensor:
        """0.5 * mean_b sum (x - x_rec)^2."""
        return 0.5 / f.n * F.mse_loss(f.x_rec.float(), f.target, reduction="sum")


@frozen(kw_only=True)
class MeanSquaredError(ReconstructionLoss):
    """Mean over pixels and batch of (x - x_rec)^2."""

    def __call__(self, f: Forward) -> Tensor:
        """mean (x - x_rec)^2."""
        return F.mse_loss(f.x_rec.float(), f.target)


@frozen(kw_only=True)
class HalfMeanSquaredError(ReconstructionLoss):
    """0.5 * mean over pixels and batch of (x - x_rec)^2."""

    def __call__(self, f: Forward) -> Tensor:
        """0.5 * mean (x - x_rec)^2."""
        return 0.5 * F.mse_loss(f.x_rec.float(), f.target)


@frozen(kw_only=True)
class MeanAbsoluteError(ReconstructionLoss):
    """Mean over pixels and batch of |x - x_rec|."""

    def __call__(self, f: Forward) -> Tensor:
        """mean |x - x_rec|."""
        return F.l1_loss(f.x_rec.float(), f.target)


@frozen(kw_only=True)
class BCE(AdversarialLoss):
    """The game of Goodfellow et al. 2014 on logits.

    generator_form: `nonsaturating`, -log D(fake), or the literal minimax `saturating`, log(1 - D(fake)).
    """

    generator_form: Literal["nonsaturating", "saturating"] = field(
        default="nonsaturating", validator=in_(("nonsaturating", "saturating"))
    )

    def discriminator(self, d: Scores, real: Tensor, fakes: Sequence[Tensor], draw: Draw) -> Tensor:
        """-log D(real) - sum over the fakes of log(1 - D(fake)); 2 ln 2 at zero logits and one fake."""
        total = F.softplus(-d(real).float()).mean()
        for fake in fakes:
            total = total + F.softplus(d(fake).float()).mean()
        return total

    def generator(self, scores: Tensor) -> Tensor:
        """-log D(fake); ln 2 at zero logits."""
        if self.generator_form == "saturating":
            return -F.softplus(scores.float()).mean()
        return F.softplus(-scores.float()).mean()

    def equilibrium(self, side: Side, fakes: int = 1) -> tuple[str, float]:
        """At D = 1 / (1 + fakes), the best there is when real and fake are alike: 2 ln 2 and ln 2 with one fake."""
        called_real, called_fake = log(1 / (1 + fakes)), log(fakes / (1 + fakes))
        if side == "discriminator":
            return "2 ln 2" if fakes == 1 else "no difference", -called_real - fakes * called_fake
        if self.generator_form == "saturating":
            return "-ln 2" if fakes == 1 else "no difference", called_fake
        return f"ln {1 + fakes}", -called_real


def kl_gaussians(mu: Tensor, sigma: Tensor, std: float = 1.0) -> Tensor:
    """KL(N(mu, sigma^2) || N(0, std^2)) summed over dimensions, (B,)."""
    variance = (sigma / std).square()
    return 0.5 * ((mu / std).square() + variance - 1 - variance.log()).sum(1)


def reverse_kl_gaussians(mu: Tensor, sigma: Tensor, std: float = 1.0) -> Tensor:
    """KL(N(0, std^2) || N(mu, sigma^2)) summed over dimensions, (B,)."""
    variance = (sigma / std).square()
    return 0.5 * ((1 + (mu / std).square()) / variance - 1 + variance.log()).sum(1)


@frozen(kw_only=True)
class KL(Regularizer):
    """The analytic divergence of the posterior q(z|x) from a Gaussian prior, mean over the batch.

    direction: `forward` for KL(q || p), `reverse` for KL(p || q).
    """

    direction: Literal["forward", "reverse"] = field(default="forward", validator=in_(("forward", "reverse")))

    def __call__(self, f: Forward) -> Tensor:
        """mean_b KL; 0 at mu = 0, sigma = the prior's std."""
        assert isinstance(f.recipe.prior, Gaussian)
        divergence = kl_gaussians if self.direction == "forward" else reverse_kl_gaussians
        return divergence(f.mu.float(), f.sigma.float(), f.recipe.prior.std).mean()

    def check(self, recipe: Recipe, spec: Spec) -> None:
        """Needs a Gaussian posterior and a Gaussian prior."""
        if not recipe.posterior.reparameterized:
            raise ConfigError("recipe.posterior", "a KL term needs q(z|x) in closed form; set posterior=gaussian")
        if not isinstance(recipe.prior, Gaussian):
            raise ConfigError("recipe.prior", "a KL term needs p(z) in closed form; set prior=gaussian")
