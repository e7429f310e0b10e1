"""The live display of one stage on a terminal: a bar, and the losses under it."""

from __future__ import annotations

import sys
from time import perf_counter
from typing import TYPE_CHECKING

from aaecore.progress.pace import Pace
from aaecore.progress.words import loss_words, speed_words, time_words

if TYPE_CHECKING:
    from rich.console import Console

REFRESH = 0.25
"""Seconds between two refreshes."""


class LiveDisplay:
    """Shows a `Pace` from now until it is closed; whoever owns it calls `refresh` when that is `due`."""

    def __init__(self, console: Console, pace: Pace) -> None:
        from rich.live import Live
        from rich.progress import BarColumn, Progress, TextColumn

        where, percent = TextColumn("{task.description}"), TextColumn("{task.percentage:>3.0f}%")
        words = TextColumn("{task.fields[words]}", style="cyan")
        self._pace = pace
        self._bar = Progress(where, BarColumn(bar_width=24), percent, words, auto_refresh=False)
        self._task = self._bar.add_task("", total=pace.total, completed=pace.done, words="")
        # What is printed to a file or a pipe meanwhile must go there, not to the terminal.
        redirect = sys.stdout.isatty()
        self._live = Live(self._bar, console=console, auto_refresh=False, redirect_stdout=redirect)
        self._live.start()
        self.due = 0.0

    def refresh(self, where: str, batch: int, now: float) -> None:
        """Show where training stands."""
        from rich.columns import Columns
        from rich.console import Group

        pace = self._pace
        pace.look(now, keep=0.7)
        words = f"{speed_words(pace, batch)}  {time_words(pace, now)}"
        self._bar.update(self._task, completed=pace.done, description=where, words=words)
        losses = Columns(loss_words(pace), padding=(0, 2))
        self._live.update(Group(self._bar, losses), refresh=True)
        self.due = perf_counter() + REFRESH

    def close(self) -> None:
        """Leave what is shown, and give the cursor back."""
        self._live.stop()
