"""What watches training: progress, history, pictures, checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aaecore.training import Training


class Observer:
    """Watches training without changing it."""

    def train_begin(self, t: Training) -> None:
        """Before the first stage."""

    def stage_begin(self, t: Training) -> None:
        """Before the first batch of a stage."""

    def step_end(self, t: Training, losses: Mapping[str, float]) -> None:
        """After each batch, with its losses by `phase/term`."""

    def epoch_end(self, t: Training) -> None:
        """After the last batch of an epoch."""

    def interrupted(self, t: Training) -> None:
        """Between two batches, before training ends early because somebody asked for it."""

    def train_end(self, t: Training) -> None:
        """When training is over, also when it was interrupted."""
