"""Arrays of numbers as samples: images in the usual layouts, or plain vectors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from attrs import field, frozen
from torch import Tensor
from torch.nn.functional import interpolate

from aaecore.data.npy import Mapped
from aaecore.data.samples import Array
from aaecore.errors import DataError

_CHUNK = 1 << 22  # numbers looked at in one go


@frozen(eq=False)
class ArraySource:
    """Rows of an array, which may lie on disk, as float32 samples; resized to `size` x `size` if given."""

    array: Array | Mapped
    name: str
    size: int | None = None
    shape: tuple[int, ...] = field(init=False)
    threads: bool = field(default=False, init=False)

    @shape.default
    def _shape(self) -> tuple[int, ...]:
        shape = sample_shape(self.array.shape, self.name)
        if self.size is None:
            return shape
        if len(shape) == 1:
            raise DataError(f"{self.name}: plain vectors have no size to change; leave `size` out")
        return (shape[0], self.size, self.size)

    def __attrs_post_init__(self) -> None:
        _check_dtype(self.array.dtype, self.name)
        _check_values(self)

    def __len__(self) -> int:
        return self.array.shape[0]

    def block(self, rows: Array) -> Tensor:
        """The samples at `rows`, float32."""
        x = to_float(self.held[rows])
        if x.dim() > 2:
            x = channels_first(x)
        if x.shape[1:] != self.shape:
            x = interpolate(x, self.shape[1:], mode="bilinear", antialias=True).clamp(0, 1)
        return x.contiguous()

    @property
    def held(self) -> Array:
        """The array itself, mapped into memory if it lies on disk."""
        return self.array.open() if isinstance(self.array, Mapped) else self.array

    def chunks(self) -> Iterator[tuple[int, Array]]:
        """The array in pieces, each with its first row's index."""
        rows = max(1, _CHUNK // max(1, int(np.prod(self.array.shape[1:]))))
        held = self.held
        for start in range(0, len(self), rows):
            yield start, held[start : start + rows]


def sample_shape(shape: tuple[int, ...], name: str) -> tuple[int, ...]:
    """One sample's shape, (C, H, W) or (F,), for an array of shape `shape`."""
    if 0 in shape[1:]:
        raise DataError(f"{name}: shape {shape} has an axis of length 0; every sample needs numbers")
    if len(shape) == 2:
        return shape[1:]
    if len(shape) == 3:
        return (1, *shape[1:])
    if len(shape) == 4 and shape[1] in (1, 3):
        return shape[1:]
    if len(shape) == 4 and shape[3] in (1, 3):
        return (shape[3], shape[1], shape[2])
    raise DataError(
        f"{name}: cannot read shape {shape}; give images as (N, H, W), (N, H, W, 1 or 3) or "
        "(N, 1 or 3, H, W), plain vectors as (N, F)"
    )


def channels_first(x: Tensor) -> Tensor:
    """Images in any accepted layout as (N, C, H, W)."""
    if x.dim() == 3:
        return x.unsqueeze(1)
    return x if x.shape[1] in (1, 3) else x.permute(0, 3, 1, 2)


def to_float(block: Array) -> Tensor:
    """float32; bytes of images become numbers in [0, 1]."""
    with np.errstate(over="ignore"):  # an overflow becomes infinite, which is refused
        x = torch.from_numpy(np.array(block, dtype=np.float32, order="C"))
    return x.div_(255) if block.dtype == np.uint8 and block.ndim > 2 else x


def as_array(values: Any) -> Array:
    """A numpy array from numpy, torch or nested lists."""
    if isinstance(values, Tensor):
        values = values.detach().cpu()
        return np.asarray(values.float() if values.dtype == torch.bfloat16 else values)
    try:
        return np.asarray(values)
    except ValueError:
        raise DataError("samples differ in length, so they are no array; pad or resize them to one shape") from None


def _check_dtype(dtype: np.dtype[Any], name: str) -> None:
    if dtype.kind not in "biuf":
        raise DataError(f"{name}: holds {dtype}, not real numbers; convert it, e.g. x.astype(np.float32)")


def _check_values(source: ArraySource) -> None:
    images = len(source.shape) == 3
    if images and source.array.dtype == np.uint8:
        _check_bytes(source)
        return
    for start, chunk in source.chunks():
        x = to_float(chunk).flatten(1)
        finite = x.isfinite().all(1)
        if not finite.all():
            row = int((~finite).nonzero()[0])
            raise DataError(f"{source.name}: sample {start + row} {_not_finite(chunk[row])}")
        if images and (x.min() < 0 or x.max() > 1):
            raise DataError(
                f"{source.name}: image values reach from {x.min():g} to {x.max():g}, not within [0, 1]; "
                "divide them (by 255?), or give vectors (N, F) instead, which are standardised"
            )


def _not_finite(sample: Array) -> str:
    """What is wrong with a sample that has values which are not finite as float32, and the remedy."""
    if not np.isfinite(sample).all():
        return "holds NaN or infinite values; remove it or fill them in, e.g. np.nan_to_num"
    return f"holds {np.abs(sample).max():g}, infinite as float32; divide the data by a constant"


def _check_bytes(source: ArraySource) -> None:
    top = 0
    for _, chunk in source.chunks():
        top = max(top, int(chunk.max()))
        if top > 1:
            return
    if top == 1:
        raise DataError(
            f"{source.name}: bytes of images count from 0 to 255 but none exceeds 1; give them as bool or float"
        )
