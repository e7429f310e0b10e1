"""Interrupts: never in the middle of a file, and never of what this process was told to ignore."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

Handler = Callable[[int, FrameType | None], object]

ENDINGS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Ctrl-C, what schedulers of jobs send, what a closed terminal sends."""


@contextmanager
def answered(handler: Handler, *numbers: int) -> Iterator[None]:
    """`handler` answers these signals inside, but for those that this process was told to ignore."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heeded = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, handler) for number in heeded}
    try:
        yield
    finally:
        for number, handler_before in before.items():
            signal.signal(number, handler_before)


@contextmanager
def whole() -> Iterator[None]:
    """What is begun inside is finished before a signal is answered."""
    came: list[int] = []
    with answered(lambda number, frame: came.append(number), *ENDINGS):
        yield
    for number in dict.fromkeys(came):
        signal.raise_signal(number)


def ignore_all(worker: int = 0) -> None:
    """Leave the ending of this (worker) process to the one that started it."""
    for number in ENDINGS:
        signal.signal(number, signal.SIG_IGN)
