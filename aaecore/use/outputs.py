"""Files that commands write: pictures, arrays and tables, by the ending of their name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO, StringIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from aaecore.errors import RunError
from aaecore.files import write_bytes, write_text

Tensors = Mapping[str, Tensor]


def output(out: str, endings: Sequence[str]) -> Path:
    """The file a command will write; raises `RunError` before any work if it cannot be."""
    path = Path(out)
    if path.suffix not in endings:
        raise RunError(f"{out}: cannot be told what to write; end the name with {' or '.join(endings)}")
    if not path.parent.is_dir():
        raise RunError(f"{out}: the folder {path.parent} does not exist; make it first")
    if path.exists():
        raise RunError(f"{out}: exists already and is never overwritten; give another -o")
    return path


def write_tensors(path: Path, tensors: Tensors) -> None:
    """Write a row of each tensor a sample: to a .npz by name, to a .csv by column, or the first to a .npy."""
    arrays = {name: t.numpy() for name, t in tensors.items()}
    if path.suffix == ".csv":
        write_text(path, _csv(arrays))
        return
    file = BytesIO()
    if path.suffix == ".npy":
        np.save(file, next(iter(arrays.values())), allow_pickle=False)
    else:
        np.savez(file, allow_pickle=False, **arrays)
    write_bytes(path, file.getvalue())


def _csv(arrays: Mapping[str, NDArray[np.generic]]) -> str:
    """A line a sample; of more than one number the columns are NAME_0, NAME_1, ..."""
    columns = [column for name, array in arrays.items() for column in _columns(name, array)]
    text = StringIO()
    text.write(",".join(name for name, _ in columns) + "\n")
    for row in zip(*(values for _, values in columns), strict=True):
        text.write(",".join(row) + "\n")
    return text.getvalue()


def _columns(name: str, array: NDArray[np.generic]) -> Iterator[tuple[str, list[str]]]:
    if array.ndim == 1:
        yield name, _words(array)
        return
    flat = array.reshape(len(array), -1)
    for i in range(flat.shape[1]):
        yield f"{name}_{i}", _words(flat[:, i])


def _words(values: NDArray[np.generic]) -> list[str]:
    """Numbers in as few digits as tell them apart; yes and no as 1 and 0."""
    if values.dtype.kind == "f":
        return [np.format_float_positional(v, trim="-") if 1e-4 < abs(v) < 1e6 else str(v) for v in values]
    return [str(int(v)) for v in values]
