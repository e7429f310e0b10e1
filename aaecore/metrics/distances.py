"""How far two sets of codes, features or samples are from each other."""

from __future__ import annotations

import torch
from torch import Tensor

from aaecore.arrays import Values
from aaecore.metrics.rows import two_sets
from aaecore.randomness import Draw

WIDTHS = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Kernel widths of `mmd`, in units of the median distance within the reference."""


def mmd(reference: Values, other: Values) -> float:
    """Squared maximum mean discrepancy (Gretton et al. 2012) of (N, ...) and (M, ...): expected 0 for equal laws.

    The mean of Gaussian kernels of `WIDTHS`; unbiased (eq. 3), so it can be a little below 0.
    """
    a, b = two_sets(reference, other)
    within = torch.cdist(a, a)
    median = within[within > 0].median() if (within > 0).any() else torch.ones(())
    n, m = len(a), len(b)
    same_a = (_kernel(within, median).sum() - n) / (n * (n - 1))
    same_b = (_kernel(torch.cdist(b, b), median).sum() - m) / (m * (m - 1))
    return float(same_a + same_b - 2 * _kernel(torch.cdist(a, b), median).mean())


def sliced_wasserstein(reference: Values, other: Values, *, projections: int = 100, seed: int = 0) -> float:
    """Mean over random directions of the first Wasserstein distance between projections (Bonneel et al. 2015)."""
    from scipy.stats import wasserstein_distance

    a, b = two_sets(reference, other, least=1)
    directions = Draw(seed).purpose("projections").normal(projections, a.shape[1]).double()
    directions /= directions.norm(dim=1, keepdim=True)
    seen, others = (a @ directions.T).T.numpy(), (b @ directions.T).T.numpy()
    return sum(float(wasserstein_distance(u, v)) for u, v in zip(seen, others, strict=True)) / projections


def _kernel(distances: Tensor, median: Tensor) -> Tensor:
    total = torch.zeros_like(distances)
    for width in WIDTHS:
        total += torch.exp(-0.5 * (distances / (width * median)).square())
    return total / len(WIDTHS)
