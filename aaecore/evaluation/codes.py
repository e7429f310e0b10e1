"""Figures of codes: the aggregated posterior against the prior, and by itself."""

from __future__ import annotations

from aaecore.evaluation.material import Material
from aaecore.metrics import (
    dead_dimensions,
    discriminator_accuracy,
    mmd,
    moments,
    prior_gap,
    sliced_wasserstein,
)
from aaecore.use.posterior import posterior_noise

COMPARED = 2000
"""Codes and draws that all pairs of are compared, at most."""
JUDGED = 5000
"""Codes and draws that a discriminator is trained and tested on, at most."""


def codes_against_prior(m: Material) -> dict[str, float]:
    """How far the aggregated posterior is from the prior."""
    gaps = {f"codes_{name}": value for name, value in prior_gap(m.codes, m.draws).items()}
    return {
        **gaps,
        "codes_mmd": mmd(m.draws[:COMPARED], m.codes[:COMPARED]),
        "codes_sliced_wasserstein": sliced_wasserstein(m.draws, m.codes, seed=m.seed),
    }


def fresh_discriminator(m: Material) -> dict[str, float]:
    """How well a discriminator that took no part in training tells codes from draws."""
    found = discriminator_accuracy(m.codes[:JUDGED], m.draws[:JUDGED], seed=m.seed)
    return {"codes_discriminator_accuracy": found}


def codes_by_dimension(m: Material) -> dict[str, float]:
    """Mean and deviation of each dimension, of codes and of the prior."""
    found: dict[str, float] = {}
    for name, values in (("codes", m.codes), ("prior", m.draws)):
        mean, std = moments(values)
        found |= {f"{name}_mean_{i}": float(v) for i, v in enumerate(mean)}
        found |= {f"{name}_std_{i}": float(v) for i, v in enumerate(std)}
    return found


def dead_codes(m: Material) -> dict[str, float]:
    """How many dimensions of the code hardly vary."""
    return {"codes_dead_dimensions": float(len(dead_dimensions(m.codes)))}


def collapsed_posterior(m: Material) -> dict[str, float]:
    """How much of the code is the posterior's noise."""
    return posterior_noise(m.model, m.x)
