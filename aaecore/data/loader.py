"""Batches, in an order that depends on nothing but seed and epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

import torch
from attrs import evolve
from torch import Tensor

from aaecore.data.dataset import Data
from aaecore.data.order import Order
from aaecore.data.samples import InMemory
from aaecore.data.scaling import Scaling
from aaecore.data.streaming import Stream
from aaecore.errors import DataError
from aaecore.randomness import Share

Batch = dict[str, Tensor]


_WHOLE = "whole."


def split_whole(batch: Mapping[str, Tensor]) -> tuple[Mapping[str, Tensor], Mapping[str, Tensor]]:
    """A share of a batch, and the labels and conditions of all of the batch."""
    whole = {k.removeprefix(_WHOLE): v for k, v in batch.items() if k.startswith(_WHOLE)}
    return {k: v for k, v in batch.items() if not k.startswith(_WHOLE)}, whole or batch


class _Engine(Protocol):
    def batches(self, rows: Tensor, labelled: Tensor | None) -> Iterator[Batch]: ...


class Loader:
    """Training batches on `device`, the same whether the data lies in memory or is streamed by `workers`.

    A batch holds `x` and, where the data has them, `y`, `target`, `condition`; with a `labelled_batch` also
    `x_labelled`, `y_labelled` of labelled samples only. `batch` and `labelled_batch` count the global batch,
    of which this `share` gets its rows, and beside them the labels and conditions of all (see `split_whole`).
    Samples and targets are scaled.
    """

    def __init__(
        self,
        data: Data,
        *,
        batch: int,
        seed: int,
        labelled_batch: int = 0,
        share: Share = Share(),  # noqa: B008 - frozen
        device: torch.device | str = "cpu",
        scaling: Scaling | None = None,
        workers: int = 2,
    ) -> None:
        self.steps_per_epoch = steps_per_epoch(data, batch)
        _check_labelled(data, labelled_batch)
        for what, size in (("batch", batch), ("labelled_batch", labelled_batch)):
            check_divides(what, size, share)
        self._labelled = labelled_batch > 0
        self._order = Order(
            size=len(data),
            batch=batch,
            seed=seed,
            labelled=data.labelled,
            labelled_batch=labelled_batch,
            share=share,
        )
        device, scaling = torch.device(device), scaling and scaling.to(device)
        self._device = device
        self._tables = {k: v for k, v in (("y", data.y), ("condition", data.condition)) if v is not None}
        in_memory = isinstance(data.x, InMemory) and not (data.target and not isinstance(data.target, InMemory))
        self._engine: _Engine = Gather(data, device, scaling) if in_memory else Stream(data, device, scaling, workers)

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """The batches of an epoch from batch `start` on; the earlier ones are not read."""
        labelled = self._order.labelled_rows(epoch, start) if self._labelled else None
        batches = self._engine.batches(self._order.rows(epoch, start), labelled)
        return batches if self._order.share.parts == 1 else self._with_whole(batches, epoch, start)

    def _with_whole(self, batches: Iterator[Batch], epoch: int, start: int) -> Iterator[Batch]:
        rows = evolve(self._order, share=Share()).rows(epoch, start)
        for batch, i in zip(batches, rows.unbind(), strict=True):
            yield batch | {_WHOLE + name: table[i].to(self._device) for name, table in self._tables.items()}


class Gather:
    """Batches of data that lives on the device: one `index_select` for each tensor."""

    def __init__(self, data: Data, device: torch.device, scaling: Scaling | None) -> None:
        self.device = device
        self.tables: Mapping[str, Tensor] = {
            name: _ready(part, device, scaling)
            for name, part in (
                ("x", data.x),
                ("y", data.y),
                ("target", data.target),
                ("condition", data.condition),
            )
            if part is not None
        }

    def batches(self, rows: Tensor, labelled: Tensor | None) -> Iterator[Batch]:
        """One batch for each row of indices."""
        tables = list(self.tables.items())
        if labelled is None:
            for i in rows.to(self.device).unbind():
                yield {name: table.index_select(0, i) for name, table in tables}
            return
        x, y = self.tables["x"], self.tables["y"]
        for i, j in zip(rows.to(self.device).unbind(), labelled.to(self.device).unbind(), strict=True):
            batch = {name: table.index_select(0, i) for name, table in tables}
            batch["x_labelled"], batch["y_labelled"] = x.index_select(0, j), y.index_select(0, j)
            yield batch


def steps_per_epoch(data: Data, batch: int) -> int:
    """Full batches in an epoch, at least one."""
    if batch < 1:
        raise DataError(f"a batch of {batch} samples is none; use --set batch=N with N from 1 to {len(data)}")
    if batch > len(data):
        raise DataError(
            f"{data.name}: a batch of {batch} is larger than the {len(data)} training samples; "
            f"use --set batch={len(data)} or less"
        )
    return len(data) // batch


def _ready(part: object, device: torch.device, scaling: Scaling | None) -> Tensor:
    if not isinstance(part, InMemory):
        assert isinstance(part, Tensor)
        return part.to(device)
    raw = part.tensor.to(device)
    return raw if scaling is None else scaling.apply(raw)


def _check_labelled(data: Data, labelled_batch: int) -> None:
    if labelled_batch > 0 and not len(data.labelled):
        raise DataError(f"{data.name}: no sample is labelled, so no labelled batch can be drawn; give labels (y)")


def check_divides(what: str, size: int, share: Share) -> None:
    """Refuse a batch that cannot be cut into equal shares."""
    if size % share.parts:
        near = size + share.parts - size % share.parts
        raise DataError(
            f"{what}={size} cannot be cut into {share.parts} equal shares (processes x micro-batches); "
            f"use --set {what}={near}"
        )
