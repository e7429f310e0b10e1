"""What `aae sweep` does: check everything, begin or go on, and say what was found."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cattrs
from attrs import evolve, frozen

from aaecore.config import Config, load_config, to_toml
from aaecore.errors import ConfigError, Interrupted, RunError
from aaecore.files import write_text
from aaecore.plugins import registry
from aaecore.runs.directory import new_run_directory
from aaecore.runs.saved import CONFIG
from aaecore.runs.trackers import check_trackers
from aaecore.sweeping.axes import Axis, Choices, parse_axes
from aaecore.sweeping.journal import mend
from aaecore.sweeping.points import Base, check_combinations
from aaecore.sweeping.results import TABLE, best_lines, failures, in_order, write_table
from aaecore.sweeping.studies import enqueue_grid, need_optuna, open_storage, open_study, requeue_dead
from aaecore.sweeping.sweep import Sweep, objective_for, parse_objective

DEFINITION = "sweep.json"
JOURNAL = "journal.jsonl"
SEARCHED = 20
"""Trials of a search, unless it is said."""


@frozen
class Definition:
    """What makes a sweep the one it is, kept beside the configuration it varies."""

    name: str
    over: list[str]
    objective: str
    trials: int | None
    storage: str | None
    """A file or a URL; None for the sweep's own file."""
    study: str
    """What it is called there."""


def sweep_command(
    recipe: str | None,
    config: str | None,
    sets: Sequence[str],
    given: Mapping[str, Any],
    *,
    over: Sequence[str],
    objective: str | None,
    trials: int | None,
    storage: str | None,
    out: str | None,
    quiet: bool,
    log_with: Sequence[str],
) -> None:
    """Begin a sweep, or join the same one in a storage that is shared."""
    check_trackers(log_with)
    axes = parse_axes(over)
    base = partial(_with, recipe, config, tuple(sets), given)
    checked = base([])
    name = registry().name_of(type(checked.recipe))
    if name is None:
        raise ConfigError("recipe", "is not registered by any plugin; a sweep needs one that is")
    configs = check_combinations(base, axes)
    need_optuna()
    if storage is not None:
        open_storage(storage)
    chosen = objective_for(objective, configs)
    folder = new_run_directory(out, f"{name}-sweep")
    searched = trials or (None if all(isinstance(axis, Choices) for axis in axes) else SEARCHED)
    study = _study_name(name, checked, over, chosen.words)
    definition = Definition(name, list(over), chosen.words, searched, _place(storage), study)
    write_text(folder / CONFIG, to_toml(checked))
    _write(definition, folder)
    _go_on(definition, axes, folder, quiet, log_with)


def resume_command(out: str, trials: int | None, quiet: bool, log_with: Sequence[str]) -> None:
    """Go on with the sweep in `out`, perhaps with more trials, perhaps beside another process."""
    need_optuna()
    check_trackers(log_with)
    folder = Path(out)
    definition = _read(folder)
    if trials is not None:
        definition = evolve(definition, trials=trials)
        _write(definition, folder)
    _go_on(definition, parse_axes(definition.over), folder, quiet, log_with)


def _study_name(name: str, config: Config, over: Sequence[str], objective: str) -> str:
    """The same on every machine that is given the same sweep."""
    told = to_toml(config, comments=False) + json.dumps([list(over), objective])
    return f"{name}-{hashlib.sha256(told.encode()).hexdigest()[:12]}"


def _place(storage: str | None) -> str | None:
    """A storage that is found from any working directory."""
    return storage if storage is None or "://" in storage else str(Path(storage).expanduser().resolve())


def _with(
    recipe: str | None, config: str | None, sets: Sequence[str], given: Mapping[str, Any], more: Sequence[str]
) -> Config:
    return load_config(recipe, config, [*sets, *more], given)


def _go_on(definition: Definition, axes: Sequence[Axis], folder: Path, quiet: bool, log_with: Sequence[str]) -> None:
    objective = parse_objective(definition.objective)
    base: Base = partial(_with, None, str(folder / CONFIG), (), {})
    where = definition.storage or str(folder / JOURNAL)
    torn = definition.storage is None and mend(folder / JOURNAL) > 0
    if torn:
        print(f"{where}: its last line was torn and is cut off; the sweep goes on", file=sys.stderr)
    study = open_study(where, definition.study, objective.maximize)
    requeue_dead(study, torn)
    if definition.trials is None:
        enqueue_grid(study, axes)
    sweep = Sweep(
        base=base,
        axes=axes,
        objective=objective,
        folder=folder,
        name=definition.name,
        trials=definition.trials,
        quiet=quiet,
        log_with=log_with,
    )
    try:
        sweep.run(study)
    except KeyboardInterrupt as e:
        raise Interrupted(f"; go on with: aae sweep --resume --out {folder}") from e
    finally:
        write_table(study, axes, objective, folder)
    if not in_order(study, objective):
        raise RunError(f"{folder}: no trial came to an end; {failures(study)[0]}")
    if not quiet:
        print("\n".join(best_lines(study, axes, objective)))
        failed = len(failures(study))
        print(f"{folder}: all trials in {TABLE}{f'; {failed} failed, the reasons are there' if failed else ''}")


def _write(definition: Definition, folder: Path) -> None:
    write_text(folder / DEFINITION, json.dumps(cattrs.unstructure(definition), indent=2) + "\n")


def _read(folder: Path) -> Definition:
    path = folder / DEFINITION
    try:
        return cattrs.structure(json.loads(path.read_text("utf-8")), Definition)
    except FileNotFoundError as e:
        raise RunError(f"{folder}: holds no sweep to resume; give the directory of one as --out") from e
    except Exception as e:  # whatever is in a file that somebody has changed
        raise RunError(f"{path}: is damaged ({' '.join(str(e).split())[:200]}); begin another sweep") from e
