"""Progress of what is not a training: steps of a known number, shown or not."""

from __future__ import annotations

import sys
from collections.abc import Iterator


class Steps:
    """Counts and shows nothing."""

    def over(self, total: int, what: str) -> Iterator[int]:
        """0 to total - 1; `what` says what is done meanwhile."""
        yield from range(total)


class ShownSteps(Steps):
    """Shows a bar on standard error while it counts; where that is no terminal, one line."""

    def over(self, total: int, what: str) -> Iterator[int]:
        """0 to total - 1, under a bar labelled `what`."""
        from rich.console import Console
        from rich.progress import track

        console = Console(stderr=True)
        if not sys.stderr.isatty() or console.is_dumb_terminal:
            console.print(f"{what} ...", markup=False, highlight=False, soft_wrap=True)
            yield from range(total)
        else:
            yield from track(range(total), what, console=console, transient=True)
