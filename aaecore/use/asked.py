"""What users hand to a model, checked: samples, codes, labels, conditions, counts and seeds."""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from aaecore.data.arrays import ArraySource, as_array, sample_shape
from aaecore.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Shape = tuple[int, ...]


def samples(given: ArrayLike | Tensor, shape: Shape) -> Tensor:
    """Samples (N, *shape), or a single one, as float32; raises `DataError` for what training would refuse too."""
    array = as_array(given)
    if array.dtype.kind not in "biuf":
        told = f"the string {given!r}; load data first, with aaecore.load_data" if isinstance(given, str) else ""
        raise DataError(f"this model takes {_wanted(shape)}, not {told or _described(given)}")
    alone = array.shape == shape or (shape[0] == 1 and array.shape == shape[1:])
    rows = array[None] if alone else array
    if not _fits(rows.shape, shape):
        raise DataError(f"this model takes {_wanted(shape)}, not {array.shape}")
    return ArraySource(rows, "x").block(np.arange(len(rows)))


def _fits(found: Shape, shape: Shape) -> bool:
    try:
        return sample_shape(found, "x") == shape
    except DataError:
        return False


def _wanted(shape: Shape) -> str:
    return f"samples of shape (N, {', '.join(map(str, shape))})"


def _described(given: object) -> str:
    return "None" if given is None else f"{type(given).__name__} of {as_array(given).dtype}"


def codes(given: ArrayLike | Tensor, width: int, who: str) -> Tensor:
    """Rows of `width` numbers as float32."""
    array = as_array(given)
    if array.dtype.kind not in "biuf" or array.ndim != 2 or array.shape[1] != width:
        found = array.shape if array.dtype.kind in "biuf" else _described(given)
        raise DataError(f"{who} (N, {width}) for this recipe, not {found}")
    return torch.from_numpy(np.array(array, dtype=np.float32))


def labels(given: ArrayLike | Tensor, n: int, k: int) -> Tensor:
    """Labels below `k`, one or (n,), as int64 (n,)."""
    array = as_array(given)
    if array.dtype.kind not in "iu" or array.shape not in ((), (1,), (n,)):
        raise DataError(
            f"labels are {array.dtype} {array.shape}, not integers ({n},); give one for each, or one for all"
        )
    if array.size and k and (array.min() < -1 or array.max() >= k):
        wrong = array.min() if array.min() < -1 else array.max()
        raise DataError(f"labels are 0 to {k - 1} here (-1 for any), not {wrong}")
    return torch.as_tensor(array, dtype=torch.int64).expand(n)


def condition(given: ArrayLike | Tensor, n: int, width: int) -> Tensor:
    """Condition vectors, one or (n, width), as float32 (n, width); `width` 0 says that none are heeded."""
    if not width:
        raise DataError("this recipe's samples heed no condition; train one whose prior does, or leave it out")
    array = as_array(given)
    if array.dtype.kind not in "biuf" or array.shape not in ((width,), (n, width)):
        raise DataError(f"condition has shape {array.shape}; this model takes ({width},) or ({n}, {width})")
    return torch.from_numpy(np.array(array, dtype=np.float32)).expand(n, -1)


def count(n: Any) -> int:
    """A number of samples, 0 or more."""
    whole = _whole(n)
    if whole is None:
        raise DataError(f"n is {n!r}, not a whole number; ask for 0 samples or more")
    if whole < 0:
        raise DataError(f"{whole} samples are none; ask for 0 or more")
    return whole


def seed(value: Any) -> int:
    """A seed of draws."""
    whole = _whole(value)
    if whole is None or not 0 <= whole < 2**63:
        raise DataError(f"seed is {value!r}; give a whole number from 0 to 2**63 - 1")
    return whole


def _whole(value: Any) -> int | None:
    try:
        return None if isinstance(value, (bool, np.bool_)) else index(value)
    except TypeError:
        return None
