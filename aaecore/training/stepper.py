"""One batch through the phases of a plan: forward, backward and step on what each phase moves."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import reduce
from operator import add

import torch
from accelerate import Accelerator
from torch import Tensor

from aaecore.forward import Forward
from aaecore.nn import drawing
from aaecore.phase import Gate, Phase
from aaecore.stacking import Stage
from aaecore.training.guard import Guard
from aaecore.training.processes import Processes


class Stepper:
    """Runs the phases of a plan on a batch, with one optimizer a phase, for one stage."""

    def __init__(
        self,
        stage: Stage,
        accelerator: Accelerator,
        frozen: Collection[Tensor] = (),
        guard: Guard | None = None,
    ) -> None:
        self.networks = stage.networks
        self._epochs = stage.epochs
        self.accelerator = accelerator
        self.processes = Processes.of(accelerator)
        self.guard = guard
        self.phases = {phase.name: phase for phase in stage.phases}
        self._weights = {
            role: [w for w in network.parameters() if w not in frozen] for role, network in stage.networks.items()
        }
        self.parameters = {p.name: [w for role in p.moves for w in self._weights[role]] for p in stage.phases}
        own = {p.name: p.optimizer.build(self.parameters[p.name]) for p in stage.phases if p.optimizer_of is None}
        self.optimizers = {p.name: own[p.optimizer_of or p.name] for p in stage.phases}
        self._live: set[str] | None = None
        moved = {role for phase in stage.phases for role in phase.moves}
        self._constant = tuple(role for role in stage.networks if role not in moved)
        """Networks that no phase moves always run in inference mode."""
        self._evaluating: tuple[str, ...] | None = None

    def begin_epoch(self, epoch: int) -> None:
        """Set every phase's learning rate for this epoch."""
        for phase in self.phases.values():
            if phase.optimizer_of is None:
                for group in self.optimizers[phase.name].param_groups:
                    group["lr"] = phase.optimizer.rate(epoch, self._epochs)

    def run(self, plan: Sequence[Phase], forwards: Sequence[Forward]) -> dict[str, float]:
        """Run the phases in order on one batch (cut into micro-batches); the losses by `phase/term`."""
        losses: dict[str, Tensor] = {}
        done: set[str] = set()
        for i, phase in enumerate(plan):
            self._keep_alive({role for later in plan[i:] for role in later.moves})
            self._set_modes(phase.evaluates)
            for f in forwards:
                f.begin(phase.moves)
                f.redraw(_stale(phase, done))
            if phase.gate is None or self._opens(phase.gate, forwards):
                losses |= self._descend(phase, forwards)
            for f in forwards:
                f.end()
            done.add(phase.name)
        if not losses:
            return {}
        means = self.processes.mean(torch.stack(list(losses.values())))
        return dict(zip(losses, means.tolist(), strict=True))

    def _opens(self, gate: Gate, forwards: Sequence[Forward]) -> bool:
        measured = torch.stack([gate.measure(f).detach() for f in forwards]).mean(0)
        return gate.opens(self.processes.mean(measured))

    def _descend(self, phase: Phase, forwards: Sequence[Forward]) -> dict[str, Tensor]:
        if self.guard is not None:
            self.guard.begin(self.networks)
        losses = self._backward(phase, forwards)
        parameters, optimizer = self.parameters[phase.name], self.optimizers[phase.name]
        self.processes.average(parameters)
        if self.guard is not None and self.processes.any(not self.guard.finite(losses.values(), parameters)):
            optimizer.zero_grad()
            self.guard.drop(phase.name)
            for f in forwards:  # what was computed with the buffers that are restored cannot be gone back through
                f.forget(self.networks)
            return {}
        optimizer.step()
        optimizer.zero_grad()
        return losses

    def _backward(self, phase: Phase, forwards: Sequence[Forward]) -> dict[str, Tensor]:
        share = 1 / len(forwards)
        losses: dict[str, Tensor] = {}
        for f in forwards:
            with self._autocast(), drawing(f.draw):
                values = {name: term.loss(f) for name, term in phase.terms.items()}
            factors = {name: phase.weight * share * term.weight for name, term in phase.terms.items()}
            total = reduce(add, (_scaled(values[name], factor) for name, factor in factors.items()))
            total.backward(inputs=self.parameters[phase.name])  # type: ignore[no-untyped-call]
            for name, value in values.items():
                key, part = f"{phase.name}/{name}", _scaled(value.detach().float(), share)
                losses[key] = losses[key] + part if key in losses else part
        return losses

    def _autocast(self) -> AbstractContextManager[None]:
        return nullcontext() if self.accelerator.mixed_precision == "no" else self.accelerator.autocast()

    def _keep_alive(self, roles: set[str]) -> None:
        """Only networks that this phase or a later one on this batch moves take part in graphs."""
        if roles == self._live:
            return
        for role, weights in self._weights.items():
            if self._live is None or (role in roles) != (role in self._live):
                for weight in weights:
                    weight.requires_grad_(role in roles)
        self._live = roles

    def _set_modes(self, evaluates: tuple[str, ...]) -> None:
        if evaluates == self._evaluating:
            return
        for role, network in self.networks.items():
            network.train(role not in evaluates and role not in self._constant)
        self._evaluating = evaluates


def _stale(phase: Phase, done: Collection[str]) -> Collection[str] | None:
    """The noises to draw anew before a phase: all, if it has run on this batch already."""
    if phase.name in done:
        return None
    return () if any(name in done for name in phase.redraws_with) else phase.redraws


def _scaled(value: Tensor, factor: float) -> Tensor:
    """`factor * value`; of a small network's step, multiplying by 1 would be a noticeable part."""
    return value if factor == 1 else factor * value
