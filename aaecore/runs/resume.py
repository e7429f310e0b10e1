"""Going on where a run was interrupted, and only with what it was started with."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import TYPE_CHECKING, Any

from attrs import evolve
from torch.nn import Module

from aaecore.config import Config, RunConfig, to_dict
from aaecore.data import Data
from aaecore.errors import DivergenceError, Interrupted, RunError, suggest
from aaecore.files import write_text
from aaecore.interrupts import ENDINGS, answered
from aaecore.observer import Observer
from aaecore.runs.checkpoints import CHECKPOINTS, Checkpoint, Checkpoints
from aaecore.runs.directory import History
from aaecore.runs.saved import CONFIG, VERSION, load_run_config, plugins_of

if TYPE_CHECKING:
    from aaecore.training import Training

OWN = "networks"
"""What the roles of a user's own networks are called in an identity."""
AT_ONCE = 3
"""The third signal does not wait for the running batch."""


class Checkpointer(Observer):
    """Writes checkpoints at the start, by epochs, steps or minutes, when training is interrupted, and at its end."""

    def __init__(
        self, folder: Path, run: RunConfig, identity: Mapping[str, Any], config: str, history: History
    ) -> None:
        self.config = folder / CONFIG
        self._text = config
        self.checkpoints = Checkpoints(folder / CHECKPOINTS, run.checkpoints)
        self.run = run
        self.identity = identity
        self.history = history
        self._since = monotonic()

    def stage_begin(self, t: Training) -> None:
        """Write before the first step, so that there is always something to go on from."""
        if t.step == 0:
            self._write(t)

    def step_end(self, t: Training, losses: Mapping[str, float]) -> None:
        """Write, if it is time."""
        steps, minutes = self.run.checkpoint_steps, self.run.checkpoint_minutes
        if (steps and t.step % steps == 0) or (minutes and monotonic() - self._since > 60 * minutes):
            self._write(t)

    def epoch_end(self, t: Training) -> None:
        """Write, if it is time, and at the end of a stage."""
        epoch, every = t.progress.epoch + 1, self.run.checkpoint_epochs
        if (every and epoch % every == 0) or t.stage_over:
            self._write(t)

    def interrupted(self, t: Training) -> None:
        """Write what there is."""
        self._write(t)

    def _write(self, t: Training) -> None:
        check_finite({**t.model.networks, **t.stage.networks})
        taken = t.checkpoint()
        state = {**taken.state, "identity": self.identity, "history": self.history.position()}
        self.checkpoints.write(t.step, evolve(taken, state=state))
        if self._text:  # a resumed run is configured as before until there is a checkpoint of the new configuration
            write_text(self.config, self._text)
            self._text = ""
        self._since = monotonic()


def identity(config: Config, data: Data, own: Sequence[str] = ()) -> dict[str, Any]:
    """What must not change between two parts of one run, by dotted key; `own` are roles of the user's networks."""
    versions = {"aaecore": version("aaecore"), "torch": version("torch"), **plugins_of(config.recipe)}
    flat = dict(_flat("", to_dict(config)))
    known = {**flat, OWN: sorted(own), "data": data.fingerprint(), **{f"{VERSION}{k}": v for k, v in versions.items()}}
    return json.loads(json.dumps(known))  # type: ignore[no-any-return] # as it comes back from a checkpoint


def checkpoint_to_resume(folder: Path, now: Mapping[str, Any], allowed: Sequence[str]) -> tuple[Checkpoint, list[str]]:
    """The newest whole checkpoint of a run, and what to say of damaged ones; raises `RunError`.

    Refused if anything but the `allowed` keys differs from what the run was started with.
    """
    path, found, damaged = Checkpoints(folder / CHECKPOINTS).newest()
    then = found.state.get("identity")
    if not isinstance(then, dict):
        raise RunError(f"{path}: does not say what it was trained with; train again without --resume")
    keys = sorted(then.keys() | now.keys())
    for key in allowed:
        if not any(_within(k, key) for k in keys):
            raise RunError(f"--allow-change {key}: no such setting; {suggest(key, keys)}")
    done, wanted = found.state["epoch"], now["recipe.epochs"]
    if wanted < then.get("recipe.epochs", wanted) and wanted < done:  # a stage may have epochs of its own
        raise RunError(
            f"{folder}: has trained for {done} epochs, which is more than {wanted}; give --epochs {done} or more"
        )
    _refuse_other_networks(folder, then.get(OWN, []), now[OWN])
    _refuse_changes(folder, {OWN: now[OWN], **then}, now, allowed)
    return found, damaged


