"""Samples by index, in memory or read as they are needed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import numpy as np
import torch
from attrs import field, frozen
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[Any]
Indices = Tensor | Sequence[int] | Array | range
BLOCK = 64
"""Samples read at once."""


class Source(Protocol):
    """Where samples are read from: numbers on disk or in memory, image files."""

    @property
    def shape(self) -> tuple[int, ...]:
        """One sample's shape."""

    @property
    def threads(self) -> bool:
        """Whether several threads may and should read at once."""

    def __len__(self) -> int: ...

    def block(self, rows: Array) -> Tensor:
        """The samples at `rows`, float32 (len(rows), *shape)."""


class Samples(Protocol):
    """Raw samples, float32: images (C, H, W) in [0, 1], or plain vectors (F,)."""

    @property
    def shape(self) -> tuple[int, ...]:
        """One sample's shape."""

    def __len__(self) -> int: ...

    def take(self, indices: Indices) -> Tensor:
        """The samples at `indices`, (len(indices), *shape)."""

    def subset(self, indices: Indices) -> Samples:
        """These samples only."""


@frozen(eq=False)
class InMemory:
    """Samples that are one tensor, (N, *shape)."""

    tensor: Tensor

    @property
    def shape(self) -> tuple[int, ...]:
        """One sample's shape."""
        return tuple(self.tensor.shape[1:])

    def __len__(self) -> int:
        return len(self.tensor)

    def take(self, indices: Indices) -> Tensor:
        """The samples at `indices`."""
        return self.tensor.index_select(0, as_indices(indices).to(self.tensor.device))

    def subset(self, indices: Indices) -> InMemory:
        """These samples only."""
        return InMemory(self.take(indices))


@frozen(eq=False)
class Streamed:
    """Samples read from `source` each time they are asked for; sample i is the source's `rows[i]`."""

    source: Source
    rows: Tensor = field()

    @rows.default
    def _all(self) -> Tensor:
        return torch.arange(len(self.source))

    @property
    def shape(self) -> tuple[int, ...]:
        """One sample's shape."""
        return self.source.shape

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, indices: Indices) -> Tensor:
        """Read the samples at `indices`."""
        return self.source.block(self.rows[as_indices(indices)].numpy())

    def subset(self, indices: Indices) -> Streamed:
        """These samples only."""
        return Streamed(self.source, self.rows[as_indices(indices)])

    def load(self) -> InMemory:
        """Read everything into one tensor."""
        out = torch.empty(len(self), *self.shape)

        def read(start: int) -> None:
            rows = range(start, min(start + BLOCK, len(self)))
            out[rows.start : rows.stop] = self.take(rows)

        with ThreadPoolExecutor(min(8, os.cpu_count() or 1) if self.source.threads else 1) as pool:
            list(pool.map(read, range(0, len(self), BLOCK)))
        return InMemory(out)


def as_indices(indices: Indices) -> Tensor:
    """Any sequence of integers as an int64 tensor on the CPU."""
    if isinstance(indices, Tensor):
        return indices.cpu()
    return torch.from_numpy(np.asarray(indices, dtype=np.int64))
