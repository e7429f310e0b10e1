"""Images as samples, decoded when they are asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from attrs import frozen
from PIL import Image
from torch import Tensor

from aaecore.data.images import Images
from aaecore.data.npy import unreadable
from aaecore.data.samples import Array
from aaecore.errors import DataError

_LOOKED_AT = 256
_GREY = {"1", "L", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"}


@frozen(eq=False)
class ImageSource:
    """Images decoded on demand, float32 (C, H, W) in [0, 1]."""

    images: Images
    shape: tuple[int, int, int]
    resize: bool = False

    @property
    def threads(self) -> bool:
        """Decoding runs outside Python's lock."""
        return self.images.threads

    def __len__(self) -> int:
        return len(self.images)

    def block(self, rows: Array) -> Tensor:
        """The images at `rows`."""
        pixels = np.stack([self.pixels(int(row)) for row in rows])
        return torch.from_numpy(pixels).to(torch.float32).div_(255)

    def pixels(self, index: int) -> Array:
        """One image's bytes, (C, H, W)."""
        channels, height, width = self.shape
        image = _decoded(self.images, index, "L" if channels == 1 else "RGB")
        if self.resize:
            image = image.resize((width, height), Image.Resampling.BILINEAR)
        if image.size != (width, height):
            raise _differing(self.images.name(index), image.size, (width, height))
        found = np.asarray(image)
        return found[None] if channels == 1 else found.transpose(2, 0, 1)


def image_source(images: Images, size: int | None = None) -> ImageSource:
    """`images` as samples; a look at up to 256 of them tells whether all are grey and of one size."""
    channels, found = 1, None
    for index in np.unique(np.linspace(0, len(images) - 1, _LOOKED_AT).astype(int)):
        mode, at = _header(images, int(index))
        channels = channels if mode in _GREY else 3
        found = found or at
        if size is None and at != found:
            raise _differing(images.name(int(index)), at, found)
    width, height = (size, size) if size else found or (0, 0)
    return ImageSource(images, (channels, height, width), resize=size is not None)


def _header(images: Images, index: int) -> tuple[str, tuple[int, int]]:
    try:
        with images.open(index) as image:
            return image.mode, image.size
    except Exception as error:
        raise _broken(images.name(index), error) from None


def _decoded(images: Images, index: int, mode: str) -> Image.Image:
    try:
        with images.open(index) as image:
            return _as_mode(image, mode)
    except Exception as error:  # decoders of damaged files raise anything: OSError, SyntaxError, struct.error, ...
        raise _broken(images.name(index), error) from None


def _as_mode(image: Image.Image, mode: str) -> Image.Image:
    if image.mode == "F":
        raise ValueError("floating-point pixels without a known range; give them as .npy")
    if image.mode.startswith("I"):  # 16 bits, which Pillow would clip at 255
        image = Image.fromarray((np.asarray(image).astype(np.int64).clip(0, 65535) >> 8).astype(np.uint8))
    image.load()
    return image.convert(mode)


def _broken(name: str, error: Exception) -> DataError:
    if isinstance(error, DataError):
        return error
    if isinstance(error, (FileNotFoundError, PermissionError)):
        return unreadable(Path(name), error)
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return DataError(f"{name}: cannot be read as an image ({reason}); mend it or take it away")


def _differing(name: str, size: tuple[int, int], others: tuple[int, int]) -> DataError:
    (w, h), (width, height) = size, others
    return DataError(
        f"{name}: is {w} x {h} pixels while others are {width} x {height}; give all one size with --set data.size=32"
    )
