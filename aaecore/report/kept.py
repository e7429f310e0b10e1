"""What a finished run has left in its directory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from attrs import frozen

from aaecore.config import Config
from aaecore.errors import RunError
from aaecore.evaluation.api import EVALUATION
from aaecore.runs.directory import HISTORY
from aaecore.runs.families import is_finished, runs_of
from aaecore.runs.saved import METRICS, WEIGHTS, About, load_run_config, read_about, read_metrics


@frozen(kw_only=True)
class Kept:
    """A run directory, read; its networks are loaded only where they are needed."""

    folder: Path
    config: Config
    about: About
    figures: dict[str, float]
    """What was measured at the end of training, and by `aae evaluate`, which has the last word."""
    final: dict[str, float]
    """What was measured at the end of training, which every run has: what runs are compared by where it says it."""
    remarks: dict[str, str]
    """What the evaluation rests on, in words."""
    left_out: dict[str, str]
    """Why it has no figures of a kind."""

    @property
    def history(self) -> Path:
        """The losses of every logged step."""
        return self.folder / HISTORY


def read_run(run: str | Path) -> Kept:
    """Read a run directory; raises `RunError`, in one line, if it is not whole."""
    folder = Path(run)
    if not is_finished(folder):
        inside = runs_of(folder)
        raise RunError(f"{folder}: holds {len(inside)} runs; give one of them, {inside[0]} say")
    if not (folder / METRICS).is_file():
        raise RunError(
            f"{folder / METRICS}: no such file, so training did not end; `aae train --resume --out {folder}`"
        )
    evaluation = _read_evaluation(folder / EVALUATION)
    numbers = {k: float(v) for k, v in evaluation.items() if isinstance(v, (int, float)) and not isinstance(v, bool)}
    return Kept(
        folder=folder,
        config=load_run_config(folder),
        about=read_about(folder),
        figures={**read_metrics(folder), **numbers},
        final=read_metrics(folder),
        remarks=_words(evaluation),
        left_out=_words(evaluation.get("left_out")),
    )


def _words(table: object) -> dict[str, str]:
    return {k: v for k, v in table.items() if isinstance(v, str)} if isinstance(table, dict) else {}


def _read_evaluation(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as e:
        raise RunError(f"{path}: is not valid JSON ({e}); run `aae evaluate {path.parent}` again") from e
    return found if isinstance(found, dict) else {}


def written(run: Kept) -> float:
    """When training ended, in seconds since the epoch."""
    return (run.folder / WEIGHTS).stat().st_mtime
