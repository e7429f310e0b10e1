"""A grid of images on a page: title above, note below, names of rows and columns around."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from aaecore.arrays import Floats
from aaecore.pictures.canvas import Grid
from aaecore.pictures.figure import DPI, LABEL, SMALL, TITLE, new_figure, save, text_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARGIN = 16


@frozen
class Sheet:
    """Where everything around a grid stands, in pixels from the top left."""

    grid: Grid
    title: str = ""
    note: str = ""
    row_names: Sequence[str] = ()
    column_names: Sequence[str] = ()

    @property
    def turned(self) -> bool:
        """Whether the column names are too wide to lie flat."""
        return any(text_size(name, LABEL)[0] > self.grid.cell[1] for name in self.column_names)

    @property
    def left(self) -> float:
        """Where the grid begins; without row names it is centred."""
        if not self.row_names:
            return (self.width - self.grid.size[1]) // 2
        return round(max(text_size(name, LABEL)[0] for name in self.row_names)) + 2 * MARGIN

    @property
    def width(self) -> int:
        """Of the whole sheet."""
        names = max((text_size(name, LABEL)[0] + MARGIN for name in self.row_names), default=0)
        words = max(text_size(self.title, TITLE)[0], text_size(self.note, SMALL)[0])
        return round(max(names + self.grid.size[1], words)) + 2 * MARGIN

    @property
    def top(self) -> int:
        """Where the grid begins, under the title and the column names."""
        side = 0 if self.turned else 1
        names = max((text_size(name, LABEL)[side] + MARGIN / 2 for name in self.column_names), default=0)
        return round(text_size(self.title, TITLE)[1] + names) + MARGIN

    @property
    def height(self) -> int:
        """Of the whole sheet."""
        return round(self.top + self.grid.size[0] + text_size(self.note, SMALL)[1]) + MARGIN

    def write(self, images: Sequence[Floats | None], path: str | Path) -> None:
        """Paint the cells in reading order, None for an empty one, and write the sheet."""
        # A hundredth of a pixel more, for a size in inches may else be rounded down to one pixel less.
        figure = new_figure((self.width + 0.01) / DPI, (self.height + 0.01) / DPI)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.axis("off")
        height, width = self.grid.size
        box = (self.left, self.left + width, self.top + height, self.top)
        axes.imshow(self.grid.paint(images), extent=box, interpolation="nearest")
        axes.set(xlim=(0, self.width), ylim=(self.height, 0), aspect="auto")
        self._write_words(axes)
        save(figure, path)

    def _write_words(self, axes: Axes) -> None:
        middle = self.width / 2
        axes.text(middle, MARGIN / 2, self.title, fontsize=TITLE, ha="center", va="top")
        axes.text(middle, self.height - 6, self.note, fontsize=SMALL, ha="center", va="bottom", color="0.35")
        for row, name in enumerate(self.row_names):
            y = self.top + self.grid.top(row) + self.grid.cell[0] / 2
            axes.text(self.left - MARGIN, y, name, fontsize=LABEL, ha="right", va="center")
        for column, name in enumerate(self.column_names):
            x = self.left + self.grid.left(column) + self.grid.cell[1] / 2
            turn = 90 if self.turned else 0
            axes.text(x, self.top - MARGIN / 2, name, fontsize=LABEL, ha="center", va="bottom", rotation=turn)
