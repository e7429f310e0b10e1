"""Figures without global state, and how they are written."""

from __future__ import annotations

import logging
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aaecore.errors import RunError
from aaecore.files import write_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 200
"""Dots per inch of every picture."""
TITLE, LABEL, SMALL = 10, 8, 7
"""Font sizes in points."""


def new_figure(width: float, height: float, **options: Any) -> Figure:
    """An empty white figure of so many inches, drawn by Agg alone, with no state shared with pyplot."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # its first use anywhere tells of caches it makes
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white", **options)
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, path: str | Path) -> None:
    """Write `figure` as PNG; a reader meanwhile finds the old picture or the new one, never a part."""
    path, png = Path(path), BytesIO()
    figure.savefig(png, format="png", dpi=DPI, facecolor="white")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise RunError(f"{path}: cannot be written: {e.strerror}; choose a folder you may write to") from e
    write_bytes(path, png.getvalue())


def tidy(axes: Axes, title: str = "") -> None:
    """The common look of axes: light frame, small figures."""
    axes.set_title(title, fontsize=LABEL + 1)
    axes.tick_params(labelsize=SMALL, length=2.5, width=0.6, color="0.4")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set(color="0.4", linewidth=0.6)


@cache
def text_size(text: str, points: float) -> tuple[float, float]:
    """Width and height of a line of text in pixels."""
    from matplotlib.textpath import TextPath

    if not text.strip():
        return 0.0, 0.0
    box = TextPath((0, 0), text, size=points, usetex=False).get_extents()
    return box.width * DPI / 72, points * 1.4 * DPI / 72
