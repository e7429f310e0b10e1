"""Training progress for people: a live display on a terminal, a few plain lines in a log."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from time import perf_counter
from typing import TYPE_CHECKING

from aaecore.observer import Observer
from aaecore.pace import Pace, duration, figures, short_names, thousands

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.progress import Progress as Bar

    from aaecore.training import Training

REFRESH = 0.25
"""Seconds between two refreshes of the live display."""
LINES = 10
"""Plain lines for the first stage; the k-th has a k-th of as many, so that a log stays short."""
EARLY = 15.0
"""Seconds after which a log says that training runs, however slow it is."""


class ProgressDisplay(Observer):
    """Shows stage, epoch, losses by phase, images per second and time left, on standard error.

    On a terminal that is a live display; elsewhere ten or so plain lines; nothing if `quiet`. `live`
    overrules what the console is found to be.
    """

    def __init__(
        self, *, quiet: bool = False, console: Console | None = None, live: bool | None = None
    ) -> None:
        self._quiet = quiet
        self._console = console
        self._wanted = live
        self._pace: Pace | None = None
        self._live: Live | None = None
        self._due = 0.0
        """When the live display is refreshed next, or at which step the next line is due."""

    def stage_begin(self, t: Training) -> None:
        """Start to count."""
        self._close()
        if self._quiet:
            return
        p = t.progress
        weights = {f"{ph.name}/{n}": term.weight for ph in t.stage.phases for n, term in ph.terms.items()}
        self._pace = Pace(p.epochs * p.steps_per_epoch, p.step, weights)
        lines = max(1, LINES // (t.stage_index + 1))
        self._every = p.steps_per_epoch if p.epochs <= lines else self._pace.total / lines
        if self._is_live():
            self._open()
        else:
            self._early: float = perf_counter() + EARLY
            self._due = p.step + self._every

    def step_end(self, t: Training, losses: Mapping[str, float]) -> None:
        """Count the step; once in a while, show where training stands."""
        pace = self._pace
        if pace is None:
            return
        now = perf_counter()
        pace.add(losses, now)
        if self._live is not None:
            if now >= self._due or pace.done == pace.total:
                self._refresh(t, pace, now)
        elif pace.done >= self._due or now >= self._early or pace.done == pace.total:
            self._print(t, pace, now)

    def train_end(self, t: Training) -> None:
        """Leave the terminal as it was, whatever happened."""
        self._close()

    # ---- plain lines

    def _print(self, t: Training, pace: Pace, now: float) -> None:
        pace.look(now, keep=0.0)
        self._early = float("inf")
        while self._due <= pace.done:
            self._due += self._every
        parts = [_where(t), f"{100 * pace.done // pace.total:3d}%", *_losses(pace), _speed(t, pace)]
        parts.append(_time(pace, now))
        self._shown_on().print("  ".join(parts), markup=False, highlight=False, soft_wrap=True)

    # ---- the live display

    def _open(self) -> None:
        from rich.live import Live
        from rich.progress import BarColumn, Progress, TextColumn

        columns = [
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f}%"),
        ]
        self._bar: Bar = Progress(
            *columns, TextColumn("{task.fields[pace]}", style="cyan"), auto_refresh=False
        )
        assert self._pace is not None
        self._task = self._bar.add_task("", total=self._pace.total, completed=self._pace.done, pace="")
        # What is printed to a file or a pipe meanwhile must go there, not to the terminal.
        tty = sys.stdout.isatty()
        self._live = Live(self._bar, console=self._shown_on(), auto_refresh=False, redirect_stdout=tty)
        self._live.start()
        self._due = 0.0

    def _refresh(self, t: Training, pace: Pace, now: float) -> None:
        from rich.columns import Columns
        from rich.console import Group

        assert self._live is not None
        pace.look(now, keep=0.7)
        words = f"{_speed(t, pace)}  {_time(pace, now)}"
        self._bar.update(self._task, completed=pace.done, description=_where(t), pace=words)
        self._live.update(Group(self._bar, Columns(_losses(pace), padding=(0, 2))), refresh=True)
        self._due = perf_counter() + REFRESH

    def _close(self) -> None:
        if self._live is not None:
            self._live.stop()
        self._live = self._pace = None

    # ---- the console

    def _shown_on(self) -> Console:
        from rich.console import Console

        if self._console is None:
            self._console = Console(stderr=True)
        return self._console

    def _is_live(self) -> bool:
        """Whether this is a terminal; FORCE_COLOR, set by many a build server, makes no log one."""
        if self._wanted is not None:
            return self._wanted
        console = self._shown_on()
        return console.file.isatty() and not console.is_dumb_terminal


def _where(t: Training) -> str:
    width = len(str(t.progress.epochs))
    return f"{t.stage.name}  epoch {t.progress.epoch + 1:{width}d}/{t.progress.epochs}"


def _losses(pace: Pace) -> list[str]:
    losses = pace.losses()
    names = short_names(losses)
    return [f"{names[phase]} {figures(value)}" for phase, value in losses.items()]


def _speed(t: Training, pace: Pace) -> str:
    return f"{thousands(pace.speed * t.batch):>5} images/s"


def _time(pace: Pace, now: float) -> str:
    if pace.done >= pace.total:
        return f"done in {duration(pace.elapsed(now))}"
    return f"{duration(pace.left(now))} left"
