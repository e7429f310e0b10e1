"""Image sizes that halve down to 4 x 4, and how other images are padded to them."""

from math import ceil, log2

from torch import Tensor, nn
from torch.nn import functional as F

BOTTOM = 4
"""Height and width of the last feature map."""


def levels_for(shape: tuple[int, ...]) -> int:
    """How often an image (C, H, W), padded to a square, halves before it is 4 x 4; at least once."""
    return max(1, ceil(log2(max(shape[1:]) / BOTTOM)))


def channels_for(channels: tuple[int, ...], levels: int) -> list[int]:
    """The first `levels` channel numbers; beyond those given each doubles the last."""
    extended = list(channels)
    while len(extended) < levels:
        extended.append(2 * extended[-1])
    return extended[:levels]


def _margins(shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Zeros to add left, right, above, below."""
    size = BOTTOM * 2 ** levels_for(shape)
    height, width = shape[1:]
    left, top = (size - width) // 2, (size - height) // 2
    return left, size - width - left, top, size - height - top


class Pad(nn.Module):
    """Images (B, *shape) in the middle of a square whose side is 4 times a power of two (28 x 28 in 32 x 32)."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.margins = _margins(shape)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, side, side)."""
        return F.pad(x, self.margins) if any(self.margins) else x


class Crop(nn.Module):
    """The inverse of `Pad`."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.left, _, self.top, _ = _margins(shape)
        self.height, self.width = shape[1:]

    def forward(self, x: Tensor) -> Tensor:
        """(B, *shape)."""
        return x[:, :, self.top : self.top + self.height, self.left : self.left + self.width]
