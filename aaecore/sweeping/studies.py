"""What a sweep keeps on disk: an Optuna study, in a file that machines may share, or in a database. No pickle."""

from __future__ import annotations

import os
import socket
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from aaecore.errors import RunError
from aaecore.randomness import mix
from aaecore.sweeping.axes import Axis, Choices, written
from aaecore.sweeping.points import Values, combinations

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.storages import BaseStorage
    from optuna.trial import Trial

FOLDER, REASON, WORKER = "folder", "reason", "worker"
"""What is noted of a trial: the name of its run directory, why it failed, the machine and process that trains it."""
INTERRUPTED = "interrupted"


def need_optuna() -> None:
    """Say what to install where Optuna is not."""
    try:
        import optuna
    except ImportError:
        raise RunError("sweeps need Optuna; pip install 'aaecore[sweep]'") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)


def open_study(where: str, name: str, maximize: bool) -> Study:
    """The study `name` in a file or at a database's URL, made if it is not there yet."""
    from optuna.study import StudyDirection, create_study

    direction = StudyDirection.MAXIMIZE if maximize else StudyDirection.MINIMIZE
    storage = open_storage(where)
    return create_study(storage=storage, study_name=name, direction=direction, load_if_exists=True)


def open_storage(where: str) -> BaseStorage:
    """What is at a file or URL; raises `RunError` if it cannot be opened."""
    try:
        return _storage(where)
    except RunError:
        raise
    except Exception as e:  # whatever a database's driver says
        reason = _masked(" ".join(_driver(e).split())[:300], where)
        raise RunError(f"--storage {_masked(where, where)}: cannot be opened: {reason}") from None


def _driver(error: Exception) -> str:
    """What is wrong; of a driver that is not installed, its name, which Optuna keeps in the cause."""
    missing = error.__cause__ or error.__context__ or error
    if isinstance(missing, ModuleNotFoundError) and missing.name:
        return f"its driver, the Python module {missing.name}, is not installed"
    return str(error)


def _masked(text: str, where: str) -> str:
    """Without the password that a URL holds."""
    try:
        password = urlsplit(where).password
    except ValueError:  # no URL at all
        return text
    return text.replace(f":{password}@", ":***@") if password else text


def _storage(where: str) -> BaseStorage:
    from optuna.storages import JournalStorage, RDBStorage
    from optuna.storages.journal import JournalFileBackend

    if where.startswith("redis"):
        raise RunError("--storage: what Optuna keeps in Redis is pickled; give a file, or a database (sqlite:///, ...)")
    if "://" in where:
        return RDBStorage(where)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return JournalStorage(JournalFileBackend(where))


def distributions(axes: Sequence[Axis]) -> dict[str, BaseDistribution]:
    """The axes as Optuna has them."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    found: dict[str, BaseDistribution] = {}
    for axis in axes:
        if isinstance(axis, Choices):
            found[axis.key] = CategoricalDistribution(axis.values)
        elif axis.whole:
            found[axis.key] = IntDistribution(int(axis.low), int(axis.high), log=axis.log, step=int(axis.step or 1))
        else:
            found[axis.key] = FloatDistribution(axis.low, axis.high, log=axis.log, step=axis.step)
    return found


def values_of(params: Mapping[str, Any], axes: Sequence[Axis]) -> Values:
    """A trial's parameters as typed."""
    return {
        a.key: str(params[a.key]) if isinstance(a, Choices) else written(params[a.key], a.whole)
        for a in axes
        if a.key in params
    }


def enqueue_grid(study: Study, axes: Sequence[Axis]) -> None:
    """Queue every combination that is not there yet."""
    for point in combinations(axes):
        study.enqueue_trial(point, skip_if_exists=True)


def next_trial(study: Study, axes: Sequence[Axis], most: int | None, seed: int) -> Trial | None:
    """The next trial: one in the queue, or, while there are fewer than `most`, one that the search proposes."""
    from optuna.trial import TrialState

    waiting = study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
    if not waiting and (most is None or counted(study) >= most):
        return None
    study.sampler = _sampler(mix(seed, len(study.get_trials(deepcopy=False))), most or 1)
    return study.ask(distributions(axes))


def _sampler(seed: int, trials: int):  # type: ignore[no-untyped-def] # Optuna's own type, imported late
    """The tree-structured Parzen estimator; seeded by a trial's number, so that a resumed search is the same."""
    from optuna.samplers import TPESampler

    return TPESampler(seed=seed % 2**32, n_startup_trials=max(3, min(10, trials // 3)))


def counted(study: Study) -> int:
    """How many trials were asked for, those not counted that were interrupted and are queued again."""
    from optuna.trial import TrialState

    trials = study.get_trials(deepcopy=False)
    return sum(t.state != TrialState.FAIL or t.user_attrs.get(REASON, INTERRUPTED) != INTERRUPTED for t in trials)


def requeue(study: Study, params: Mapping[str, object], folder: str) -> None:
    """Queue an interrupted trial again, to go on in its folder."""
    study.enqueue_trial(dict(params), user_attrs={FOLDER: folder})


def requeue_dead(study: Study, torn: bool = False) -> None:
    """Queue again what a process of this machine was training when it was killed.

    Of a journal that was `torn`, also what nobody is noted to train.
    """
    from optuna.trial import TrialState

    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if _is_dead(str(trial.user_attrs.get(WORKER, "")), torn):
            study.tell(trial.number, state=TrialState.FAIL)
            params = trial.system_attrs.get("fixed_params", trial.params)  # the former are whole before the latter
            requeue(study, params, trial.user_attrs.get(FOLDER, f"trial-{trial.number:04d}"))


def _is_dead(noted: str, torn: bool) -> bool:
    machine, _, process = noted.rpartition(":")
    return (machine == socket.gethostname() and not _is_alive(int(process))) if noted else torn


def worker() -> str:
    """This machine and process."""
    return f"{socket.gethostname()}:{os.getpid()}"


def _is_alive(process: int) -> bool:
    try:
        with suppress(PermissionError):  # somebody else's, but there
            os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