def _refuse_other_networks(folder: Path, then: Sequence[str], now: Sequence[str]) -> None:
    """A user's networks are in no file, so who goes on must give those roles again, and no others."""
    if sorted(then) == sorted(now):
        return
    were = f"your own {' and '.join(then)}" if then else "the recipe's networks only"
    again = f"networks={_asked(then)} and " if then else ""
    raise RunError(
        f"{folder}: was trained with {were}; go on from Python, with {again}out={str(folder)!r}, resume=True"
    )


def _asked(roles: Sequence[str]) -> str:
    return "{" + ", ".join(f'"{role}": ...' for role in roles) + "}"


def check_same_settings(folder: Path, config: Config, allowed: Sequence[str]) -> None:
    """Refuse to go on in `folder` with other settings than those in its configuration."""
    then, now = (dict(_flat("", to_dict(c))) for c in (load_run_config(folder), config))
    _refuse_changes(folder, then, now, allowed)


def _refuse_changes(folder: Path, then: Mapping[str, Any], now: Mapping[str, Any], allowed: Sequence[str]) -> None:
    keys = sorted(then.keys() | now.keys())
    changed = [k for k in keys if then.get(k) != now.get(k) and not any(_within(k, a) for a in allowed)]
    if changed:
        differences = "; ".join(f"{k} was {then.get(k)!r} and is {now.get(k)!r}" for k in changed[:3])
        ways = " ".join(f"--allow-change {k}" for k in changed[:3])
        raise RunError(f"{folder}: cannot be resumed, since {differences}; undo that, or say {ways}")


def check_finite(networks: Mapping[str, Module]) -> None:
    """Raise `DivergenceError` where a network holds NaN or infinity, which no checkpoint should."""
    for role, network in networks.items():
        if any(not p.isfinite().all() for p in network.parameters()):
            raise DivergenceError(f"weights of the network {role!r} are no longer finite; try a smaller learning rate")


@contextmanager
def telling_of_checkpoints(training: Training, folder: Path | None) -> Iterator[None]:
    """Say of a training that diverged where one can go on from."""
    try:
        yield
    except DivergenceError as e:
        kept = [] if folder is None else Checkpoints(folder / CHECKPOINTS).paths()
        if not kept:
            raise
        skip = "" if training.guard is not None else ", or --on-nan skip"
        way = f"aae train --resume --out {folder}, with the setting you change as --set and --allow-change"
        raise DivergenceError(f"{e}{skip}; {kept[0]} is from before that: {way}") from e


@contextmanager
def stopping_on_signals(training: Training) -> Iterator[None]:
    """Ctrl-C, SIGTERM and SIGHUP end training after the running batch, and leave a checkpoint."""
    came: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        training.stop()
        came.append(number)
        if len(came) >= AT_ONCE:
            raise KeyboardInterrupt

    with answered(stop, *ENDINGS):
        yield


@contextmanager
def telling_how_to_go_on(training: Training, folder: Path | None) -> Iterator[None]:
    """Say in the interrupt's words where training stands, and how to go on."""
    try:
        with answered(signal.default_int_handler, signal.SIGINT):
            yield
    except KeyboardInterrupt as e:
        if folder is None:
            raise
        kept = Checkpoints(folder / CHECKPOINTS).paths()
        own = training.model.own
        python = f"aaecore.train(..., networks={_asked(own)}, out={str(folder)!r}, resume=True)"
        again = python if own else f"aae train --resume --out {folder}"
        way = f"go on with: {again}" if kept else "no checkpoint was kept"
        raise Interrupted(f" at step {training.step}; {way}") from e


def _flat(prefix: str, table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(f"{prefix}{key}.", value)
        else:
            yield prefix + key, value


def _within(key: str, allowed: str) -> bool:
    return key == allowed or key.startswith(allowed + ".") or key == f"recipe.{allowed}"
