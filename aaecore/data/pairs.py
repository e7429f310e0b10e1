"""Pairs made from any images: a transformed image as input, the image itself as target."""

from __future__ import annotations

import torch
from attrs import evolve, frozen
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from aaecore.data.config import Pairs
from aaecore.data.dataset import Data
from aaecore.data.samples import Indices, InMemory, Samples, as_indices
from aaecore.errors import DataError
from aaecore.randomness import Draw

_AT_ONCE = 1024


@frozen(eq=False)
class Transformed:
    """Samples each under its own transformation: by row, an angle in radians, a factor and an exponent."""

    samples: Samples
    how: Tensor
    """(N, 3)."""

    @property
    def shape(self) -> tuple[int, ...]:
        """One sample's shape."""
        return self.samples.shape

    def __len__(self) -> int:
        return len(self.samples)

    def take(self, indices: Indices) -> Tensor:
        """The samples at `indices`, transformed."""
        rows = as_indices(indices)
        angle, factor, exponent = self.how[rows].unbind(1)
        x = rotated(self.samples.take(rows), angle)
        return _each(factor, x).mul(x).clamp(0, 1).pow(_each(exponent, x))

    def subset(self, indices: Indices) -> Transformed:
        """These samples only, each transformed as before."""
        rows = as_indices(indices)
        return Transformed(self.samples.subset(rows), self.how[rows])

    def load(self) -> InMemory:
        """Transform everything into one tensor."""
        starts = range(0, len(self), _AT_ONCE)
        return InMemory(torch.cat([self.take(range(s, min(s + _AT_ONCE, len(self)))) for s in starts]))


def paired(data: Data, pairs: Pairs, seed: int) -> Data:
    """`data` with transformed inputs and the images as targets, also held out; each sample has one for ever.

    Raises `DataError` for plain vectors and for data that has targets.
    """
    if not pairs.any:
        return data
    if len(data.shape) != 3:
        raise DataError(f"{data.name}: data.pairs transforms images, these are vectors; leave data.pairs out")
    if data.target is not None:
        raise DataError(f"{data.name}: has targets of its own; leave data.pairs out")
    heldout = None if data.heldout is None else _paired(data.heldout, pairs, seed, "held out")
    return evolve(_paired(data, pairs, seed, "training"), heldout=heldout)


def transformations(n: int, pairs: Pairs, seed: int, part: str) -> Tensor:
    """An angle in radians, a factor and an exponent for each of `n` samples, (n, 3)."""
    u = 2 * Draw(seed).purpose(f"pairs, {part}").uniform(n, 3) - 1
    angle = torch.deg2rad(u[:, 0] * pairs.rotate)
    return torch.stack([angle, 1 + u[:, 1] * pairs.brightness, pairs.gamma ** u[:, 2]], dim=1)


def rotated(x: Tensor, angle: Tensor) -> Tensor:
    """Images (B, C, H, W) turned anticlockwise by angles (B,) in radians; the border's values fill what comes in."""
    rows, columns = x.shape[2:]
    cos, sin, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
    # The grid's axes both have length 2, whatever the sides: without their ratio an oblong would be sheared.
    first = torch.stack([cos, -sin * rows / columns, zero], dim=1)
    second = torch.stack([sin * columns / rows, cos, zero], dim=1)
    grid = affine_grid(torch.stack([first, second], dim=1), list(x.shape), align_corners=False)
    return grid_sample(x, grid, padding_mode="border", align_corners=False)


def _paired(data: Data, pairs: Pairs, seed: int, part: str) -> Data:
    x = Transformed(data.x, transformations(len(data), pairs, seed, part))
    return evolve(data, x=x.load() if isinstance(data.x, InMemory) else x, target=data.x)


def _each(numbers: Tensor, x: Tensor) -> Tensor:
    return numbers.view(-1, *[1] * (x.dim() - 1)).to(x)
