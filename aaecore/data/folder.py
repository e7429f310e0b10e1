"""Folders of images by class."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from attrs import frozen

from aaecore.data.decoding import image_source
from aaecore.data.images import ImageFiles
from aaecore.data.npy import unreadable
from aaecore.data.table import Table
from aaecore.errors import DataError, suggest

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")


@frozen
class _Found:
    """Images of one split: paths, and for each the index of its class."""

    paths: tuple[str, ...]
    y: tuple[int, ...]
    classes: tuple[str, ...]


def read_folder(path: Path, size: int | None) -> tuple[Table, Table | None, tuple[str, ...] | None]:
    """Training images, test images if the folder has exactly `train` and `test` (or `val`), and the classes.

    A class is a sub-folder; images directly in the folder are unlabelled.
    """
    splits = {p.name: p for p in _folders(path)}
    if set(splits) not in ({"train", "test"}, {"train", "val"}) or _images(path):
        found = _find(path)
        return _table(found, size), None, found.classes or None
    train = _find(splits.pop("train"))
    test_path = splits.popitem()[1]
    return (
        _table(train, size),
        _table(_renumbered(_find(test_path), train, test_path), size),
        train.classes or None,
    )


def _find(path: Path) -> _Found:
    folders, loose = _folders(path), _images(path)
    if folders and loose:
        raise DataError(
            f"{path}: has both sub-folders and images ({Path(loose[0]).name}, ...); "
            "keep either a sub-folder for each class or unlabelled images alone"
        )
    by_class = {folder.name: _images_below(folder) for folder in folders}
    empty = [name for name, paths in by_class.items() if not paths]
    if not loose and len(empty) == len(folders):
        raise DataError(
            f"{path}: no images in it or its sub-folders; a sub-folder for each class holds " + ", ".join(ENDINGS)
        )
    if empty:
        raise DataError(
            f"{path}: sub-folder {empty[0]!r} has no images ({', '.join(ENDINGS)}); fill it or take it away"
        )
    paths = (*loose, *(p for found in by_class.values() for p in found))
    y = tuple(k for k, found in enumerate(by_class.values()) for _ in found)
    return _Found(paths, y, tuple(by_class))


def _renumbered(test: _Found, train: _Found, path: Path) -> _Found:
    strange = sorted(set(test.classes) - set(train.classes))
    if strange:
        raise DataError(f"{path}: class {strange[0]!r} has no training images; {suggest(strange[0], train.classes)}")
    return _Found(test.paths, tuple(train.classes.index(test.classes[k]) for k in test.y), train.classes)


def _table(found: _Found, size: int | None) -> Table:
    y = np.array(found.y, dtype=np.int64) if found.y else None
    return Table(x=image_source(ImageFiles(found.paths), size), y=y)


def _folders(path: Path) -> list[Path]:
    return sorted(p for p in _entries(path) if p.is_dir())


def _images(path: Path) -> list[str]:
    return sorted(str(p) for p in _entries(path) if p.suffix.lower() in ENDINGS and p.is_file())


def _images_below(path: Path) -> list[str]:
    return [image for folder, _, _ in sorted(os.walk(path)) for image in _images(Path(folder))]


def _entries(path: Path) -> list[Path]:
    try:
        return [p for p in path.iterdir() if not p.name.startswith(".")]
    except NotADirectoryError:
        raise DataError(
            f"{path}: is a file, not a folder of images; arrays are given as PATH.npz or PATH.npy"
        ) from None
    except OSError as error:
        raise unreadable(path, error) from None
