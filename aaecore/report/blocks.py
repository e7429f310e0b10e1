"""What a page shows: one kind of block each, which a template of the same name writes as HTML."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import field, frozen

from aaecore.report.charts import Chart
from aaecore.report.tiles import Sheet


@frozen(kw_only=True)
class Block:
    """Something under a heading of its own."""

    title: str
    caption: str = ""

    @property
    def kind(self) -> str:
        """The template's name."""
        return type(self).__name__.lower()

    @property
    def anchor(self) -> str:
        """The heading's place in links."""
        return "-".join(self.title.lower().split())


@frozen(kw_only=True)
class Pictures(Block):
    """A sheet of tiles, with names of its rows and columns if they have any."""

    sheet: Sheet
    row_names: Sequence[str] = ()
    column_names: Sequence[str] = ()


@frozen(kw_only=True)
class Photo(Block):
    """A picture that the run drew when it ended."""

    uri: str


@frozen(kw_only=True)
class Charts(Block):
    """Curves, or codes beside the prior."""

    charts: Sequence[Chart]
    legend: Sequence[tuple[str, str]] = ()
    """Names and their colours."""


@frozen(kw_only=True)
class Manifold(Block):
    """The plane of codes with what decodes at each of its places, one sheet a label."""

    chart: Chart
    sheets: Sequence[Sheet]
    label_names: Sequence[str] = field(default=("",))
    x: tuple[float, float]
    y: tuple[float, float]
    legend: Sequence[tuple[str, str]] = ()
