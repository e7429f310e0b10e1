"""Where the command `aae` starts: it imports next to nothing before an interrupt has its answer."""

from __future__ import annotations

import os
import signal

TYPE_CHECKING = False  # `typing` alone would take longer to import than all that is here
if TYPE_CHECKING:
    from types import FrameType


def main() -> None:
    """Run `aae` and exit (see `aaecore.cli`); Ctrl-C ends it in one line, however early it comes."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, leave)
    from aaecore.cli import main as run

    run()


def leave(number: int, frame: FrameType | None) -> None:
    """End the process at once: an exception could be swallowed by a library that is just being imported."""
    os.write(2, b"\naae: interrupted\n")
    os._exit(130)
