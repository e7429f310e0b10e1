"""Tensors, arrays and lists alike as numpy arrays, for what measures and draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from torch import Tensor

Values: TypeAlias = "Tensor | ArrayLike"
Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]


def floats(values: Values) -> Floats:
    """`values` in double precision, from any device and with or without a graph."""
    return np.asarray(_off_torch(values), dtype=np.float64)


def integers(values: Values) -> Integers:
    """`values` as integers, (N,)."""
    return np.asarray(_off_torch(values)).astype(np.int64).reshape(-1)


def _off_torch(values: Any) -> Any:
    if not hasattr(values, "detach"):
        return values
    values = values.detach().cpu()
    return values.double().numpy() if values.is_floating_point() else values.numpy()
