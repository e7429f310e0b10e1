"""How far two sets of samples, codes or features are from each other."""

from __future__ import annotations

import torch
from torch import Tensor

WIDTHS = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Kernel widths, in units of the median distance within the reference."""


def mmd(reference: Tensor, other: Tensor) -> float:
    """Squared maximum mean discrepancy (Gretton et al. 2012) of (N, d) and (M, d): 0 in expectation for equal laws.

    The mean of Gaussian kernels of `WIDTHS`; unbiased, so it can be a little below 0.
    """
    a, b = reference.double(), other.double()
    within = torch.cdist(a, a)
    median = within[within > 0].median()
    n, m = len(a), len(b)
    same_a = (_kernel(within, median).sum() - n) / (n * (n - 1))
    same_b = (_kernel(torch.cdist(b, b), median).sum() - m) / (m * (m - 1))
    return float(same_a + same_b - 2 * _kernel(torch.cdist(a, b), median).mean())


def _kernel(distances: Tensor, median: Tensor) -> Tensor:
    return torch.stack([torch.exp(-0.5 * (distances / (w * median)).square()) for w in WIDTHS]).mean(0)


def frechet(reference: Tensor, other: Tensor) -> float:
    """Frechet distance between Gaussians fitted to features (N, d) and (M, d); biased upward for few samples.

    ||m1 - m2||^2 + Tr(C1 + C2 - 2 (C1 C2)^(1/2)) (Heusel et al. 2017).
    """
    (m1, c1), (m2, c2) = _moments(reference), _moments(other)
    root = _root(c1)
    cross = torch.linalg.eigvalsh(root @ c2 @ root).clamp(min=0).sqrt().sum()
    return float((m1 - m2).square().sum() + c1.trace() + c2.trace() - 2 * cross)


def _moments(v: Tensor) -> tuple[Tensor, Tensor]:
    return v.double().mean(0), v.double().T.cov()


def _root(c: Tensor) -> Tensor:
    """The symmetric square root of a covariance."""
    values, vectors = torch.linalg.eigh(c)
    return torch.matmul(vectors * values.clamp(min=0).sqrt(), vectors.T)
