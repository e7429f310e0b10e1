"""From the name of a data source to data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from attrs import evolve

from aaecore.data.assemble import assemble
from aaecore.data.config import DataConfig
from aaecore.data.dataset import Data
from aaecore.data.folder import read_folder
from aaecore.data.npy import read_npy, read_npz
from aaecore.data.table import Given, Table, table
from aaecore.data.vision import read_torchvision
from aaecore.errors import DataError, suggest
from aaecore.memory import fitting

CHOICES = ("digits", "torchvision:NAME", "folder:PATH", "PATH.npz", "PATH.npy")
_KEYS = ("x", "y", "target", "condition")
_TEST_KEYS = tuple(f"{key}_test" for key in _KEYS)

Split = tuple[Table, Table | None, tuple[str, ...] | None]


def load_data(config: DataConfig, seed: int = 0, *, training: bool = True) -> Data:
    """Read, check and split the data `config` names; `seed` decides what is held out and kept.

    Data to use rather than to train on (not `training`) may be a single sample, alike, and without some classes.
    """
    with fitting(f"{config.source} does", "make data.size or data.channels smaller, or set data.limit"):
        train, test, classes = _read(config)
        return assemble(train, test, config, seed, classes, training=training)


def located(config: DataConfig) -> DataConfig:
    """`config` with absolute paths, so that a run can be used from any folder."""
    kind, _, rest = config.source.partition(":")
    if kind == "folder":
        return evolve(config, source=f"folder:{_absolute(rest)}")
    if kind == "torchvision":
        return evolve(config, root=_absolute(config.root))
    return evolve(config, source=_absolute(config.source)) if config.source.endswith((".npz", ".npy")) else config


def _absolute(path: str) -> str:
    return str(Path(path).expanduser().absolute())


def _read(config: DataConfig) -> Split:
    kind, _, rest = config.source.partition(":")
    path = Path(config.source).expanduser()
    if "://" in config.source:
        raise DataError(f"{config.source}: nothing is ever downloaded; fetch it yourself and give the file's path")
    if config.source == "digits":
        return _digits(config.size)
    if kind == "torchvision":
        return read_torchvision(rest, config.root, config.size)
    if kind == "folder" and rest:
        return read_folder(Path(rest).expanduser(), config.size)
    if path.suffix == ".npz":
        return _npz(path, config.size)
    if path.suffix == ".npy":
        return table(str(path), config.size, read_npy(path), None, None, None), None, None
    hint = f"a folder of images is given as folder:{path}; " if path.is_dir() else ""
    raise DataError(f"unknown data {config.source!r}; {hint}{suggest(config.source, CHOICES)}")


def _digits(size: int | None) -> Split:
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = (digits.images / 16).astype(np.float32)
    return table("digits", size, images, digits.target, None, None), None, None


def _npz(path: Path, size: int | None) -> Split:
    arrays = read_npz(path, (*_KEYS, *_TEST_KEYS))
    if "x" not in arrays:
        raise DataError(f"{path}: has no array 'x' of samples; it may hold {', '.join((*_KEYS, *_TEST_KEYS))}")
    orphans = [key for key in arrays if key in _TEST_KEYS and "x_test" not in arrays]
    if orphans:
        raise DataError(f"{path}: has {orphans[0]!r} without samples; give 'x_test' too, or leave it out")
    train, test = (_table(path, size, {key: arrays.get(key + end) for key in _KEYS}) for end in ("", "_test"))
    assert train is not None
    return train, test, None


def _table(path: Path, size: int | None, arrays: dict[str, Given | None]) -> Table | None:
    if (x := arrays["x"]) is None:
        return None
    return table(str(path), size, x, arrays["y"], arrays["target"], arrays["condition"])
