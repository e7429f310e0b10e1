"""Checkpoints: directories written whole or not at all, checked when they are read, never unpickled."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from attrs import frozen
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor
from torch.nn import Module

from aaecore.errors import RunError
from aaecore.interrupts import whole

MANIFEST = "manifest.json"
CHECKPOINTS = "checkpoints"
"""Their folder in a run directory."""
FORMAT = "aaecore checkpoint 1"
GROUPS = {"networks", "stage", "optimizers"}
"""The groups of tensors that every checkpoint has."""


@frozen
class Checkpoint:
    """All that training needs to go on: tensors by group and name, and where it stood."""

    groups: Mapping[str, Mapping[str, Tensor]]
    """`networks` by `role/parameter`, `optimizers` by `phase/parameter/moment`, ..."""
    state: Mapping[str, Any]
    """Counters and identities, as JSON."""


class Checkpoints:
    """The checkpoints of a run, `checkpoints/step-N`, of which the newest `keep` stay."""

    def __init__(self, folder: Path, keep: int = 2) -> None:
        self.folder = folder
        self.keep = keep

    def write(self, step: int, checkpoint: Checkpoint) -> Path:
        """Write a checkpoint beside the others, then drop the oldest; raises `RunError`, harming none."""
        with whole():
            return self._write(step, checkpoint)

    def _write(self, step: int, checkpoint: Checkpoint) -> Path:
        final = self.folder / f"step-{step:09d}"
        partial = self.folder / f".partial-{step:09d}"
        try:
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            _write(partial, checkpoint)
            if final.exists():
                shutil.rmtree(final)
            partial.rename(final)
            _sync(self.folder)
        except OSError as e:
            shutil.rmtree(partial, ignore_errors=True)
            earlier = "the earlier checkpoints are whole" if self.paths() else "there is no checkpoint yet"
            raise RunError(f"{final}: cannot be written: {e.strerror}; {earlier}") from e
        for old in self.paths()[self.keep :]:
            shutil.rmtree(old, ignore_errors=True)
        return final

    def paths(self) -> list[Path]:
        """The checkpoints there are, newest first."""
        return sorted(self.folder.glob("step-*"), reverse=True)

    def newest(self) -> tuple[Path, Checkpoint, list[str]]:
        """The newest checkpoint that is whole, and what is wrong with the newer ones; raises `RunError` if none is."""
        damaged: list[str] = []
        for path in self.paths():
            try:
                return path, read(path), damaged
            except RunError as e:
                damaged.append(str(e))
        reasons = f" ({'; '.join(damaged)})" if damaged else ""
        raise RunError(f"{self.folder}: holds no checkpoint to resume from{reasons}; train anew into another --out")


def read(path: Path) -> Checkpoint:
    """A checkpoint whose every file is as it was written; raises `RunError` otherwise."""
    try:
        manifest = json.loads((path / MANIFEST).read_bytes())
        if manifest["format"] != FORMAT:
            raise RunError(f"{path}: was written by another version of aaecore ({manifest['format']})")
        groups = {name: _read_group(path, name, about) for name, about in manifest["files"].items()}
        return _complete(path, Checkpoint(groups, manifest["state"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, SafetensorError) as e:
        if isinstance(e, RunError):
            raise
        raise RunError(f"{path}: is damaged: {' '.join(str(e).split()) or type(e).__name__}") from e


def _write(folder: Path, checkpoint: Checkpoint) -> None:
    files = {}
    for name, tensors in checkpoint.groups.items():
        content = save_tensors({k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()})
        shapes = {k: [str(v.dtype).removeprefix("torch."), list(v.shape)] for k, v in tensors.items()}
        files[name] = {"sha256": hashlib.sha256(content).hexdigest(), "tensors": shapes}
        _write_file(folder / f"{name}.safetensors", content)
    manifest = {"format": FORMAT, "state": checkpoint.state, "files": files}
    _write_file(folder / MANIFEST, json.dumps(manifest, indent=1).encode())
    _sync(folder)


def _complete(path: Path, found: Checkpoint) -> Checkpoint:
    counters = [found.state[name] for name in ("stage", "epoch", "batch", "step")]
    if not found.groups.keys() >= GROUPS or any(type(n) is not int or n < 0 for n in counters):
        raise RunError(f"{path}: is damaged: it lacks some of {', '.join(sorted(GROUPS))} or where training stood")
    return found


def _read_group(path: Path, name: str, about: Mapping[str, Any]) -> dict[str, Tensor]:
    if not name.isidentifier():
        raise RunError(f"{path}: is damaged: {name!r} is no group of tensors")
    content = (path / f"{name}.safetensors").read_bytes()
    if hashlib.sha256(content).hexdigest() != about["sha256"]:
        raise RunError(f"{path}: is damaged: {name}.safetensors is not what was written")
    return load_tensors(content)


def _write_file(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Make a directory's entries survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def optimizer_tensors(optimizers: Mapping[str, torch.optim.Optimizer]) -> dict[str, Tensor]:
    """The state of optimizers as tensors by `phase/parameter/moment`."""
    return {
        f"{phase}/{i}/{moment}": value
        for phase, optimizer in optimizers.items()
        for i, moments in optimizer.state_dict()["state"].items()
        for moment, value in moments.items()
        if isinstance(value, Tensor)
    }


def fill_optimizers(optimizers: Mapping[str, torch.optim.Optimizer], tensors: Mapping[str, Tensor]) -> None:
    """Give optimizers the state that `optimizer_tensors` took."""
    for phase, optimizer in optimizers.items():
        moments: dict[int, dict[str, Tensor]] = {}
        for key, value in tensors.items():
            of, i, moment = key.rsplit("/", 2)
            if of == phase:
                moments.setdefault(int(i), {})[moment] = value
        optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})


def network_tensors(networks: Mapping[str, Module]) -> dict[str, Tensor]:
    """All parameters and buffers by `role/name`."""
    return {f"{role}/{k}": v for role, network in networks.items() for k, v in network.state_dict().items()}


def _difference(saved: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> str:
    """The first difference between what is saved and what is wanted; empty if there is none."""
    for name in sorted(saved.keys() | wanted.keys()):
        there, here = (tuple(t[name].shape) if name in t else None for t in (saved, wanted))
        if there != here:
            return f"{name} is {'absent' if there is None else there} there, {'absent' if here is None else here} here"
    return ""


def fill_networks(networks: Mapping[str, Module], tensors: Mapping[str, Tensor]) -> None:
    """Give networks what `network_tensors` took; raises `RunError` where they do not fit."""
    for role, network in networks.items():
        own = {k.removeprefix(role + "/"): v for k, v in tensors.items() if k.startswith(role + "/")}
        if difference := _difference(own, network.state_dict()):
            said = f"the saved {role} does not fit the configuration: {difference}"
            raise RunError(f"{said}; leave recipe.code, recipe.architecture and the like as they were")
        network.load_state_dict(own)
