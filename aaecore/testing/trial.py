"""Two steps of training under close watch: what every composition of parts must stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from attrs import evolve, field, frozen
from torch import Tensor
from torch.nn import Module

from aaecore.config import Config, RunConfig
from aaecore.data import Data
from aaecore.model import Model
from aaecore.phase import Gate, Phase
from aaecore.recipe import Recipe
from aaecore.runs.saved import WEIGHTS, load, save_model
from aaecore.runs.session import new_model
from aaecore.stacking import Stacking, Stage
from aaecore.testing.problems import demand, same
from aaecore.training import Training
from aaecore.training.device import make_accelerator

SEED = 1
"""Not 0, by which a saved model's networks are built again before they are filled."""
Weights = dict[str, dict[str, Tensor]]


def try_out(recipe: Recipe, data: Data, part: object = None) -> Model:
    """Train `recipe`, then save and load it, blaming `part`; raises `ContractError`, or `AAEError` where refused.

    Demanded: finite losses; every phase moves the networks it names, and leaves all others bit for bit; the model
    that is loaded again gives the same outputs.
    """
    blamed = recipe if part is None else part
    watch = Watch(blamed)
    watched = evolve(recipe, stacking=Watched(of=recipe.stacking, watch=watch))
    config = Config(recipe=watched, run=RunConfig(seed=SEED, device="cpu"))
    model = new_model(config, data)
    training = Training(model, data, make_accelerator(config.run), seed=SEED, workers=0)
    training.run()
    watch.settle()
    model.recipe = recipe
    demand(watch.ran, blamed, "runs no phase in two steps")
    check_reload(model, data, blamed)
    return model


class Watch:
    """Compares all weights before and after each phase."""

    def __init__(self, blamed: object) -> None:
        self.blamed = blamed
        self.ran: list[str] = []
        self._running: tuple[Phase, Mapping[str, Module], Weights] | None = None

    def begin(self, phase: Phase, networks: Mapping[str, Module]) -> None:
        """A phase begins, so the one before is over."""
        self.settle()
        self._running = (phase, networks, weights(networks))

    def settle(self) -> None:
        """Demand that the phase that ran moved what it names, and nothing else."""
        if self._running is None:
            return
        phase, networks, before = self._running
        self._running = None
        self.ran.append(phase.name)
        moved = {role for role, now in weights(networks).items() if not same(now, before[role])}
        where = f"in phase {phase.name!r}"
        if stray := sorted(moved - set(phase.moves)):
            demand(False, self.blamed, f"changes the network {stray[0]!r} {where}, which moves {phase.moves}")
        if still := sorted(set(phase.moves) - moved):
            remedy = "no gradient reaches it: detach nothing, or take it out of `moves`"
            demand(False, self.blamed, f"leaves {still[0]!r} as it is {where}, which should move it; {remedy}")


@frozen(kw_only=True)
class Watched(Stacking):
    """Another stacking, its phases watched."""

    of: Stacking
    watch: Watch = field(eq=False)

    def stages(self, networks: Mapping[str, Module], phases: Sequence[Phase], recipe: Recipe) -> Iterator[Stage]:
        """Those of the other."""
        for stage in self.of.stages(networks, phases, evolve(recipe, stacking=self.of)):
            seen = tuple(evolve(p, gate=self._gate(p, stage.networks)) for p in stage.phases)
            yield evolve(stage, phases=seen)
            self.watch.settle()

    def _gate(self, phase: Phase, networks: Mapping[str, Module]) -> Gate:
        own = phase.gate or Gate(lambda f: torch.zeros(()), lambda _: True)

        def opens(measured: Tensor) -> bool:
            if runs := own.opens(measured):
                self.watch.begin(phase, networks)
            return runs

        return Gate(own.measure, opens)


def weights(networks: Mapping[str, Module]) -> Weights:
    """Copies of all parameters by role and name."""
    return {
        role: {name: p.detach().clone() for name, p in network.named_parameters()} for role, network in networks.items()
    }


def check_reload(model: Model, data: Data, part: object) -> None:
    """Demand that the model gives the same outputs when it has been saved and loaded."""
    with TemporaryDirectory() as folder:
        save_model(model, Path(folder) / WEIGHTS)
        again = load(folder, recipe=model.recipe)
    before, after = outputs(model, data), outputs(again, data)
    for name, value in before.items():
        what = f"gives another {name!r} after it was saved and loaded; keep all state in parameters and buffers"
        demand(same(value, after[name]), part, what)


def outputs(model: Model, data: Data) -> dict[str, Tensor]:
    """All that a model says of some samples, by the name of its method."""
    x = data.x.take(range(6))
    y = None if data.y is None else data.y[:6]
    found: dict[str, Tensor] = {}
    if "encoder" in model.networks:
        found["encode"] = model.encode(x)
    if {"encoder", "decoder"} <= model.networks.keys():
        found["reconstruct"] = model.reconstruct(x, labels=y)
    if model.recipe.shapes_codes and "decoder" in model.networks:
        found["sample"] = model.sample(5)
    if model.recipe.predicts != "nothing":
        found["predict"] = model.predict(x)
    return found
