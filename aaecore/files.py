"""Files written whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from aaecore.errors import RunError
from aaecore.interrupts import whole


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file atomically; raises `RunError` if it cannot be written."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")  # opened plainly, so that others may read it too
    try:
        with whole():
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
    except OSError as e:
        with suppress(OSError):
            temporary.unlink()
        raise RunError(f"{path}: cannot be written: {e.strerror}; nothing was changed") from e


def write_text(path: Path, content: str) -> None:
    """`write_bytes` in UTF-8."""
    write_bytes(path, content.encode())
