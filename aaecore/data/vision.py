"""The data sets of torchvision, as far as they are images with a class each."""

from __future__ import annotations

import inspect
from difflib import get_close_matches
from types import ModuleType
from typing import Any

import numpy as np
from torch import Tensor

from aaecore.data.arrays import ArraySource, as_array
from aaecore.data.decoding import image_source
from aaecore.data.images import ItemImages
from aaecore.data.samples import Array
from aaecore.data.table import Table
from aaecore.errors import DataError

_TRAINING = ("train", "trainval")
_TEST = ("test", "val")
_LABEL_ATTRIBUTES = ("targets", "labels", "_labels", "y")


def read_torchvision(name: str, root: str, size: int | None) -> tuple[Table, Table | None, tuple[str, ...] | None]:
    """Training set, test set if it has one, and class names."""
    cls = _class(name, _datasets())
    accepted = inspect.signature(cls).parameters
    fixed: dict[str, Any] = {"download": False} if "download" in accepted else {}
    if "train" in accepted or name == "EMNIST":
        fixed |= {"split": "balanced"} if name == "EMNIST" else {}
        train, test = (_open(cls, root, **fixed, train=flag) for flag in (True, False))
    elif "split" in accepted:
        train, test = (_split(cls, root, fixed, splits) for splits in (_TRAINING, _TEST))
    else:
        train, test = _open(cls, root, **fixed), None
    title = f"torchvision:{name}"
    return _table(train, title, size), test and _table(test, f"{title} (test)", size), _classes(train)


def _datasets() -> ModuleType:
    try:
        from torchvision import datasets
    except ImportError:
        raise DataError('torchvision is not installed; pip install "aaecore[torchvision]"') from None
    return datasets  # type: ignore[no-any-return]


def _class(name: str, datasets: ModuleType) -> Any:
    usable = {n: c for n in datasets.__all__ if _usable(c := getattr(datasets, n), datasets)}
    if name in usable:
        return usable[name]
    lower = {n.lower(): n for n in usable}
    near = [lower[n] for n in get_close_matches(name.lower(), lower, n=3, cutoff=0.4)]
    raise DataError(
        f"torchvision:{name}: no such set of images by class; did you mean "
        f"{', '.join(near or ('MNIST', 'FashionMNIST', 'CIFAR10'))}? choose a class of "
        "torchvision.datasets that needs no more than a root folder"
    )


def _usable(cls: Any, datasets: ModuleType) -> bool:
    if not (isinstance(cls, type) and issubclass(cls, datasets.VisionDataset)) or cls is datasets.ImageFolder:
        return False
    parameters = inspect.signature(cls).parameters.values()
    needed = {p.name for p in parameters if p.default is p.empty and p.kind is not p.VAR_KEYWORD}
    return needed in ({"root"}, {"root", "split"})


def _split(cls: Any, root: str, fixed: dict[str, Any], splits: tuple[str, ...]) -> Any:
    for split in splits:
        try:
            return _open(cls, root, **fixed, split=split)
        except _UnknownSplitError:
            continue
    return None


class _UnknownSplitError(Exception):
    """The data set has no split of this name."""


def _open(cls: Any, root: str, **options: Any) -> Any:
    name = cls.__name__
    try:
        return cls(root, **options)
    except ImportError as error:
        raise DataError(f"torchvision:{name}: needs {error.name}; pip install {error.name}") from None
    except (RuntimeError, OSError) as error:
        raise DataError(_absent(name, root, options, error)) from None
    except Exception as error:  # each class reads its own files, and damaged ones raise anything
        if isinstance(error, ValueError) and "split" in str(error):
            raise _UnknownSplitError from None
        raise DataError(
            f"torchvision:{name}: its files in {root!r} are damaged ({_line(error)}); fetch them anew"
        ) from None


def _absent(name: str, root: str, options: dict[str, Any], error: Exception) -> str:
    given = "".join(f", {k}={v!r}" for k, v in {**options, "download": True}.items() if k != "download")
    fetch = f", download=True{given}" if "download" in options or name == "EMNIST" else given
    return (
        f"torchvision:{name}: not found in {root!r} ({_line(error)}); name its folder with --data-root, "
        f'or fetch it: python -c "from torchvision.datasets import {name}; {name}({root!r}{fetch})"'
    )


def _line(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__


def _table(items: Any, title: str, size: int | None) -> Table:
    held = as_array(items.data) if isinstance(getattr(items, "data", None), (np.ndarray, Tensor)) else None
    if held is not None and held.dtype == np.uint8 and len(held) == len(items) and held.ndim in (3, 4):
        return Table(x=ArraySource(held, title, size), y=_labels(items))
    return Table(x=image_source(ItemImages(items, title), size), y=_labels(items))


def _labels(items: Any) -> Array | None:
    """The class of each item; None where items have none, but attributes or captions."""
    if not _is_class(items[0][1]):
        return None
    for attribute in _LABEL_ATTRIBUTES:
        values = getattr(items, attribute, None)
        if values is not None and len(values) == len(items):
            labels = as_array(values)
            if labels.ndim == 1 and labels.dtype.kind in "iu":
                return labels.astype(np.int64)
    return np.array([int(items[i][1]) for i in range(len(items))], dtype=np.int64)


def _is_class(label: Any) -> bool:
    if isinstance(label, (Tensor, np.ndarray)):
        return label.ndim == 0 and as_array(label).dtype.kind in "iu"
    return isinstance(label, (int, np.integer))


def _classes(items: Any) -> tuple[str, ...] | None:
    names = getattr(items, "classes", None)
    if not isinstance(names, (list, tuple)) or not all(isinstance(n, str) for n in names):
        return None
    return tuple(names)
