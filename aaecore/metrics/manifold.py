"""Precision, recall, density and coverage: how two sets of features lie in each other's neighbourhoods."""

from __future__ import annotations

import torch
from torch import Tensor

from aaecore.arrays import Values
from aaecore.errors import DataError
from aaecore.metrics.rows import two_sets

_AT_ONCE = 1000


def precision_recall_density_coverage(real: Values, generated: Values, *, k: int = 5) -> dict[str, float]:
    """Of features (N, d) and (M, d), with balls that reach to the k-th neighbour of their centre in its own set.

    `precision` is the share of generated in any real ball, `recall` the share of real in any generated ball
    (Kynkaanniemi et al. 2019), `density` the number of real balls around a generated sample, by k, `coverage` the share
    of real balls that hold any generated (Naeem et al. 2020).
    """
    a, b = two_sets(real, generated)
    if min(len(a), len(b)) <= k:
        raise DataError(f"neighbourhoods of {k} need more than {k} samples on each side, not {len(a)} and {len(b)}")
    radii_a, radii_b = _radii(a, k), _radii(b, k)
    around, recalled, covered = torch.zeros(len(b)), [], []
    for part, radii in zip(torch.split(a, _AT_ONCE), torch.split(radii_a, _AT_ONCE), strict=True):
        distances = torch.cdist(part, b)
        within = distances < radii[:, None]
        around += within.sum(0)
        covered.append(within.any(1))
        recalled.append((distances < radii_b).any(1))
    return {
        "precision": float((around > 0).double().mean()),
        "recall": float(torch.cat(recalled).double().mean()),
        "density": float(around.double().mean() / k),
        "coverage": float(torch.cat(covered).double().mean()),
    }


def _radii(features: Tensor, k: int) -> Tensor:
    """Distance (N,) of each from its k-th nearest other."""
    found = []
    for start in range(0, len(features), _AT_ONCE):
        distances = torch.cdist(features[start : start + _AT_ONCE], features)
        found.append(distances.kthvalue(k + 1, dim=1).values)  # itself is the nearest
    return torch.cat(found)
