"""Samples, codes or features of any shape as rows of numbers."""

from __future__ import annotations

import torch
from torch import Tensor

from aaecore.arrays import Values, floats
from aaecore.errors import DataError


def rows(values: Values, least: int = 1) -> Tensor:
    """`values` (N, ...) as (N, numbers) in double precision on the CPU; raises `DataError` for fewer than `least`."""
    found = torch.from_numpy(floats(values))
    if found.dim() < 2 or len(found) < least or not found.numel():
        raise DataError(f"{tuple(found.shape)} is too few: give at least {least}, as (N, ...)")
    if not found.isfinite().all():
        raise DataError("there are values that are not finite among those to measure: train again, or leave them out")
    return found.flatten(1)


def two_sets(reference: Values, other: Values, least: int = 2) -> tuple[Tensor, Tensor]:
    """Two sets of `rows` of one width."""
    a, b = rows(reference, least), rows(other, least)
    if a.shape[1] != b.shape[1]:
        raise DataError(f"samples of {a.shape[1]} and of {b.shape[1]} numbers cannot be compared")
    return a, b
