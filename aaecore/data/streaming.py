"""Batches read and decoded by worker processes while earlier ones are trained on."""

from __future__ import annotations

import os
from collections.abc import Iterator

import torch
from attrs import define, field, frozen
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from aaecore.data.dataset import Data
from aaecore.data.scaling import Scaling
from aaecore.errors import DataError
from aaecore.interrupts import ignore_all

Rows = tuple[Tensor, Tensor | None]
_SCALED = ("x", "target", "x_labelled")


class Stream:
    """Batches of data too large for memory; workers live as long as this does."""

    def __init__(self, data: Data, device: torch.device, scaling: Scaling | None, workers: int) -> None:
        self.device, self.scaling = device, scaling
        self.order = _Order()
        workers = min(workers, _cores())  # PyTorch warns of more, which would be slower
        self.loader: DataLoader[dict[str, Tensor] | str] = DataLoader(
            _Reader(data),
            sampler=self.order,
            batch_size=None,
            num_workers=workers,
            persistent_workers=workers > 0,
            pin_memory=device.type == "cuda",
            worker_init_fn=ignore_all,  # a Ctrl-C reaches all processes, and the batch at work still needs its data
            generator=torch.Generator(),  # else each epoch would take a number from the global stream
        )

    def batches(self, rows: Tensor, labelled: Tensor | None) -> Iterator[dict[str, Tensor]]:
        """One batch for each row of indices."""
        pairs = labelled.unbind() if labelled is not None else [None] * len(rows)
        self.order.rows = list(zip(rows.unbind(), pairs, strict=True))
        for batch in self._read():
            if isinstance(batch, str):
                raise DataError(batch)
            yield {name: self._ready(name, part) for name, part in batch.items()}

    def _read(self) -> Iterator[dict[str, Tensor] | str]:
        try:
            yield from self.loader
        except RuntimeError as e:
            if "DataLoader worker" not in str(e):
                raise
            reason = " ".join(str(e).split())
            raise DataError(f"a process that reads the data has ended ({reason}); set data.workers=0") from e

    def _ready(self, name: str, part: Tensor) -> Tensor:
        part = part.to(self.device, non_blocking=True)
        return self.scaling.apply(part) if self.scaling is not None and name in _SCALED else part


def _cores() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@define(eq=False)
class _Order(Sampler[Rows]):
    """The index rows of the coming epoch."""

    rows: list[Rows] = field(factory=list)

    def __iter__(self) -> Iterator[Rows]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


@frozen(eq=False)
class _Reader(Dataset[dict[str, Tensor] | str]):
    """Reads one batch, in a worker, or says in a line why it cannot."""

    data: Data

    def __getitem__(self, rows: Rows) -> dict[str, Tensor] | str:
        try:
            return self._read(*rows)
        except DataError as error:
            # Raised in a worker it would reach the user as a page of traceback in the text of another error.
            return str(error)

    def _read(self, rows: Tensor, labelled: Tensor | None) -> dict[str, Tensor]:
        part = self.data.subset(rows)
        found = {"x": part.x, "y": part.y, "target": part.target, "condition": part.condition}
        batch = {k: v if isinstance(v, Tensor) else v.take(range(len(rows))) for k, v in found.items() if v is not None}
        if labelled is not None:
            assert self.data.y is not None
            batch |= {"x_labelled": self.data.x.take(labelled), "y_labelled": self.data.y[labelled]}
        return batch
