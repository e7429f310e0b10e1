"""Training progress for people: a live line on a terminal, a few plain lines in a log."""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter
from typing import TYPE_CHECKING

from aaecore.observer import Observer
from aaecore.pace import Pace, duration, figures, short_names

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bar

    from aaecore.training import Training

REFRESH = 0.2
"""Seconds between two looks at the clock's hands on a terminal."""
LINES = 10
"""Plain lines for the first stage; a later one has its share of as many, so that a log stays short."""


class ProgressDisplay(Observer):
    """Shows stage, epoch, losses by phase, images per second and time left, on standard error.

    On a terminal that is one live line a stage; elsewhere about ten lines without control characters; nothing if
    `quiet`. `live` overrules what the console says it is.
    """

    def __init__(self, *, quiet: bool = False, console: Console | None = None, live: bool | None = None) -> None:
        self.quiet = quiet
        self._console = console
        self._live = live
        self._bar: Bar | None = None
        self._pace: Pace | None = None
        self._due = 0.0

    def stage_begin(self, t: Training) -> None:
        """Start a bar, or a count of lines."""
        if self.quiet:
            return
        total = t.progress.epochs * t.progress.steps_per_epoch
        weights = {f"{p.name}/{n}": term.weight for p in t.stage.phases for n, term in p.terms.items()}
        self._pace = Pace(total, t.progress.step, weights)
        self._stage_name = t.stage.name
        if self._is_live():
            self._start_bar(t, total)
