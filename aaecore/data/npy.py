"""Reading .npy and .npz files anybody may have written: nothing is unpickled, no header is trusted."""

from __future__ import annotations

import math
import struct
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import IO, Any

import numpy as np
from attrs import frozen
from numpy.lib import format as npy

from aaecore.data.samples import Array
from aaecore.errors import DataError, suggest

_BOMB_BYTES = 1 << 30
_BOMB_RATIO = 200


@frozen
class Mapped:
    """An array lying in a file at `offset`, opened anew where it is used, so that workers can be sent it."""

    path: str
    offset: int
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran: bool = False

    def open(self) -> Array:
        """The array, mapped into memory read-only."""
        if 0 in self.shape:
            return np.empty(self.shape, self.dtype)
        order = "F" if self.fortran else "C"
        return np.memmap(self.path, self.dtype, "r", self.offset, self.shape, order)  # type: ignore[call-overload,no-any-return]


def read_npy(path: Path) -> Mapped:
    """The array in a .npy file, not yet read."""
    try:
        with path.open("rb") as file:
            return _mapped(file, path.stat().st_size, path, path.name)
    except OSError as error:
        raise unreadable(path, error) from None


def read_npz(path: Path, choices: Collection[str]) -> dict[str, Array | Mapped]:
    """The arrays of a .npz file by name, all among `choices`; those not compressed are not yet read."""
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            members = _members(archive, path, choices)
            return {key: _member(archive, info, file, path) for key, info in members.items()}
    except OSError as error:
        raise unreadable(path, error) from None
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        struct.error,
    ) as error:
        raise DataError(f"{path}: not a readable .npz file ({error}); write it anew with np.savez") from None


def unreadable(path: Path, error: OSError) -> DataError:
    """The error for a file the system refuses."""
    if isinstance(error, FileNotFoundError):
        return DataError(f"{path}: no such file; check the path, which is relative to {Path.cwd()}")
    return DataError(f"{path}: cannot be read ({error.strerror or error}); check the file and its permissions")


def _members(archive: zipfile.ZipFile, path: Path, choices: Collection[str]) -> dict[str, zipfile.ZipInfo]:
    found: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        key = info.filename.removesuffix(".npy")
        if key == info.filename:
            raise DataError(f"{path}: holds {info.filename!r}, so it is a zip of another kind; write it with np.savez")
        if key not in choices:
            raise DataError(
                f"{path}: unknown array {key!r}; samples are called x and labels y; {suggest(key, choices)}"
            )
        if key in found:
            raise DataError(f"{path}: holds two arrays named {key!r}; write it anew with np.savez")
        found[key] = info
    return found


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, file: IO[bytes], path: Path) -> Array | Mapped:
    name = f"{path.name}: {info.filename.removesuffix('.npy')}"
    if info.file_size > max(_BOMB_BYTES, _BOMB_RATIO * info.compress_size):
        raise DataError(
            f"{name} unpacks to {info.file_size / 1e9:.1f} GB from {info.compress_size / 1e6:.1f} MB, "
            "as only a zip bomb or an almost empty array does; if it is yours, write it with np.savez"
        )
    with archive.open(info) as member:
        header = _mapped(member, info.file_size, path, name)
        if info.compress_type == zipfile.ZIP_STORED:
            return _stored(info, header, file, path)
        return np.ndarray(header.shape, header.dtype, member.read(), order="F" if header.fortran else "C")


def _stored(info: zipfile.ZipInfo, header: Mapped, file: IO[bytes], path: Path) -> Mapped:
    # The local header repeats the name and may have extra fields of another length than the directory's.
    file.seek(info.header_offset)
    name_length, extra_length = struct.unpack("<26xHH", file.read(30))
    start = info.header_offset + 30 + name_length + extra_length + header.offset
    if start + header.dtype.itemsize * math.prod(header.shape) > path.stat().st_size:
        raise zipfile.BadZipFile("truncated")
    return Mapped(str(path), start, header.dtype, header.shape, header.fortran)


def _mapped(file: IO[bytes], size: int, path: Path, name: str) -> Mapped:
    try:
        version = npy.read_magic(file)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = read(file)
    except ValueError as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{name}: not a readable .npy array ({reason}); write it anew with np.save") from None
    if dtype.hasobject:
        raise DataError(
            f"{name}: holds Python objects, which are never unpickled; save numbers, e.g. x.astype(np.float32)"
        )
    claimed, there = math.prod(shape) * dtype.itemsize, size - file.tell()
    if claimed != there or min(shape, default=0) < 0:
        raise DataError(
            f"{name}: shape {shape} takes {claimed} bytes but {there} are there; the file is damaged, copy it anew"
        )
    return Mapped(str(path), file.tell(), dtype, shape, fortran)
