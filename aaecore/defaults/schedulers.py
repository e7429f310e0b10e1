"""Phase schedulers every paper needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import frozen

from aaecore.phase import Phase, Progress
from aaecore.scheduler import PhaseScheduler


@frozen(kw_only=True)
class Sequential(PhaseScheduler):
    """Every phase once, in the recipe's order."""

    def plan(self, phases: Sequence[Phase], progress: Progress) -> Iterable[Phase]:
        """The phases as they are."""
        return phases
