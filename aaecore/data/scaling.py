"""How raw data becomes what networks see, and back."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any, Literal, get_args

import torch
from attrs import evolve, field, frozen
from torch import Tensor

from aaecore.data.dataset import Data
from aaecore.data.samples import InMemory, Samples
from aaecore.errors import DataError, suggest
from aaecore.randomness import Draw

Kind = Literal["unit", "symmetric", "standard", "pixelwise"]
KINDS: tuple[str, ...] = get_args(Kind)
_OUTPUTS = {"unit": "sigmoid", "symmetric": "tanh", "standard": "linear", "pixelwise": "linear"}
_FITTED_ON = 10_000
_AT_ONCE = 1024


def _known(_scaling: Any, _attribute: Any, kind: str) -> None:
    if kind not in KINDS:
        raise DataError(f"unknown scaling {kind!r}; {suggest(kind, KINDS)}")


@frozen(eq=False)
class Scaling:
    """The affine map (x - shift) / scale from raw data to what networks see."""

    kind: str = field(validator=_known)
    shift: Tensor
    """Broadcasts to a sample: (), or where fitted (F,), (C, 1, 1) or (C, H, W)."""
    scale: Tensor

    @classmethod
    def fit(cls, kind: str, data: Data, seed: int = 0) -> Scaling:
        """`unit` leaves [0, 1] as it is, `symmetric` makes it [-1, 1], `standard` gives each feature of the
        training data (each channel of images) mean 0 and deviation 1, `pixelwise` each pixel of each channel; a
        constant feature only loses its mean.

        Streamed data is judged by 10,000 of its samples.
        """
        _known(None, None, kind)
        if kind in ("standard", "pixelwise"):
            return cls(kind, *_moments(_some(data.x, seed), by_pixel=kind == "pixelwise"))
        if len(data.shape) == 1:  # images are in [0, 1] by construction
            _check_range(kind, data, seed)
        half = torch.tensor(0.5)
        return cls(kind, half, half) if kind == "symmetric" else cls(kind, torch.tensor(0.0), torch.tensor(1.0))

    @property
    def output(self) -> str:
        """The decoder's last activation, whose range is the scaled data's: sigmoid, tanh or linear."""
        return _OUTPUTS[self.kind]

    def apply(self, x: Tensor) -> Tensor:
        """Raw data as networks see it."""
        return x if self.kind == "unit" else (x - self.shift) / self.scale

    def invert(self, x: Tensor) -> Tensor:
        """What networks say as raw data."""
        return x if self.kind == "unit" else x * self.scale + self.shift

    def tensors(self) -> dict[str, Tensor]:
        """What to save beside `kind`."""
        return {"shift": self.shift, "scale": self.scale}

    @classmethod
    def from_tensors(cls, kind: str, tensors: Mapping[str, Tensor]) -> Scaling:
        """The scaling whose `tensors()` were saved."""
        return cls(kind, tensors["shift"], tensors["scale"])

    def to(self, device: torch.device | str) -> Scaling:
        """This scaling on a device."""
        return evolve(self, shift=self.shift.to(device), scale=self.scale.to(device))


def _some(samples: Samples, seed: int) -> Tensor:
    if isinstance(samples, InMemory):
        return samples.tensor
    chosen = Draw(seed).purpose("scaling").permutation(len(samples))[:_FITTED_ON]
    return samples.take(chosen.sort().values)


def _moments(x: Tensor, by_pixel: bool) -> tuple[Tensor, Tensor]:
    """Mean and deviation of each feature (F,), or of each channel (C, 1, 1) or pixel (C, H, W)."""
    over = (0,) if by_pixel else (0, *range(2, x.dim()))
    count = prod(x.shape[axis] for axis in over)
    mean, variance = torch.zeros(1, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
    for part in torch.split(x, _AT_ONCE):
        mean = mean + part.double().sum(over, keepdim=True) / count
    for part in torch.split(x, _AT_ONCE):
        variance = variance + (part.double() - mean).square().sum(over, keepdim=True) / count
    # Rounding alone would make the deviation of a constant feature a tiny number rather than 0.
    constant = x.amin(over, keepdim=True) == x.amax(over, keepdim=True)
    return mean[0].float(), torch.where(constant, 1.0, variance.sqrt())[0].float()


def _check_range(kind: str, data: Data, seed: int) -> None:
    for samples in (data.x, data.target):
        if samples is None:
            continue
        x = _some(samples, seed)
        if x.min() < 0 or x.max() > 1:
            raise DataError(
                f"{data.name}: scaling {kind!r} needs values in [0, 1] but they reach from {x.min():g} to "
                f"{x.max():g}; use --set scaling=standard"
            )
