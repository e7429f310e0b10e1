"""Training progress for people: a live display on a terminal, a few plain lines in a log."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from time import perf_counter
from typing import TYPE_CHECKING

from aaecore.observer import Observer
from aaecore.progress.live import LiveDisplay
from aaecore.progress.pace import Pace
from aaecore.progress.words import loss_words, speed_words, time_words

if TYPE_CHECKING:
    from rich.console import Console

    from aaecore.training import Training

LINES = 10
"""Plain lines for the first stage; the k-th has a k-th of as many, so that a log stays short."""
EARLY = 15.0
"""Seconds after which a log says that training runs, however slow it is."""


class ProgressDisplay(Observer):
    """Shows stage, epoch, losses by phase, images per second and time left, on standard error.

    On a terminal that is a live display; elsewhere ten or so plain lines; nothing if `quiet`. `live`
    overrules what the console is found to be.
    """

    def __init__(self, *, quiet: bool = False, console: Console | None = None, live: bool | None = None) -> None:
        self._quiet = quiet
        self._given_console = console
        self._wanted = live
        self._pace: Pace | None = None
        self._live: LiveDisplay | None = None
        self._due = self._every = 0.0
        """The step at which the next plain line is due, and the steps from one to the next."""
        self._early = 0.0

    def stage_begin(self, t: Training) -> None:
        """Start to count."""
        self.train_end(t)
        if self._quiet:
            return
        p = t.progress
        weights = {f"{ph.name}/{n}": term.weight for ph in t.stage.phases for n, term in ph.terms.items()}
        self._pace = Pace(p.epochs * p.steps_per_epoch, p.step, weights)
        console = self._console()
        if self._is_live(console):
            self._live = LiveDisplay(console, self._pace)
        self._plan_lines(t, self._pace)

    def step_end(self, t: Training, losses: Mapping[str, float]) -> None:
        """Count the step; once in a while, show where training stands."""
        pace = self._pace
        if pace is None:
            return
        now = perf_counter()
        pace.add(losses, now)
        try:
            self._show(t, pace, now)
        except OSError:  # the terminal is gone, which is no reason to stop
            self._live = self._pace = None

    def train_end(self, t: Training) -> None:
        """Leave the terminal as it was, whatever happened."""
        if self._live is not None:
            with suppress(OSError):
                self._live.close()
        self._live = self._pace = None

    def _show(self, t: Training, pace: Pace, now: float) -> None:
        if self._live is not None:
            if now >= self._live.due or pace.done == pace.total:
                self._live.refresh(_where(t), t.batch, now)
        elif pace.done >= self._due or now >= self._early or pace.done == pace.total:
            self._print(t, pace, now)

    def _plan_lines(self, t: Training, pace: Pace) -> None:
        lines = max(1, LINES // (t.stage_index + 1))
        per_epoch = t.progress.epochs <= lines
        self._every = t.progress.steps_per_epoch if per_epoch else pace.total / lines
        self._due = pace.done + self._every
        self._early = perf_counter() + EARLY

    def _print(self, t: Training, pace: Pace, now: float) -> None:
        pace.look(now, keep=0.0)
        self._early = float("inf")
        while self._due <= pace.done:
            self._due += self._every
        percent = f"{100 * pace.done // pace.total:3d}%"
        words = [_where(t), percent, *loss_words(pace), speed_words(pace, t.batch), time_words(pace, now)]
        self._console().print("  ".join(words), markup=False, highlight=False, soft_wrap=True)

    def _console(self) -> Console:
        from rich.console import Console

        if self._given_console is None:
            self._given_console = Console(stderr=True)
        return self._given_console

    def _is_live(self, console: Console) -> bool:
        """Whether this is a terminal; FORCE_COLOR, set by many a build server, makes no log one."""
        if self._wanted is not None:
            return self._wanted
        return console.file.isatty() and not console.is_dumb_terminal


def _where(t: Training) -> str:
    width = len(str(t.progress.epochs))
    return f"{t.stage.name}  epoch {t.progress.epoch + 1:{width}d}/{t.progress.epochs}"
