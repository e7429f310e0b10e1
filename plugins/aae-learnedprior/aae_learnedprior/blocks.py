"""Layers of the papers' networks, and the square that images are padded to."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from aaecore.errors import ConfigError
from aaecore.spec import Spec


class ResidualBlock(nn.Module):
    """conv3x3 ReLU, conv3x3 ReLU, the skip added, ReLU; halves the image if `down`, doubles it if `up`.

    The skip is a 1 x 1 projection where the shape changes.
    """

    def __init__(self, i: int, o: int, *, down: bool = False, up: bool = False) -> None:
        super().__init__()
        stride = 2 if down else 1
        self.resize = nn.Upsample(scale_factor=2) if up else nn.Identity()
        self.first = nn.Conv2d(i, o, 3, stride, 1)
        self.second = nn.Conv2d(o, o, 3, 1, 1)
        self.skip = nn.Conv2d(i, o, 1, stride) if i != o or down else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(B, o, H', W')."""
        x = self.resize(x)
        return F.relu(F.relu(self.second(F.relu(self.first(x)))) + self.skip(x))


class Square(nn.Module):
    """Images (B, *shape) in the middle of a square, filled with `value`; `inverse` cuts them out again."""

    def __init__(self, shape: tuple[int, ...], side: int, value: float = 0.0, *, inverse: bool = False) -> None:
        super().__init__()
        height, width = shape[1:]
        left, top = (side - width) // 2, (side - height) // 2
        margins = (left, side - width - left, top, side - height - top)
        self.margins = tuple(-m for m in margins) if inverse else margins
        self.value = value

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, side, side), or (B, *shape)."""
        return F.pad(x, self.margins, value=self.value) if any(self.margins) else x


def need_images(spec: Spec) -> None:
    """Refuse plain vectors."""
    if not spec.is_image:
        raise ConfigError(
            "recipe.architecture",
            f"convolutions need images, the data are vectors of {spec.features}; set architecture=mlp scaling=auto",
        )
