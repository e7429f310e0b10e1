"""What a sweep found: all trials in a table, the best of them in a few lines."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from aaecore.files import write_text
from aaecore.sweeping.axes import Axis
from aaecore.sweeping.studies import FOLDER, INTERRUPTED, REASON, values_of
from aaecore.sweeping.sweep import Objective

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

TABLE = "trials.csv"
BEST = 10
"""Trials that are shown, at most."""


def write_table(study: Study, axes: Sequence[Axis], objective: Objective, folder: Path) -> None:
    """`trials.csv`: number, state, the objective, what was set, the run directory, and why it failed."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(["trial", "state", objective.metric, *(axis.key for axis in axes), "run", "reason"])
    for trial in study.get_trials(deepcopy=False):
        values = values_of(
            trial.params or trial.system_attrs.get("fixed_params", {}), axes
        )  # the latter while it waits
        told = trial.user_attrs
        settings = [values.get(axis.key, "") for axis in axes]
        state, value = trial.state.name.lower(), "" if trial.value is None else trial.value
        writer.writerow([trial.number, state, value, *settings, told.get(FOLDER, ""), told.get(REASON, "")])
    write_text(folder / TABLE, text.getvalue())


def in_order(study: Study, objective: Objective) -> list[FrozenTrial]:
    """The trials that came to an end, the best first."""
    ended = [t for t in study.get_trials(deepcopy=False) if t.value is not None]
    return sorted(ended, key=lambda t: t.value or 0.0, reverse=objective.maximize)


def failures(study: Study) -> list[str]:
    """Why trials failed, those left out that were only interrupted."""
    reasons = [(t.number, t.user_attrs.get(REASON)) for t in study.get_trials(deepcopy=False)]
    return [f"trial {number}: {reason}" for number, reason in reasons if reason not in (None, INTERRUPTED)]


def best_lines(study: Study, axes: Sequence[Axis], objective: Objective) -> list[str]:
    """The best trials as a table, in words."""
    head = ["trial", objective.metric, *(axis.key for axis in axes), "run"]
    rows = [head, *(_row(trial, axes) for trial in in_order(study, objective)[:BEST])]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    return ["  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _row(trial: FrozenTrial, axes: Sequence[Axis]) -> list[str]:
    values = values_of(trial.params, axes)
    shown = [_short(values.get(axis.key, "")) for axis in axes]
    return [str(trial.number), f"{trial.value:.4g}", *shown, str(trial.user_attrs.get(FOLDER, ""))]


def _short(value: str) -> str:
    """A long number in four digits."""
    try:
        return f"{float(value):.4g}" if "." in value or "e" in value else value
    except ValueError:
        return value
