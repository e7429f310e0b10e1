"""Colours for classes that colour-blind readers can tell apart."""

from __future__ import annotations

from collections.abc import Sequence

from aaecore.arrays import Integers

MUTED = (
    "#cc6677", "#332288", "#ddcc77", "#117733", "#88ccee", "#882255",
    "#44aa99", "#999933", "#aa4499", "#661100", "#6699cc", "#aa4466",
)  # fmt: skip
"""Paul Tol's qualitative colours (his technical note on colour schemes), the most different first."""
UNLABELLED = "#b0b0b0"
PLAIN = "#44546a"
"""For points in a picture, or a panel, without classes."""


def class_colours(n: int) -> Sequence[str]:
    """A colour for each of `n` classes; past a dozen, colours of a spectrum, which only neighbours share."""
    if n <= len(MUTED):
        return MUTED[:n]
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return [to_hex(colormaps["turbo"](i / (n - 1))) for i in range(n)]


def colours_of(labels: Integers, classes: int) -> list[str]:
    """A colour for each label; grey below 0, or one dark colour for all where none is labelled."""
    palette = class_colours(classes)
    plain = UNLABELLED if (labels >= 0).any() else PLAIN
    return [plain if label < 0 else palette[label] for label in labels]
