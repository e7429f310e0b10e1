"""Experiment trackers (TensorBoard, Weights & Biases, MLflow, ...), through Accelerate's classes for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aaecore.config import Config, to_dict
from aaecore.errors import RunError, suggest
from aaecore.observer import Observer

if TYPE_CHECKING:
    from accelerate.tracking import GeneralTracker

    from aaecore.training import Training

PROJECT = "aaecore"
"""What trackers that gather runs in projects call ours."""
PACKAGES = {"comet_ml": "comet-ml"}
"""What pip calls a tracker that it does not call by its name."""
RUN_NAME = {"wandb": "name", "trackio": "name", "mlflow": "run_name", "swanlab": "experiment_name"}
"""How some are told a run's name."""


def check_trackers(wanted: Sequence[str | GeneralTracker]) -> None:
    """Refuse trackers that do not exist, or whose package is not installed."""
    from accelerate.tracking import LOGGER_TYPE_TO_CLASS, GeneralTracker, get_available_trackers

    known, there = set(map(str, LOGGER_TYPE_TO_CLASS)), set(map(str, get_available_trackers()))
    for name in wanted:
        if isinstance(name, GeneralTracker):
            continue
        if not isinstance(name, str) or name not in known:
            raise RunError(f"no tracker is called {name!r}; {suggest(str(name), known)}")
        if name not in there:
            raise RunError(f"the tracker {name!r} is not installed; pip install {PACKAGES.get(name, name)}")


class Tracking(Observer):
    """Tells trackers the configuration, losses, diagnostics, and in the end the figures and pictures."""

    def __init__(self, wanted: Sequence[str | GeneralTracker], config: Config, folder: Path | None) -> None:
        check_trackers(wanted)
        self._config = config
        self._every = config.run.log_every
        self._step = 0
        self._trackers = [made(name, folder) if isinstance(name, str) else name for name in wanted]
        self._started: list[GeneralTracker] = []

    def train_begin(self, t: Training) -> None:
        """Start them."""
        for tracker in self._trackers:
            try:
                tracker.start()
                tracker.store_init_configuration(dict(_flat("", to_dict(self._config))))
            except Exception as e:  # whatever somebody else's service says
                reason = " ".join(str(e).split())[:300]
                raise RunError(f"the tracker {tracker.name!r} does not start: {reason}") from e
            self._started.append(tracker)

    def step_end(self, t: Training, losses: Mapping[str, float]) -> None:
        """The losses, as often as in `history.jsonl`."""
        self._step = t.step
        if (t.step - 1) % self._every == 0:
            self._log(losses)

    def epoch_end(self, t: Training) -> None:
        """The diagnostics."""
        if t.diagnostics:
            self._log(t.diagnostics)

    def results(self, figures: Mapping[str, float], folder: Path | None) -> None:
        """The final figures, and the pictures in a run directory."""
        self._log({f"final/{name}": value for name, value in figures.items()})
        pictures = sorted(folder.glob("*.png")) if folder else []
        for tracker in self._started:
            for picture in pictures:
                show(tracker, picture, self._step)

    def close(self) -> None:
        """Let them go, also when training has failed."""
        while self._started:
            self._started.pop().finish()

    def _log(self, values: Mapping[str, float]) -> None:
        for tracker in self._started:
            tracker.log(dict(values), step=self._step)


def made(name: str, folder: Path | None) -> GeneralTracker:
    """Accelerate's tracker of that name, for the run in `folder`."""
    from accelerate.tracking import LOGGER_TYPE_TO_CLASS

    cls = LOGGER_TYPE_TO_CLASS[name]
    own_name = {RUN_NAME[name]: folder.name} if folder and name in RUN_NAME else {}
    if not cls.requires_logging_directory:
        return cls(PROJECT, **own_name)
    if folder is None:
        raise RunError(f"the tracker {name!r} writes into a run directory; give out=")
    return cls(name, logging_dir=folder, **own_name)


def show(tracker: GeneralTracker, picture: Path, step: int) -> None:
    """Give a tracker a picture, each in the form its class takes; some take none."""
    import numpy as np
    from PIL import Image

    with Image.open(picture) as opened:
        image = opened.convert("RGB")
    pixels, name = np.asarray(image), picture.stem
    if tracker.name == "tensorboard":
        tracker.log_images({name: pixels[None]}, step=step, dataformats="NHWC")
    elif tracker.name == "aim":
        tracker.log_images({name: image}, step=step)
    elif hasattr(tracker, "log_images"):
        tracker.log_images({name: [pixels]}, step=step)
    elif hasattr(tracker, "log_artifact"):
        tracker.log_artifact(str(picture), "pictures")


def _flat(prefix: str, table: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Settings by dotted key, in the types that every tracker takes."""
    found: list[tuple[str, Any]] = []
    for key, value in table.items():
        if isinstance(value, Mapping):
            found += _flat(f"{prefix}{key}.", value)
        else:
            found.append((prefix + key, value if isinstance(value, (bool, int, float, str)) else str(value)))
    return found
