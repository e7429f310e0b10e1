"""A sweep's own journal after a power cut: a torn last line is cut off, for whoever appends would extend it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aaecore.errors import RunError


def mend(path: Path) -> int:
    """Cut off a last line that was not written to its end; how many bytes it had. Other damage is a `RunError`."""
    if not path.exists():
        return 0
    with _locked(path), path.open("r+b") as file:
        lines = file.read().splitlines(keepends=True)
        torn = len(lines[-1]) if lines and not lines[-1].endswith(b"\n") else 0
        _check(lines[:-1] if torn else lines, path)
        if torn:
            file.truncate(sum(map(len, lines)) - torn)
    return torn


def _check(lines: list[bytes], path: Path) -> None:
    for number, line in enumerate(lines, start=1):
        try:
            json.loads(line)
        except ValueError as e:
            raise RunError(f"{path}: line {number} is damaged; restore the file, or begin another sweep") from e


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Nobody else appends meanwhile."""
    from optuna.storages.journal import JournalFileSymlinkLock

    lock = JournalFileSymlinkLock(str(path))
    lock.acquire()
    try:
        yield
    finally:
        lock.release()
