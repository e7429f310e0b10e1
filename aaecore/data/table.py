"""What any source gives: samples, and a row for each in whatever else there is."""

from __future__ import annotations

import numpy as np
from attrs import frozen
from numpy.typing import ArrayLike
from torch import Tensor

from aaecore.data.arrays import ArraySource, as_array
from aaecore.data.labels import as_labels
from aaecore.data.npy import Mapped
from aaecore.data.samples import Array, Source
from aaecore.errors import DataError

Given = ArrayLike | Tensor | Mapped

LARGEST = 1e15
"""Size of a number in a condition, whose squares networks add up."""


@frozen(kw_only=True)
class Table:
    """What a source gives: samples, and a row for each in whatever else there is."""

    x: Source
    y: Array | None = None
    target: Source | None = None
    condition: Array | None = None

    @property
    def size(self) -> int:
        """The number of samples."""
        return len(self.x)


def table(
    name: str, size: int | None, x: Given, y: Given | None, target: Given | None, condition: Given | None
) -> Table:
    """A checked table of arrays; images are resized to `size`."""
    samples = ArraySource(_held(x), f"x in {name}", size)
    return Table(
        x=samples,
        y=None if y is None else as_labels(_read(y), name),
        target=None if target is None else ArraySource(_held(target), f"target in {name}", size),
        condition=None if condition is None else _condition(_read(condition), name),
    )


def _held(values: Given) -> Array | Mapped:
    return values if isinstance(values, Mapped) else as_array(values)


def _read(values: Given) -> Array:
    held = _held(values)
    return np.array(held.open()) if isinstance(held, Mapped) else held


def _condition(values: Array, name: str) -> Array:
    if values.ndim != 2 or values.dtype.kind not in "biuf" or 0 in values.shape[1:]:
        raise DataError(f"{name}: condition is {values.dtype} {values.shape}, not numbers (N, width); reshape it")
    with np.errstate(over="ignore"):
        condition: Array = values.astype(np.float32)
    if not np.isfinite(condition).all():
        raise DataError(f"{name}: condition holds NaN or infinite values; fill them in, e.g. np.nan_to_num")
    if (most := float(np.abs(condition).max(initial=0))) > LARGEST:
        raise DataError(f"{name}: condition holds {most:g}, too large to be squared as float32; divide by a constant")
    return condition
