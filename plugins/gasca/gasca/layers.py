"""Layers of the stacked autoencoder, from the extended papers (IJCNN 2018 and 2020)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

KERNEL = 3


class BoundedRectifier(nn.Module):
    """min(max(v, lower), upper)."""

    def __init__(self, lower: float, upper: float) -> None:
        super().__init__()
        self.lower, self.upper = lower, upper

    def forward(self, v: Tensor) -> Tensor:
        """Clamp."""
        return v.clamp(self.lower, self.upper)


class SymmetricConv2d(nn.Module):
    """A 3 x 3 convolution whose kernels are their own mirror images, left to right, with two thirds of the weights."""

    def __init__(self, channels: int, out: int, stride: int = 1) -> None:
        super().__init__()
        self.stride = stride
        self.columns = nn.Parameter(torch.empty(out, channels, KERNEL, KERNEL // 2 + 1))
        self.bias = nn.Parameter(torch.zeros(out))
        nn.init.kaiming_uniform_(self.columns, a=5**0.5)  # as PyTorch's own convolutions
        self.correct()

    def correct(self) -> None:
        """Fit weights drawn for the kept columns to whole kernels, whose fan-in is half as large again."""
        with torch.no_grad():
            self.columns.mul_(((KERNEL // 2 + 1) / KERNEL) ** 0.5)

    @property
    def weight(self) -> Tensor:
        """The whole kernels, (out, channels, 3, 3)."""
        return torch.cat([self.columns, self.columns[..., :-1].flip(-1)], dim=-1)

    def forward(self, x: Tensor) -> Tensor:
        """Same size, or with a stride less."""
        return F.conv2d(x, self.weight, self.bias, self.stride, padding=KERNEL // 2)


class GlobalConv2d(nn.Module):
    """A convolution plus, at every place, a linear map of the whole image's mean: local and global information."""

    def __init__(self, local: nn.Module, channels: int, out: int) -> None:
        super().__init__()
        self.local = local
        self.everywhere = nn.Linear(channels, out, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """What the convolution makes of the image, and the map everywhere."""
        return self.local(x) + self.everywhere(x.mean((2, 3)))[:, :, None, None]  # type: ignore[no-any-return]


class Pad(nn.Module):
    """Zeros around images until both sides are multiples of `multiple`."""

    def __init__(self, shape: tuple[int, ...], multiple: int) -> None:
        super().__init__()
        self.sides = _margins(shape, multiple)

    def forward(self, x: Tensor) -> Tensor:
        """Larger images."""
        return F.pad(x, self.sides) if any(self.sides) else x


class Crop(nn.Module):
    """Undoes `Pad`."""

    def __init__(self, shape: tuple[int, ...], multiple: int) -> None:
        super().__init__()
        left, _, top, _ = _margins(shape, multiple)
        self.rows, self.columns = slice(top, top + shape[1]), slice(left, left + shape[2])

    def forward(self, x: Tensor) -> Tensor:
        """Images of the data's size."""
        return x[:, :, self.rows, self.columns]


def padded(side: int, multiple: int) -> int:
    """The least multiple of `multiple` that is not below `side`."""
    return -(-side // multiple) * multiple


def _margins(shape: tuple[int, ...], multiple: int) -> tuple[int, int, int, int]:
    extra = [padded(side, multiple) - side for side in shape[1:]]
    return extra[1] // 2, extra[1] - extra[1] // 2, extra[0] // 2, extra[0] - extra[0] // 2


def initialise_kaiming(network: nn.Module, slope: float) -> None:
    """Weights from He et al. 2015 for leaky rectifiers of this slope, biases zero."""
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear, SymmetricConv2d)):
            weight = module.columns if isinstance(module, SymmetricConv2d) else module.weight
            nn.init.kaiming_normal_(weight, a=slope)
            if isinstance(module, SymmetricConv2d):
                module.correct()
            if module.bias is not None:
                nn.init.zeros_(module.bias)
