"""How fast a training goes and how its losses run, smoothed."""

from __future__ import annotations

from collections.abc import Mapping


class Pace:
    """Losses and speed of one stage; `add` is called on every step, and so does next to nothing."""

    def __init__(self, total: int, done: int, weights: Mapping[str, float]) -> None:
        """`total` steps in the stage, of which `done` are taken; the weights of losses by `phase/term`."""
        self.total = total
        self.done = done
        self.speed = 0.0
        """Steps a second, lately."""
        self._weights = weights
        self._sums: dict[str, list[float]] = {}
        self._means: dict[str, float] = {}
        self._first: tuple[float, int] | None = None
        self._last = (0.0, 0)

    def add(self, losses: Mapping[str, float], now: float) -> None:
        """One more step has been taken."""
        sums = self._sums
        for name, value in losses.items():
            if name in sums:
                entry = sums[name]
                entry[0] += value
                entry[1] += 1
            else:
                sums[name] = [value, 1]
        self.done += 1
        if self._first is None:  # the first step pays for start-up, so the clock starts after it
            self._first = self._last = (now, self.done)

    def look(self, now: float, keep: float) -> None:
        """Fold in what was added since the last look, keeping a share `keep` of what was known."""
        for name, (total, count) in self._sums.items():
            self._means[name] = _fold(self._means.get(name), total / count, keep)
        self._sums.clear()
        then, done = self._last
        if self.done > done and now > then:
            self.speed = _fold(self.speed or None, (self.done - done) / (now - then), keep)
            self._last = (now, self.done)

    def losses(self) -> dict[str, float]:
        """What each phase minimises: the weighted sum of its terms, by phase."""
        phases: dict[str, float] = {}
        for name, mean in self._means.items():
            phase = name.rpartition("/")[0] or name
            phases[phase] = phases.get(phase, 0.0) + self._weights.get(name, 1.0) * mean
        return phases

    def elapsed(self, now: float) -> float:
        """Seconds since the first step."""
        return now - self._first[0] if self._first else 0.0

    def left(self, now: float) -> float | None:
        """Seconds until the stage ends, at the average speed so far; None before it can be told."""
        steps = self.done - self._first[1] if self._first else 0
        return (self.total - self.done) * self.elapsed(now) / steps if steps else None


def _fold(old: float | None, new: float, keep: float) -> float:
    return new if old is None else keep * old + (1 - keep) * new
