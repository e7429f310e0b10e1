"""One training from configuration to results: build, train, evaluate, keep."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from accelerate.tracking import GeneralTracker
from attrs import evolve, field, frozen
from torch.nn import Module

from aaecore.adversary import equilibria
from aaecore.config import Config, to_toml
from aaecore.data import Data, Scaling, located
from aaecore.errors import AAEError
from aaecore.evaluation.final import final_figures
from aaecore.files import write_text
from aaecore.gallery import Gallery, draw_gallery
from aaecore.memory import fitting
from aaecore.model import Model
from aaecore.observer import Observer
from aaecore.progress.display import ProgressDisplay
from aaecore.recipe import Recipe
from aaecore.remarks import Remarks, remark
from aaecore.runs.checkpoints import Checkpoint
from aaecore.runs.directory import HISTORY, History, new_run_directory
from aaecore.runs.lock import locked
from aaecore.runs.resume import (
    Checkpointer,
    checkpoint_to_resume,
    identity,
    stopping_on_signals,
    telling_how_to_go_on,
    telling_of_checkpoints,
)
from aaecore.runs.saved import CONFIG, METRICS, WEIGHTS, save_model
from aaecore.runs.trackers import Tracking, check_trackers
from aaecore.spec import Spec
from aaecore.training import Training
from aaecore.training.determinism import deterministic
from aaecore.training.device import make_accelerator
from aaecore.training.guard import Guard
from aaecore.training.processes import Processes, together

_TOO_LARGE = ("this training does", "make batch, code, architecture or data.size smaller")


def _located(config: Config) -> Config:
    return evolve(config, data=located(config.data))


@frozen(kw_only=True)
class Session:
    """What to train, and where its results go."""

    config: Config = field(converter=_located)
    data: Data
    keep: bool = True
    """Whether there is a run directory."""
    out: str | Path | None = None
    """The run directory; by default the next free `runs/NAME-N`."""
    name: str = "run"
    resume: bool = False
    allowed: Sequence[str] = ()
    """Settings that may differ from those of the run that is resumed."""
    networks: Mapping[str, Module] | None = None
    quiet: bool = False
    observers: Sequence[Observer] = field(default=())
    log_with: Sequence[str | GeneralTracker] = field(default=())
    """Experiment trackers, by name or made by the user."""

    def run(self) -> tuple[Model, Path | None]:
        """Train; everything is checked before the run directory is made or touched."""
        training = self.prepared()
        model = training.model
        with ExitStack() as held:
            folder, start, observers = self._begin(training.processes, held)
            trackers = self.log_with if training.processes.main else ()
            with (
                closing(Tracking(trackers, self.config, folder)) as tracking,
                fitting(*_TOO_LARGE),
                telling_how_to_go_on(training, folder),
            ):
                training.observers = [*observers, tracking]
                model.metrics = self._trained(training, start, folder)
                if folder is not None:
                    self._keep(model, folder)
                tracking.results(model.metrics, folder)
            return model, folder

    def _trained(self, training: Training, start: Checkpoint | None, folder: Path | None) -> dict[str, float]:
        """Train to the end; the final figures."""
        exact = deterministic(self.config.run.deterministic)
        with stopping_on_signals(training), telling_of_checkpoints(training, folder), together(), exact:
            training.run(start)
        seconds = training.seconds
        figures = {"seconds": seconds, "images_per_second": training.step * training.batch / seconds}
        if training.guard is not None:
            figures["skipped_updates"] = float(training.skipped)
        return {**final_figures(training.model, self.data), **figures}

    def prepared(self) -> Training:
        """A training that has not begun; raises `AAEError` for what cannot be trained."""
        check_trackers(self.log_with)
        run = self.config.run
        accelerator = make_accelerator(run)
        with fitting(*_TOO_LARGE):
            model = new_model(self.config, self.data, self.networks).to(accelerator.device)
        return Training(
            model,
            self.data,
            accelerator,
            seed=run.seed,
            accumulate=run.accumulate,
            workers=self.config.data.workers,
            guard=Guard(run.nan_limit) if run.on_nan == "skip" else None,
        )

    def _begin(self, processes: Processes, held: ExitStack) -> tuple[Path | None, Checkpoint | None, list[Observer]]:
        """The run directory, where to go on, and what watches; only the main process writes and speaks."""
        now = identity(self.config, self.data, tuple(self.networks or ()))
        if self.resume and self.out is not None and processes.main:
            held.enter_context(locked(Path(self.out)))
        start = self._start(now) if self.keep and self.resume else None
        with together():
            processes.wait()  # until all have read what the main one may write over
        if not processes.main:
            return None, start, []
        watching = [*([] if self.quiet else [Remarks(), ProgressDisplay()]), *self.observers]
        if not self.keep:
            return None, None, watching
        folder, writers = self._writers(now, start)
        if start is None:
            held.enter_context(locked(folder))
        return folder, start, [*watching, *writers]

    def _writers(self, now: Mapping[str, object], start: Checkpoint | None) -> tuple[Path, list[Observer]]:
        folder = Path(str(self.out)) if start else new_run_directory(self.out, self.name)
        config = to_toml(self.config)
        if start is None:
            write_text(folder / CONFIG, config)
        history = History(folder, self.config.run.log_every, start.state["history"] if start else 0)
        gallery = Gallery(folder, self.config.run.pictures_every)
        return folder, [history, gallery, Checkpointer(folder, self.config.run, now, config, history)]

    def _start(self, now: Mapping[str, object]) -> Checkpoint:
        if self.out is None:
            raise AAEError("which run to resume must be said; give its directory as --out")
        start, damaged = checkpoint_to_resume(Path(self.out), now, self.allowed)
        for problem in damaged:
            remark(f"{problem}; an older checkpoint is used")
        return start

    def _keep(self, model: Model, folder: Path) -> None:
        """Write the model first, then its figures, then its pictures."""
        from aaecore import pictures

        save_model(model, folder / WEIGHTS)
        write_text(folder / METRICS, json.dumps(model.metrics, indent=2) + "\n")
        draw_gallery(model, self.data, folder, seed=self.config.run.seed)
        references = equilibria(model.recipe.all_phases(model.spec))
        pictures.curves(folder / HISTORY, folder / "losses.png", references=references)
        pictures.diagnostics(folder / HISTORY, folder / "sigma.png")


def new_model(config: Config, data: Data, networks: Mapping[str, Module] | None = None) -> Model:
    """The untrained model of a configuration, on the CPU; raises `AAEError` if recipe and data do not fit."""
    scaling = Scaling.fit(scaling_kind(config.recipe, data), data, config.run.seed)
    condition = 0 if data.condition is None else data.condition.shape[1]
    spec = Spec(shape=data.shape, classes=len(data.classes), condition=condition, output=scaling.output)
    built = config.recipe.build(spec, seed=config.run.seed, networks=networks)
    return Model(config.recipe, spec, built, scaling, classes=data.classes, own=networks or ())


def scaling_kind(recipe: Recipe, data: Data) -> str:
    """`recipe.scaling`, with `auto` decided: unit for images, standard for vectors."""
    if recipe.scaling != "auto":
        return recipe.scaling
    return "unit" if len(data.shape) == 3 else "standard"
