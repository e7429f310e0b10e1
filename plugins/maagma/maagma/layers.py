"""Layers that halve and double images of any size."""

from __future__ import annotations

from math import ceil

from torch import Tensor, nn


class Crop(nn.Module):
    """The upper left (H, W) of images that were made a little too large."""

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        self.height, self.width = height, width

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W)."""
        return x[:, :, : self.height, : self.width]


def halved(shape: tuple[int, ...], times: int) -> tuple[int, int]:
    """Height and width after so many layers of stride 2, each rounding up."""
    return ceil(shape[1] / 2**times), ceil(shape[2] / 2**times)


def initialise_xavier(network: nn.Module) -> None:
    """Weights by Glorot and Bengio 2010, biases zero."""
    for module in network.modules():
        if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def halve(i: int, o: int, kernel: int) -> nn.Conv2d:
    """A convolution to half the size, rounded up."""
    return nn.Conv2d(i, o, kernel, stride=2, padding=kernel // 2)


def double(i: int, o: int) -> nn.ConvTranspose2d:
    """A transposed convolution to twice the size."""
    return nn.ConvTranspose2d(i, o, 3, stride=2, padding=1, output_padding=1, bias=False)
