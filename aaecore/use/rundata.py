"""The data that a trained run is used on: its own, or other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from attrs import evolve
from torch import Tensor

from aaecore.data import Data, DataConfig, load_data, located
from aaecore.errors import RunError
from aaecore.model import CHUNK, Model
from aaecore.runs.saved import load_run_config


def is_own(config: DataConfig, source: str | None) -> bool:
    """Whether data given by its source, from wherever, is what a run configured so was trained on."""
    return source is None or located(evolve(config, source=source)).source == config.source


def run_data(run: str | Path, source: str | None) -> Data:
    """A run's own data, split as it was trained on, or all of `source`."""
    config = load_run_config(run)
    if not is_own(config.data, source):
        other = evolve(config.data, source=str(source), labels=None, limit=None, heldout=0.0)
        return load_data(other, config.run.seed, training=False)
    if config.data.source == "arrays":
        raise RunError(f"{run}: was trained on arrays from Python, which are not kept; give --data")
    return load_data(config.data, config.run.seed)


def shown_data(run: str | Path, source: str | None) -> Data:
    """A run's held-out data, or all of `source`; a test set in it only."""
    return run_data(run, source).judged


def known_labels(model: Model, data: Data) -> Tensor | None:
    """The samples' labels as the model counts them, by the names of classes; None where those differ."""
    if data.y is None or not set(data.classes) <= set(model.classes):
        return None
    counted = torch.tensor([model.classes.index(name) for name in data.classes] + [-1])
    return counted[data.y]


def in_chunks(data: Data, find: Callable[[Data], Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """What is found for all samples, some at a time, since data may be larger than memory."""
    parts = [find(data.subset(range(s, min(s + CHUNK, len(data))))) for s in range(0, len(data), CHUNK)]
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def all_of(data: Data) -> Tensor:
    """All samples, (N, ...)."""
    return data.x.take(range(len(data)))
