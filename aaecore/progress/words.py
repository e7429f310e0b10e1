"""Losses, speeds and times in few words of even width."""

from __future__ import annotations

from collections.abc import Iterable

from aaecore.progress.pace import Pace

SHORT = 8
"""Letters of a name that is shown whole."""


def figures(value: float) -> str:
    """A loss in 7 characters."""
    size = abs(value)
    if size >= 10_000 or 0 < size < 0.001:
        return f"{value:7.0e}" if value < 0 else f"{value:7.1e}"
    decimals = 4 if size < 10 else 3 if size < 100 else 2 if size < 1000 else 1
    return f"{value:7.{decimals}f}"


def thousands(count: float) -> str:
    """A count in at most 5 characters or so: 950, 15.2k, 3.1M."""
    if count < 10:
        return f"{count:.1f}"
    if count < 1000:
        return f"{count:.0f}"
    return f"{count / 1e3:.1f}k" if count < 1e6 else f"{count / 1e6:.1f}M"


def duration(seconds: float | None) -> str:
    """Hours, minutes and seconds: 0:07, 12:30, 3:05:00, and days before them."""
    if seconds is None:
        return "-:--"
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    if not hours:
        return f"{minute}:{second:02}"
    days, hour = divmod(hours, 24)
    return f"{f'{days}d ' if days else ''}{hour}:{minute:02}:{second:02}"


def short_names(phases: Iterable[str]) -> dict[str, str]:
    """Phases by their names, long ones by few letters (recon, code.disc), unless those would coincide."""
    short = {phase: _short(phase) for phase in phases}
    found = list(short.values())
    return {phase: name if found.count(name) == 1 else phase for phase, name in short.items()}


def _short(phase: str) -> str:
    if len(phase) <= SHORT:
        return phase
    words = phase.replace("-", "_").split("_")
    return phase[:5] if len(words) == 1 else ".".join(word[:4] for word in words)


def loss_words(pace: Pace) -> list[str]:
    """Each phase's short name and loss."""
    losses = pace.losses()
    names = short_names(losses)
    return [f"{names[phase]} {figures(value)}" for phase, value in losses.items()]


def speed_words(pace: Pace, batch: int) -> str:
    """Images a second; a dash before it can be told."""
    return f"{thousands(pace.speed * batch) if pace.speed else '-':>5} images/s"


def time_words(pace: Pace, now: float) -> str:
    """The time left, or taken."""
    if pace.done >= pace.total:
        return f"done in {duration(pace.elapsed(now))}"
    return f"{duration(pace.left(now))} left"
