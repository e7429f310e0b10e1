"""When a stage has stopped to improve."""

from __future__ import annotations

from math import inf

from attrs import define


@define
class Patience:
    """Ends a stage that has gone so many epochs without a smaller held-out error; None never ends it."""

    epochs: int | None
    best: float = inf
    since: int = 0
    """Epochs since `best`."""

    def look(self, error: float) -> None:
        """Take note of an epoch's error."""
        self.since = 0 if error < self.best else self.since + 1
        self.best = min(error, self.best)

    @property
    def spent(self) -> bool:
        """Whether the stage should end."""
        return self.epochs is not None and self.since >= self.epochs
