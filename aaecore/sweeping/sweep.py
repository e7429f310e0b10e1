"""A sweep: trials one after another, each a run directory; one that fails is noted, and the sweep goes on."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import field, frozen

from aaecore.config import Config
from aaecore.data import load_data
from aaecore.errors import AAEError, RunError, suggest
from aaecore.evaluation.final import final_figures
from aaecore.runs.families import begun, is_finished
from aaecore.runs.saved import read_metrics
from aaecore.runs.session import Session
from aaecore.sweeping.axes import Axis
from aaecore.sweeping.points import Base, config_of
from aaecore.sweeping.studies import (
    FOLDER,
    INTERRUPTED,
    REASON,
    WORKER,
    next_trial,
    requeue,
    values_of,
    worker,
)

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import Trial

USUAL = ("classification_error", "clustering_error", "reconstruction_mse")
"""What is minimised unless it is said: the first of these that recipe and data have."""
ALWAYS = ("seconds", "images_per_second")


@frozen
class Objective:
    """A figure, and whether more of it is better."""

    metric: str
    maximize: bool = False

    @property
    def words(self) -> str:
        """As it is typed."""
        return self.metric + (":max" if self.maximize else "")


def parse_objective(text: str) -> Objective:
    """`METRIC`, `METRIC:min` or `METRIC:max`."""
    metric, _, direction = text.partition(":")
    if not metric or direction not in ("", "min", "max"):
        raise RunError(f"--objective {text!r}: expected METRIC, which is minimised, or METRIC:max")
    return Objective(metric, direction == "max")


def objective_for(text: str | None, configs: Sequence[Config]) -> Objective:
    """The objective, checked against the figures of a model that has not been trained."""
    known = _figures(configs)
    if text is None:
        usual = [name for name in USUAL if name in known]
        if not usual:
            raise RunError(f"what to minimise must be said with --objective; choose from: {', '.join(known)}")
        return Objective(usual[0])
    objective = parse_objective(text)
    if objective.metric not in known:
        raise RunError(f"--objective: there is no figure {objective.metric!r}; {suggest(objective.metric, known)}")
    return objective


def _figures(configs: Sequence[Config]) -> list[str]:
    """What is measured, of the first configuration that can be trained."""
    problem: AAEError | None = None
    for config in configs:
        try:
            data = load_data(config.data, config.run.seed)
            return [*final_figures(Session(config=config, data=data).prepared().model, data), *ALWAYS]
        except AAEError as e:
            problem = problem or e
    assert problem is not None
    raise problem


@frozen(kw_only=True)
class Sweep:
    """What to vary, how often to try, and where the runs go."""

    base: Base
    axes: Sequence[Axis]
    objective: Objective
    folder: Path
    name: str
    trials: int | None
    """How many trials a search has; None for a grid."""
    quiet: bool = False
    log_with: Sequence[str] = field(default=())

    def run(self, study: Study) -> None:
        """Train until nothing is left to try; an interrupted trial is queued again, and the interrupt passed on."""
        seed = self.base([]).run.seed
        while (trial := next_trial(study, self.axes, self.trials, seed)) is not None:
            self._attempt(study, trial)

    def _attempt(self, study: Study, trial: Trial) -> None:
        from optuna.trial import TrialState

        name = trial.user_attrs.get(FOLDER) or f"trial-{trial.number:04d}"
        folder = self.folder / name
        trial.set_user_attr(FOLDER, name)
        trial.set_user_attr(WORKER, worker())
        try:
            value = self._value(trial, folder)
        except KeyboardInterrupt:
            trial.set_user_attr(REASON, INTERRUPTED)
            study.tell(trial, state=TrialState.FAIL)
            requeue(study, trial.params, name)
            raise
        except Exception as e:  # one bad trial must not end a night's work
            reason = str(e) if isinstance(e, AAEError) else f"{type(e).__name__}: {e}"
            trial.set_user_attr(REASON, " ".join(reason.split())[:500])
            study.tell(trial, state=TrialState.FAIL)
            self._say(f"trial {trial.number} failed: {reason}")
        else:
            study.tell(trial, value)
            self._say(f"trial {trial.number}: {self.objective.metric} {value:.4g} (best {study.best_value:.4g})")

    def _value(self, trial: Trial, folder: Path) -> float:
        values = values_of(trial.params, self.axes)
        self._say(f"trial {trial.number}: {', '.join(f'{key}={value}' for key, value in values.items())}")
        figures = read_metrics(folder) if is_finished(folder) else self._train(config_of(self.base, values), folder)
        value = figures.get(self.objective.metric)
        if value is None or not isfinite(value):
            raise RunError(f"{self.objective.metric} is {'not measured' if value is None else value} there")
        return value

    def _train(self, config: Config, folder: Path) -> dict[str, float]:
        session = Session(
            config=config,
            data=load_data(config.data, config.run.seed),
            out=folder,
            name=self.name,
            resume=begun(folder),
            quiet=self.quiet,
            log_with=self.log_with,
        )
        return session.run()[0].metrics

    def _say(self, words: str) -> None:
        if not self.quiet:
            print(words, file=sys.stderr)
