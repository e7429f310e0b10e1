"""The posterior's mean and deviation at each sample, in closed form or over draws of its noise."""

from __future__ import annotations

import torch
from torch import Tensor

from aaecore.errors import AAEError
from aaecore.metrics import sigma_collapse
from aaecore.model import Model

DRAWS = 16
"""Draws of the noise, where there is no closed form."""


def posterior_moments(model: Model, x: Tensor) -> tuple[Tensor, Tensor]:
    """mu and sigma of q(z|x) at samples (N, ...), (N, code) each; raises `AAEError` for a posterior without noise.

    Where the noise goes through the encoder they are of `DRAWS` codes, so that sigma comes out about 5 % too small,
    while the variances of both still add up to the codes'.
    """
    posterior = model.recipe.posterior
    if posterior.reparameterized:
        return model.compute(lambda f: f.mu, x), model.compute(lambda f: f.sigma, x)
    if not posterior.noisy_input:
        raise AAEError("this posterior has no noise")
    codes = torch.stack([model.compute(lambda f: f.z, x, seed=seed) for seed in range(DRAWS)])
    return codes.mean(0), codes.std(0, correction=0)


def posterior_noise(model: Model, x: Tensor) -> dict[str, float]:
    """Mean |sigma|, std of mu and of z over samples; raises `AAEError` for a posterior without noise."""
    return sigma_collapse(*posterior_moments(model, x))
