"""What the tests of this plugin share: real digits, tiny networks, and what watches a training."""

from collections.abc import Mapping

import pytest
import torch
from gasca import Gasca, StackedNetworks
from torch import Tensor
from torch.nn import Module

import aaecore
from aaecore.config import structure
from aaecore.data import Data, DataConfig, Pairs, load_data
from aaecore.model import Model
from aaecore.observer import Observer
from aaecore.recipe import Recipe
from aaecore.runs.session import new_model
from aaecore.stacking import Stage
from aaecore.training import Training

TINY = StackedNetworks(channels=(4, 6), discriminator_hidden=8)


@pytest.fixture(scope="session")
def digits() -> Data:
    """Some of the digits; 4 batches of 32."""
    return load_data(DataConfig(limit=128))


@pytest.fixture(scope="session")
def turned() -> Data:
    """The same, as turned inputs and upright targets."""
    return load_data(DataConfig(limit=128, pairs=Pairs(rotate=60.0)))


@pytest.fixture(scope="session")
def tiny():
    """A recipe of three levels, the last fully connected, with one epoch for each stage."""

    def make(cls: type[Gasca] = Gasca, **settings) -> Gasca:
        return cls(**{"architecture": TINY, "code": 5, "batch": 32, "epochs": 5, **settings})

    return make


class Watch(Observer):
    """The stages, and all weights at the beginning and end of each, by its name."""

    def __init__(self) -> None:
        self.stages: dict[str, Stage] = {}
        self.before: dict[str, dict[str, Tensor]] = {}
        self.after: dict[str, dict[str, Tensor]] = {}
        self.losses: dict[str, list[float]] = {}

    def stage_begin(self, t: Training) -> None:
        self.stages[t.stage.name] = t.stage
        self.before[t.stage.name] = weights(t.model.networks)

    def step_end(self, t: Training, losses: Mapping[str, float]) -> None:
        for name, value in losses.items():
            self.losses.setdefault(f"{t.stage.name}/{name}", []).append(value)

    def epoch_end(self, t: Training) -> None:
        self.after[t.stage.name] = weights(t.model.networks)

    def moved(self, stage: str) -> set[str]:
        """The tensors that this stage changed."""
        before, after = self.before[stage], self.after[stage]
        return {k for k in before if not torch.equal(before[k], after[k])}


def weights(networks: Mapping[str, Module]) -> dict[str, Tensor]:
    """Copies of all parameters and buffers by `role/name`."""
    return {f"{r}/{k}": v.clone() for r, n in networks.items() for k, v in n.state_dict().items()}


@pytest.fixture(scope="session")
def watch():
    """Trains and watches."""

    def train(recipe: Recipe, data: Data, seed: int = 0, **options) -> Watch:
        found = Watch()
        aaecore.train(recipe, data, seed=seed, quiet=True, device="cpu", observers=[found], **options)
        return found

    return train


@pytest.fixture(scope="session")
def untrained():
    """The model of a recipe before training."""

    def make(recipe: Recipe, data: Data) -> Model:
        return new_model(structure({"recipe": recipe}), data)

    return make


@pytest.fixture(scope="session")
def stages(untrained):
    """All stages of a recipe by name, before training."""

    def make(recipe: Recipe, data: Data) -> dict[str, Stage]:
        model = untrained(recipe, data)
        found = recipe.stacking.stages(model.networks, recipe.all_phases(model.spec), recipe)
        return {stage.name: stage for stage in found}

    return make
