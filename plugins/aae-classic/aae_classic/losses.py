"""The likelihood that a VAE of images in [0, 1] is usually trained with."""

from __future__ import annotations

import torch
from attrs import frozen
from torch import Tensor
from torch.nn import functional as F

from aaecore.errors import ConfigError
from aaecore.forward import Forward
from aaecore.loss import ReconstructionLoss
from aaecore.recipe import Recipe
from aaecore.spec import Spec


@frozen(kw_only=True)
class Bernoulli(ReconstructionLoss):
    """-log p(x|z) of Bernoulli pixels, summed over pixels, mean over the batch (Kingma and Welling 2014)."""

    def __call__(self, f: Forward) -> Tensor:
        """mean_b sum -x log x_rec - (1 - x) log(1 - x_rec)."""
        with torch.autocast(f.target.device.type, enabled=False):  # which refuses this loss outright
            return F.binary_cross_entropy(f.x_rec.float(), f.target, reduction="sum") / f.n

    def check(self, recipe: Recipe, spec: Spec) -> None:
        """Needs data and reconstructions in [0, 1]."""
        if spec.output != "sigmoid":
            raise ConfigError(
                "recipe.reconstruction",
                "bernoulli needs values in [0, 1]; set scaling=unit, or reconstruction=l2-half-sum",
            )
