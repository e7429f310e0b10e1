"""Class labels: what is accepted, which are kept, how a share is held out."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from aaecore.data.samples import Array
from aaecore.errors import DataError
from aaecore.randomness import Draw


def as_labels(values: Array, name: str) -> Array:
    """int64 labels (N,), -1 meaning unlabelled."""
    if values.ndim != 1:
        raise DataError(
            f"{name}: labels have shape {values.shape}, not (N,); one-hot rows become labels by y.argmax(1)"
        )
    if values.dtype.kind not in "biu":
        raise DataError(f"{name}: labels are {values.dtype}, not integers; convert them, e.g. y.astype(int)")
    if values.size and (values.min() < -1 or values.max() > np.iinfo(np.int64).max):
        raise DataError(f"{name}: label {values.min()} is none; labels count from 0, and -1 means unlabelled")
    return values.astype(np.int64)


def count_classes(y: Array, name: str, *, gaps: bool = False) -> int:
    """The number of classes K, all of 0 .. K-1 being there unless `gaps` may be; 0 if nothing is labelled."""
    present = np.unique(y[y >= 0])
    if not present.size or gaps or present[-1] == present.size - 1:
        return int(present[-1]) + 1 if present.size else 0
    missing = _first_gaps(present.tolist())
    raise DataError(
        f"{name}: labels reach {present[-1]} but {missing} never occur; renumber them, "
        "y[y >= 0] = np.unique(y[y >= 0], return_inverse=True)[1]"
    )


def _first_gaps(present: list[int], most: int = 5) -> str:
    gaps: list[int] = []
    expected = 0
    for value in present:
        gaps += range(expected, min(value, expected + most + 1))
        expected = value + 1
    return ", ".join(map(str, gaps[:most])) + (", ..." if len(gaps) > most else "")


def keep_labels(y: Array, keep: int, name: str, seed: int) -> Array:
    """`y` with only `keep` labels, as many of each class as of any other; a larger `keep` keeps these too."""
    known = int((y >= 0).sum())
    classes = len(np.unique(y[y >= 0]))
    if not classes <= keep <= known:
        raise DataError(
            f"{name}: cannot keep {keep} labels, balanced, of {known} labels in {classes} classes; "
            f"choose --labels from {classes} to {known}"
        )
    rank, tie = _ranks(y, seed, "labels")
    order = np.lexsort((tie, np.where(y >= 0, rank, len(y))))
    kept = np.full_like(y, -1)
    kept[order[:keep]] = y[order[:keep]]
    return kept


def stratified(y: Array | None, n: int, share: float, seed: int) -> tuple[Array, Array]:
    """Split 0 .. n-1 into (rest, a `share` of every class), each sorted."""
    y = np.zeros(n, dtype=np.int64) if y is None else y
    rank, tie = _ranks(y, seed, "heldout")
    sizes = dict(zip(*np.unique(y, return_counts=True), strict=True))
    share_before = (rank + 0.5) / np.array([sizes[label] for label in y.tolist()])
    order = np.lexsort((tie, share_before))
    cut = round(share * n)
    return np.sort(order[cut:]), np.sort(order[:cut])


def _ranks(y: Array, seed: int, purpose: str) -> tuple[Array, Array]:
    """Each sample's place within its class after a shuffle, and its place in the shuffle."""
    shuffle = Draw(seed).purpose(purpose).permutation(len(y)).numpy()
    by_class = shuffle[np.argsort(y[shuffle], kind="stable")]
    _, first, counts = np.unique(y[by_class], return_index=True, return_counts=True)
    rank, tie = np.empty_like(y), np.empty_like(y)
    rank[by_class] = np.arange(len(y)) - np.repeat(first, counts)
    tie[shuffle] = np.arange(len(y))
    return rank, tie


def class_names(names: Any, count: int, name: str) -> tuple[str, ...]:
    """One name a class: as given, or the numbers."""
    if names is None:
        return tuple(map(str, range(count)))
    if len(names) < count:
        raise DataError(f"{name}: {len(names)} class names for {count} classes; give {count}")
    return tuple(map(str, names))


def tensor(array: Array) -> torch.Tensor:
    """A tensor of its own memory."""
    return torch.from_numpy(np.array(array, order="C"))
