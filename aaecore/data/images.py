"""Images by index: files, or the items of a torchvision data set."""

from __future__ import annotations

from typing import Any, Protocol

from attrs import frozen
from PIL import Image

from aaecore.errors import DataError

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""What may be opened: Pillow would run other programs for some formats, whatever a file's name says."""


class Images(Protocol):
    """Images by index."""

    @property
    def threads(self) -> bool:
        """Whether several threads may open images at once."""

    def __len__(self) -> int: ...

    def open(self, index: int) -> Image.Image:
        """One image, perhaps not decoded yet."""

    def name(self, index: int) -> str:
        """What to call it in a message."""


@frozen
class ImageFiles:
    """Image files by path."""

    paths: tuple[str, ...]
    threads: bool = True

    def __len__(self) -> int:
        return len(self.paths)

    def open(self, index: int) -> Image.Image:
        """The image at `paths[index]`, its header read."""
        return Image.open(self.paths[index], formats=FORMATS)

    def name(self, index: int) -> str:
        """Its path."""
        return self.paths[index]


@frozen(eq=False)
class ItemImages:
    """The images of a data set whose items are (image, label) pairs."""

    items: Any
    title: str
    threads: bool = False

    def __len__(self) -> int:
        return len(self.items)

    def open(self, index: int) -> Image.Image:
        """The item's image."""
        image = self.items[index][0]
        if not isinstance(image, Image.Image):
            raise DataError(
                f"{self.title}: gives {type(image).__name__}, not images; take a data set of images by class"
            )
        return image

    def name(self, index: int) -> str:
        """The data set and the index."""
        return f"{self.title} image {index}"
