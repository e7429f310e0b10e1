"""From arrays or files to checked data: split, limited, its labels thinned, in memory if it fits."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from attrs import evolve

from aaecore.data.channels import with_channels
from aaecore.data.config import DataConfig, Pairs
from aaecore.data.dataset import Data
from aaecore.data.labels import class_names, count_classes, keep_labels, stratified, tensor
from aaecore.data.pairs import paired
from aaecore.data.samples import BLOCK, Samples, Streamed
from aaecore.data.table import Given, Table, table
from aaecore.errors import DataError
from aaecore.memory import physical
from aaecore.randomness import Draw


def from_arrays(
    x: Given,
    y: Given | None = None,
    *,
    x_heldout: Given | None = None,
    y_heldout: Given | None = None,
    target: Given | None = None,
    target_heldout: Given | None = None,
    condition: Given | None = None,
    condition_heldout: Given | None = None,
    heldout: float = 0.0,
    name: str = "arrays",
    classes: Sequence[str] | None = None,
    labels: int | None = None,
    pairs: Pairs = Pairs(),  # noqa: B008 - frozen
    seed: int = 0,
) -> Data:
    """Data from numpy arrays or tensors: images in any usual layout, or plain vectors (N, F).

    `heldout` is the share held out if no `x_heldout` is given; `labels` keeps that many, class balanced;
    `pairs` transforms the inputs and leaves the targets.
    """
    config = DataConfig(source=name, heldout=heldout, labels=labels, pairs=pairs, streamed="no")
    train = table(name, None, x, y, target, condition)
    test = None
    if x_heldout is not None:
        test = table(f"{name} (held out)", None, x_heldout, y_heldout, target_heldout, condition_heldout)
    elif y_heldout is not None or target_heldout is not None or condition_heldout is not None:
        raise DataError(f"{name}: something is held out without samples; give x_heldout too")
    return assemble(train, test, config, seed, classes)


def assemble(
    train: Table,
    test: Table | None,
    config: DataConfig,
    seed: int,
    classes: Sequence[str] | None = None,
    *,
    training: bool = True,
) -> Data:
    """Data to train on (or, not `training`, to use), from what a source gives, as `config` says."""
    name = config.source
    train = with_channels(train, config.channels, name)
    test = None if test is None else with_channels(test, config.channels, name)
    _check_size(train, name)
    names = _class_names(train, test, classes, name, gaps=not training)
    data = _data(train, name, names)
    if test is not None:
        _check_alike(train, test, name)
        if train.y is not None and test.y is None:
            test = evolve(test, y=np.full(test.size, -1))
        data = evolve(data, heldout=_data(test, f"{name} (held out)", names))
    data = _thinned(data if test is not None else _split(data, config.heldout, seed), config, seed)
    placed = _placed(data, config)
    if training:
        _check_trainable(placed)
    return paired(placed, config.pairs, seed)


def _class_names(
    train: Table, test: Table | None, given: Sequence[str] | None, name: str, gaps: bool
) -> tuple[str, ...]:
    labels = [t.y for t in (train, test) if t is not None and t.y is not None]
    if len(labels) == 2 and not gaps:
        known, top = count_classes(labels[0], name, gaps=True), labels[1].max(initial=-1)
        if known and top > known:
            said = f"held-out labels reach {top}, where those to train on are 0 to {known - 1}"
            raise DataError(f"{name}: {said}; give held-out samples of the same classes, or -1 for no label")
    count = count_classes(np.concatenate(labels), name, gaps=gaps) if labels else 0
    return class_names(given, count, name) if count else ()


def _data(table: Table, name: str, classes: tuple[str, ...]) -> Data:
    for what, rows in (("y", table.y), ("target", table.target), ("condition", table.condition)):
        if rows is not None and len(rows) != table.size:
            raise DataError(f"{name}: x has {table.size} samples but {what} has {len(rows)}; give one for each sample")
    if table.target is not None and table.target.shape != table.x.shape:
        raise DataError(
            f"{name}: x has shape {table.x.shape} but target {table.target.shape}; give both the same shape"
        )
    return Data(
        x=Streamed(table.x),
        y=None if table.y is None or not classes else tensor(table.y),
        target=None if table.target is None else Streamed(table.target),
        condition=None if table.condition is None else tensor(table.condition),
        classes=classes,
        name=name,
    )


def _check_size(table: Table, name: str) -> None:
    """Refuse samples of which the machine could not even hold a few; Linux would kill the process later."""
    needed = 4 * BLOCK * prod(table.x.shape)
    if needed > physical():
        raise DataError(
            f"{name}: samples of shape {table.x.shape} are too large, {BLOCK} of them take {needed / 1e9:.0f} GB; "
            "make data.size or data.channels smaller"
        )


def _check_alike(train: Table, test: Table, name: str) -> None:
    if test.x.shape != train.x.shape:
        raise DataError(f"{name}: x has shape {train.x.shape} but held-out x {test.x.shape}; give both the same shape")
    if (test.target is None) != (train.target is None):
        raise DataError(f"{name}: targets must be given for both training and held-out samples, or for neither")
    widths = [None if t.condition is None else t.condition.shape[1] for t in (train, test)]
    if widths[0] != widths[1]:
        raise DataError(f"{name}: conditions have width {widths[0]} but held-out {widths[1]}; give both the same")
    if test.size == 0:
        raise DataError(f"{name}: the held-out set is empty; leave it out, or split by --set data.heldout=0.2")


def _split(data: Data, share: float, seed: int) -> Data:
    y = None if data.y is None else data.y.numpy()
    rest, held = stratified(y, len(data), share, seed)
    if len(data) > 1 and len(rest) < 2:
        raise DataError(
            f"{data.name}: data.heldout={share} leaves {len(rest)} of {len(data)} samples to train on; "
            "set data.heldout=0.2 or so"
        )
    if not len(held):
        return data
    return evolve(data.subset(rest), heldout=evolve(data.subset(held), name=f"{data.name} (held out)"))


def _thinned(data: Data, config: DataConfig, seed: int) -> Data:
    if config.limit is not None and config.limit < len(data):
        chosen = Draw(seed).purpose("limit").permutation(len(data))[: config.limit]
        data = data.subset(chosen.sort().values)
    if config.labels is None:
        return data
    if data.y is None:
        raise DataError(
            f"{data.name}: has no labels to keep {config.labels} of; leave --labels out, or give labels (y)"
        )
    return evolve(data, y=tensor(keep_labels(data.y.numpy(), config.labels, data.name, seed)))


def _placed(data: Data, config: DataConfig) -> Data:
    sets = [data] if data.heldout is None else [data, data.heldout]
    numbers = max(len(d) * int(np.prod(d.shape)) * (2 if d.target or config.pairs.any else 1) for d in sets)
    fits = 4 * numbers <= config.memory_gb * 1e9
    if config.streamed == "no" or (config.streamed == "auto" and fits):
        data = _loaded(data)
    return data


def _loaded(data: Data) -> Data:
    def load(samples: Any) -> Any:
        return samples.load() if isinstance(samples, Streamed) else samples

    heldout = None if data.heldout is None else _loaded(data.heldout)
    return evolve(data, x=load(data.x), target=load(data.target), heldout=heldout)


def _check_trainable(data: Data) -> None:
    if len(data) < 2:
        raise DataError(f"{data.name}: {len(data)} sample(s); at least 2 are needed, to train on or to judge by")
    if not _varied(data.x):
        raise DataError(f"{data.name}: all {len(data)} samples are identical; give data that varies")


def _varied(samples: Samples) -> bool:
    first, step = samples.take([0]), BLOCK
    starts = range(0, len(samples), step)
    return any((samples.take(range(s, min(s + step, len(samples)))) != first).any() for s in starts)
