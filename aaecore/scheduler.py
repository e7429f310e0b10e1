"""Which phases run on a batch, how often and with what weight."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import ClassVar

from aaecore.part import Part
from aaecore.phase import Phase, Progress


class PhaseScheduler(Part):
    """Orders, repeats, weighs or leaves out a recipe's phases on each batch."""

    kind: ClassVar[str] = "scheduler"

    def plan(self, phases: Sequence[Phase], progress: Progress) -> Iterable[Phase]:
        """The phases to run on this batch, in order; one given twice runs twice, with fresh noise.

        A function of its arguments: it is asked about batches to come as well, and a resumed training asks anew.
        """
        raise NotImplementedError

    def phase_names(self) -> Collection[str]:
        """Names of phases (or roles) its configuration mentions; those a recipe lacks are refused."""
        return ()
