"""What samples are asked for by on the command line: a class by name, condition vectors in a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from aaecore.data.npy import Mapped, read_npy, read_npz
from aaecore.errors import DataError, suggest
from aaecore.model import Model

KEYS = ("condition", "x", "y", "target")
"""Arrays that a file with conditions may hold, as those of training data do."""
DIGITS = 9
"""Of the number of a class, at most."""


def label_named(model: Model, label: str | None) -> int | None:
    """A class by its name, or a class or cluster by its number."""
    names = model.label_names
    if label is None or label in names:
        return None if label is None else names.index(label)
    if label.isdecimal() and len(label) > DIGITS:
        raise DataError(f"--label {label[:40]}: no class or cluster has such a number")
    if label.isdecimal() or not names:
        return int(label) if label.isdecimal() else 0  # a model without labels refuses any
    raise DataError(f"--label {label}: no such class; {suggest(label, names)}")


def check_means(model: Model, label: str | None, cluster: str | None) -> None:
    """Refuse to take a cluster for a class, or a class for a cluster, of which the same number means another thing."""
    clusters = model.recipe.predicts == "clusters"
    if label is not None and clusters:
        raise DataError(f"--label {label}: this run has found clusters, which are no classes; give --cluster {label}")
    if cluster is not None and not clusters and model.label_names:
        raise DataError(f"--cluster {cluster}: this run's samples have classes, not clusters; give --label {cluster}")


def condition_in(file: str | None) -> Tensor | None:
    """The condition vectors in a .npy, or under `condition` in a .npz."""
    if file is None:
        return None
    path = Path(file).expanduser()
    if path.suffix not in (".npy", ".npz"):
        raise DataError(f"--condition {file}: no file of arrays; give a .npy, or a .npz with `condition`")
    found = read_npy(path) if path.suffix == ".npy" else read_npz(path, KEYS).get("condition")
    if found is None:
        raise DataError(f"{path}: has no array `condition`")
    return torch.from_numpy(np.array(found.open() if isinstance(found, Mapped) else found))
