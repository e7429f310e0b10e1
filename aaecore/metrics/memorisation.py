"""Whether samples are copies of training samples."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from aaecore.arrays import Values, floats
from aaecore.metrics.rows import rows, two_sets


def nearest(samples: Values, training: Values) -> tuple[Tensor, Tensor]:
    """Euclidean distance (N,) of each sample from the nearest training sample, and the index (N,) of that one."""
    return nearest_in(samples, [training])


def nearest_in(samples: Values, parts: Iterable[Values]) -> tuple[Tensor, Tensor]:
    """`nearest`, for training samples that come in parts."""
    x = rows(samples)
    best = torch.full((len(x),), float("inf"), dtype=torch.float64)
    where = torch.full((len(x),), -1)
    start = 0
    for part in parts:
        _, known = two_sets(x[:1], part, least=1)
        distances, found = torch.cdist(x, known).min(dim=1)
        closer = distances < best
        best, where = torch.where(closer, distances, best), torch.where(closer, found + start, where)
        start += len(known)
    return best, where


def copying(sample_distances: Values, heldout_distances: Values) -> float:
    """Chance that a sample is nearer to the training data than a held-out one is (Meehan et al. 2020, section 3).

    The area under the curve of the Mann-Whitney test on distances (N,), (M,) to the `nearest` training sample: 0.5
    where samples are like held-out data, 1 for copies. Blurred samples are nearer to everything, without being copies.
    """
    from scipy.stats import mannwhitneyu

    near, far = floats(sample_distances).reshape(-1), floats(heldout_distances).reshape(-1)
    return 1 - float(mannwhitneyu(near, far).statistic) / (near.size * far.size)
