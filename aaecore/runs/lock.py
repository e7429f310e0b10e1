"""One training at a time in a run directory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EAGAIN, EWOULDBLOCK
from pathlib import Path

from aaecore.errors import RunError

try:
    from fcntl import LOCK_EX, LOCK_NB, flock
except ImportError:  # not a Unix
    flock = None  # type: ignore[assignment]


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Nobody else trains in `folder` meanwhile; raises `RunError` where somebody does.

    The lock ends with the process, however that ends. A file system that knows no locks is trusted.
    """
    if flock is None or not folder.is_dir():
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            flock(descriptor, LOCK_EX | LOCK_NB)
        except OSError as e:
            if e.errno in (EAGAIN, EWOULDBLOCK):
                raise RunError(f"{folder}: another process is training in it; wait for it, or end it") from e
        yield
    finally:
        os.close(descriptor)
