"""n-iter: discriminators learn more often than the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import field, frozen
from attrs.validators import ge

from aaecore.phase import Phase, Progress
from aaecore.scheduler import PhaseScheduler


@frozen(kw_only=True)
class NIter(PhaseScheduler):
    """Every discriminator phase n times on each batch, each time against fresh codes.

    n: how often; 1 is no change.
    """

    n: int = field(default=3, validator=ge(1))

    def plan(self, phases: Sequence[Phase], progress: Progress) -> Iterable[Phase]:
        """The recipe's order, the discriminators repeated where they stand."""
        for phase in phases:
            yield from [phase] * (self.n if phase.role == "discriminator" else 1)
