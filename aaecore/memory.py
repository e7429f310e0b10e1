"""What does not fit in memory, said in one line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from aaecore.errors import AAEError


def lacks_memory(error: BaseException) -> bool:
    """Whether an error says that memory was refused."""
    words = str(error).lower()
    refused = any(word in words for word in ("alloc", "out of memory", "storage size calculation overflowed"))
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and refused)


@contextmanager
def fitting(what: str, remedy: str) -> Iterator[None]:
    """Where memory is refused inside, raise `AAEError` with the remedy."""
    try:
        yield
    except (MemoryError, RuntimeError) as e:
        if not lacks_memory(e):
            raise
        raise AAEError(f"{what} not fit in memory; {remedy}") from e


def physical() -> float:
    """Bytes of memory this machine has; infinite where that is not told."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, OSError, ValueError):
        return float("inf")
