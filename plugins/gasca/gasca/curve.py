"""What growing costs and yields: held-out error of the whole stack, and the ledger of optimizer steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from time import perf_counter

from attrs import frozen

from aaecore.metrics import reconstruction_mse
from aaecore.observer import Observer
from aaecore.training import Training
from gasca.stackings import LevelStage

MOST = 2000
"""Held-out samples that errors are measured on, at most."""


@frozen
class Point:
    """Where training stood once."""

    stage: str
    depth: int
    """k; 0 for the full networks without levels."""
    begins: bool
    """Whether the stage had yet to begin: before `finetune-k`, that is the error accumulated over k levels."""
    steps: int
    """Steps of encoder and decoder so far."""
    seconds: float
    """Spent training so far, without these measurements."""
    mse: float
    """Held-out error of the stack, per pixel."""


class Curve(Observer):
    """Measures the whole stack on images at every stage's beginning and every epoch's end.

    `points` holds the measurements, `steps` counts optimizer steps by stage and network.
    """

    def __init__(self) -> None:
        self.points: list[Point] = []
        self.steps: dict[str, Counter[str]] = {}
        self._resumed = perf_counter()
        self._seconds = 0.0

    def train_begin(self, t: Training) -> None:
        """Start the clock."""
        self._resumed = perf_counter()

    def stage_begin(self, t: Training) -> None:
        """Measure what the last stage left."""
        self.steps[t.stage.name] = Counter()
        self._measure(t, begins=True)

    def step_end(self, t: Training, losses: Mapping[str, float]) -> None:
        """Count."""
        ran = {name.partition("/")[0] for name in losses}
        plan = t.recipe.scheduler.plan(t.stage.phases, t.progress)
        self.steps[t.stage.name].update(role for phase in plan if phase.name in ran for role in phase.moves)

    def epoch_end(self, t: Training) -> None:
        """Measure."""
        self._measure(t, begins=False)

    @property
    def steps_of_autoencoder(self) -> int:
        """Steps that moved the decoder, over all stages: the budget at which strategies are compared."""
        return sum(steps["decoder"] for steps in self.steps.values())

    def _measure(self, t: Training, *, begins: bool) -> None:
        self._seconds += perf_counter() - self._resumed
        depth = t.stage.depth if isinstance(t.stage, LevelStage) else 0
        mse = heldout_mse(t)
        steps = self.steps_of_autoencoder
        self.points.append(Point(t.stage.name, depth, begins, steps, self._seconds, mse))
        self._resumed = perf_counter()


def heldout_mse(t: Training) -> float:
    """Error of the running stage's stack between reconstructions and targets, on held-out data if there is any."""
    judged = t.data.heldout or t.data
    rows = range(min(MOST, len(judged)))
    target = judged.x if judged.target is None else judged.target
    labels = None if judged.y is None else judged.y[: len(rows)]
    return reconstruction_mse(target.take(rows), t.running.reconstruct(judged.x.take(rows), labels=labels))
