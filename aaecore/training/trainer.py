"""The trainer: four loops (stage, epoch, batch, phase), with everything else an observer around them.

for stage in stacking.stages(networks, phases):
    for epoch in stage:
        for batch in data:
            for phase in scheduler.plan(stage.phases):
                forward, backward and step, on the networks that the phase moves
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import perf_counter

from accelerate import Accelerator
from torch import Tensor

from aaecore.checks import check_movable, check_normalised, frozen_inside
from aaecore.data import Data, Loader, check_divides, split_whole
from aaecore.errors import ConfigError, DivergenceError, RunError
from aaecore.forward import Forward
from aaecore.model import Model
from aaecore.observer import Observer
from aaecore.phase import Progress
from aaecore.planned import check_planned, plan
from aaecore.randomness import Draw, Share
from aaecore.runs.checkpoints import (
    Checkpoint,
    fill_networks,
    fill_optimizers,
    network_tensors,
    optimizer_tensors,
)
from aaecore.stacking import Stage
from aaecore.training.diagnostics import Probe, noise_of_posterior
from aaecore.training.guard import Guard
from aaecore.training.patience import Patience
from aaecore.training.processes import Processes
from aaecore.training.stepper import Stepper


class Training:
    """One training of a model on data; observers see it as `t`."""

    stage: Stage
    progress: Progress
    diagnostics: dict[str, float]
    """What is measured at the end of each epoch."""

    def __init__(
        self,
        model: Model,
        data: Data,
        accelerator: Accelerator,
        *,
        seed: int = 0,
        accumulate: int = 1,
        workers: int = 2,
        observers: Sequence[Observer] = (),
        guard: Guard | None = None,
    ) -> None:
        self.model = model
        self.data = data
        self.recipe = model.recipe
        self.batch = self.recipe.batch
        self.accelerator = accelerator
        self.processes = Processes.of(accelerator)
        self.seed = seed
        self.accumulate = accumulate
        self.observers = observers
        self.guard = guard
        self._check_batch()
        self._loader = Loader(
            data,
            batch=self.batch,
            seed=seed,
            labelled_batch=self.recipe.labelled_per_step(),
            share=self.processes.share,
            device=accelerator.device,
            workers=workers,
            scaling=model.scaling,
        )
        self._check_first_stage()
        self.stage_index = 0
        self.step = 0
        """Batches seen over all stages."""
        self._earlier, self._began = 0.0, perf_counter()
        self._next = (0, 0)
        """Epoch and batch that come next in this stage."""
        self._stopping = False
        self._probe = Probe(model, data, self.batch // accumulate, accelerator.device)
        self._frozen = frozen_inside(model.networks, self.recipe.all_phases(model.spec))

    def run(self, start: Checkpoint | None = None) -> None:
        """Train from the first stage, or from where a checkpoint was taken, to the last."""
        recipe, model = self.recipe, self.model
        first = start.state["stage"] if start else 0
        self.step = start.state["step"] if start else 0
        self._earlier, self._began = start.state.get("seconds", 0.0) if start else 0.0, perf_counter()
        trainable = {p: p.requires_grad for network in model.networks.values() for p in network.parameters()}
        try:
            self._tell("train_begin")
            self.processes.equalise(model.networks.values())
            stages = recipe.stacking.stages(model.networks, recipe.all_phases(model.spec), recipe)
            reached = False
            for self.stage_index, self.stage in enumerate(stages):
                if self.stage_index == first:
                    _check_stage(start, self.stage.name)
                    reached = True
                if self.stage_index >= first:
                    self._train_stage(start if self.stage_index == first else None)
            if not reached:
                _check_stage(start, None)
        finally:
            for parameter, was in trainable.items():
                parameter.requires_grad_(was)
            model.eval()
            self._tell("train_end")

    @property
    def seconds(self) -> float:
        """How long this training has taken until now, with the parts before it was resumed."""
        return self._earlier + perf_counter() - self._began

    def stop(self) -> None:
        """Ask training to end after this batch, with `KeyboardInterrupt`."""
        self._stopping = True

    def checkpoint(self) -> Checkpoint:
        """All that `run` needs to go on from here."""
        full = self.model.networks
        partial = {r: n for r, n in self.stage.networks.items() if full.get(r) is not n}
        epoch, batch = self._next
        groups = {
            "networks": network_tensors(full),
            "stage": network_tensors(partial),
            "optimizers": optimizer_tensors(self._stepper.optimizers),
        }
        stage = {"stage": self.stage_index, "stage_name": self.stage.name}
        where = {**stage, "epoch": epoch, "batch": batch, "step": self.step}
        patience = {"best": self._patience.best, "since": self._patience.since}
        return Checkpoint(groups, {**where, **patience, "skipped": self.skipped, "seconds": self.seconds})

    @property
    def running(self) -> Model:
        """The model as it works on samples in this stage: of the full networks, or of the stack so far."""
        m, stack = self.model, self.stage.stack
        return m if stack is None else Model(m.recipe, m.spec, stack, m.scaling, classes=m.classes, own=m.own)

    @property
    def skipped(self) -> int:
        """Updates dropped so far because they were not finite."""
        return 0 if self.guard is None else self.guard.skipped

    @property
    def stage_over(self) -> bool:
        """Whether this stage has had its epochs, or has lost its patience."""
        return self._next[0] >= self.stage.epochs or self._patience.spent

    def _restore(self, start: Checkpoint) -> None:
        full = self.model.networks
        fill_networks(full, start.groups["networks"])
        fill_networks({r: n for r, n in self.stage.networks.items() if full.get(r) is not n}, start.groups["stage"])
        fill_optimizers(self._stepper.optimizers, start.groups["optimizers"])
        self._next = (start.state["epoch"], start.state["batch"])
        self._patience = Patience(self.stage.patience, start.state["best"], start.state["since"])
        if self.guard is not None:
            self.guard.skipped = start.state["skipped"]

    def _train_stage(self, start: Checkpoint | None) -> None:
        self._stepper = Stepper(self.stage, self.accelerator, self._frozen, self.guard)
        self._next = (0, 0)
        self._patience = Patience(self.stage.patience)
        if start is not None:
            self._restore(start)
        self._set_progress(*self._next)
        self._tell("stage_begin")
        with self.processes.synchronised(self.stage.networks):
            while not self.processes.any(self.stage_over):
                self._train_epoch(*self._next)

    def _train_epoch(self, epoch: int, first: int) -> None:
        self._stepper.begin_epoch(epoch)
        for i, batch in enumerate(self._loader.epoch(epoch, first), first):
            self._set_progress(epoch, i)
            losses = self._train_batch(batch)
            self.step += 1
            self._next = (epoch, i + 1)
            self._tell("step_end", losses)
            if self.processes.any(self._stopping):
                self._tell("interrupted")
                raise KeyboardInterrupt
        self.diagnostics = self._diagnose()
        self._next = (epoch + 1, 0)
        self._tell("epoch_end")

    def _diagnose(self) -> dict[str, float]:
        """Measure; where the stage has patience, its error too."""
        found = noise_of_posterior(self.running, self.data) | self._probe.accuracies(self.stage)
        if self.stage.patience is not None:
            found["heldout_error"] = self._probe.error(self.stage)
            self._patience.look(found["heldout_error"])
        return found

    def _train_batch(self, batch: Mapping[str, Tensor]) -> dict[str, float]:
        forwards = self._forwards(batch)
        planned = plan(self.recipe.scheduler, self.stage.phases, self.progress)
        losses = self._stepper.run(planned, forwards)
        for name, value in losses.items():
            if not value - value == 0:  # NaN or infinite
                raise DivergenceError(self._diverged(name, value))
        return losses

    def _forwards(self, batch: Mapping[str, Tensor]) -> list[Forward]:
        """The batch as one `Forward`, or as several micro-batches."""
        parts = self.accumulate
        if self.stage.inputs is not None:
            batch = self.stage.inputs(batch)
        batch, whole = split_whole(batch)
        made = []
        for i in range(parts):
            micro = batch if parts == 1 else {k: v.chunk(parts)[i] for k, v in batch.items()}
            draw = Draw(self.seed, self.step, device=self.accelerator.device, share=self._share(i))
            f = self.recipe.forward(self.recipe, self.model.spec, self.stage.networks, micro, draw, whole=whole)
            made.append(f)
        return made

    def _share(self, micro: int) -> Share:
        return self.processes.share.within(micro, self.accumulate)

    def _check_batch(self) -> None:
        """Refuse what would fail on the first batch, or move nothing."""
        share = self._share(0)
        check_divides("batch", self.batch, share)
        check_divides("labelled_batch", self.recipe.labelled_per_step(), share)
        check_movable(self.recipe.all_phases(self.model.spec), self.model.networks)
        check_normalised(self.model.networks, self.batch // self.accumulate)

    def _check_first_stage(self) -> None:
        """Refuse what cannot be cut into stages, and a first stage in which nothing runs.

        A later one may stand idle, which is remarked: what has been trained by then is worth finishing.
        """
        recipe, networks = self.recipe, self.model.networks
        trainable = {p: p.requires_grad for network in networks.values() for p in network.parameters()}
        try:
            first = next(recipe.stacking.stages(networks, recipe.all_phases(self.model.spec), recipe), None)
        finally:
            for parameter, was in trainable.items():
                parameter.requires_grad_(was)
        if first is None:
            raise ConfigError("recipe.stacking", "has no stage, so nothing would be trained; choose another")
        progress = Progress(0, 0, 0, first.epochs, self._loader.steps_per_epoch)
        check_planned(recipe.scheduler, first.phases, progress)

    def _set_progress(self, epoch: int, i: int) -> None:
        per_epoch = self._loader.steps_per_epoch
        self.progress = Progress(self.stage_index, epoch, epoch * per_epoch + i, self.stage.epochs, per_epoch)

    def _diverged(self, name: str, value: float) -> str:
        phase, term = name.split("/")
        return (
            f"loss {term!r} of phase {phase!r} became {value} in stage {self.stage.name!r}, epoch "
            f"{self.progress.epoch}, step {self.step}; try a smaller learning rate (aae show lists them) or fp32"
        )

    def _tell(self, event: str, *details: object) -> None:
        for observer in self.observers:
            getattr(observer, event)(self, *details)


def _check_stage(start: Checkpoint | None, found: str | None) -> None:
    """Refuse to go on in another stage than the one that was interrupted."""
    if start is None or (taken := start.state.get("stage_name", found)) == found:
        return
    now = "there is none now" if found is None else f"{found!r} is now"
    raise RunError(
        f"the checkpoint was taken in stage {taken!r}, where {now}; undo the change that makes other stages, or "
        "train again without --resume"
    )
