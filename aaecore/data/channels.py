"""Grey images as colour images, for networks that take three channels."""

from __future__ import annotations

from attrs import evolve, frozen
from torch import Tensor

from aaecore.data.samples import Array, Source
from aaecore.data.table import Table
from aaecore.errors import DataError


@frozen(eq=False)
class Repeated:
    """Grey images, their one channel repeated."""

    source: Source
    channels: int

    @property
    def shape(self) -> tuple[int, ...]:
        """(channels, H, W)."""
        return (self.channels, *self.source.shape[1:])

    @property
    def threads(self) -> bool:
        """As the source says."""
        return self.source.threads

    def __len__(self) -> int:
        return len(self.source)

    def block(self, rows: Array) -> Tensor:
        """The samples at `rows`."""
        return self.source.block(rows).expand(-1, *self.shape).contiguous()


def with_channels(table: Table, channels: int | None, name: str) -> Table:
    """`table` with grey images (and targets) repeated to `channels`; images that have as many stay."""
    if channels is None:
        return table
    target = None if table.target is None else _repeated(table.target, channels, name)
    return evolve(table, x=_repeated(table.x, channels, name), target=target)


def _repeated(source: Source, channels: int, name: str) -> Source:
    if len(source.shape) == 3 and source.shape[0] == channels:
        return source
    if len(source.shape) != 3 or source.shape[0] != 1:
        raise DataError(f"{name}: samples are {source.shape}; only grey images become {channels}-channel, leave it out")
    return Repeated(source, channels)
