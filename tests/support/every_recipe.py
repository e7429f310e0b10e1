"""Trains every installed recipe for some steps, on however many processes there are, and writes what came of it.

    python every_recipe.py OUT [OTHERWISE ...]
    torchrun --nproc_per_node 2 every_recipe.py OUT

OUT/RECIPE-PROCESS.safetensors holds the networks, OUT/RECIPE.json the losses of every step. In OTHERWISE the initial
weights were scattered by a few units of rounding, in each folder otherwise.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from attrs import asdict, evolve
from safetensors.torch import save_file
from sklearn.datasets import load_digits

import aaecore
from aaecore.config import RunConfig, change, structure
from aaecore.data import Data, from_arrays
from aaecore.observer import Observer
from aaecore.optimizer import SGD, Optimizer
from aaecore.plugins import registry
from aaecore.recipe import Recipe
from aaecore.runs.checkpoints import Checkpoint, network_tensors
from aaecore.runs.session import new_model
from aaecore.training import Training
from aaecore.training.device import make_accelerator, release

BATCH = 8


class Losses(Observer):
    def __init__(self) -> None:
        self.steps: list[Mapping[str, float]] = []

    def step_end(self, t: Training, losses: Mapping[str, float]) -> None:
        self.steps.append(dict(losses))


class EveryStep(Observer):
    """Takes a checkpoint after every batch."""

    def __init__(self) -> None:
        self.taken: list[Checkpoint] = []

    def step_end(self, t: Training, losses: Mapping[str, float]) -> None:
        now = t.checkpoint()
        self.taken.append(
            evolve(now, groups={g: {k: v.clone() for k, v in ts.items()} for g, ts in now.groups.items()})
        )


def points(taken: Sequence[Checkpoint]) -> list[int]:
    """The last step of each stage and one in the midst of it, but not the very last."""
    stages = [checkpoint.state["stage"] for checkpoint in taken]
    ends = [i for i, stage in enumerate(stages) if stages[i + 1 : i + 2] != [stage]]
    return sorted({i for end in ends for i in (end, max(end - 2, 0))})[:-1]


def small(name: str, optimizer: Optimizer | None = SGD(lr=0.01)) -> Recipe:  # noqa: B008 - frozen
    """The recipe `name` with small batches, and plain descent, which does not magnify rounding as Adam does."""
    recipe = aaecore.compose(name)
    fields = asdict(recipe, recurse=False)
    settings = {k: optimizer for k, v in fields.items() if optimizer and isinstance(v, Optimizer)}
    settings |= {"batch": BATCH, "epochs": 2} | ({"labelled_batch": BATCH} if "labelled_batch" in fields else {})
    return change(recipe, settings, path="recipe")


def digits(size: int, channels: int) -> Data:
    found = load_digits()
    x = torch.tensor(found.images[:30] / 16, dtype=torch.float32)[:, None]
    x = torch.nn.functional.interpolate(x, (size, size)).expand(-1, channels, -1, -1)
    y = np.where(np.arange(30) % 5 == 0, -1, found.target[:30] % 3)
    condition = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
    return from_arrays(x.numpy().copy(), y, condition=condition, heldout=0.2)


def prepare(
    recipe: Recipe, *, precision: str = "fp32", device: str = "cpu", rounded: int = 0, **options: Any
) -> Training:
    """A training of `recipe` on some digits; `rounded`, if not 0, seeds how the initial weights are scattered."""
    data = digits(8, 1)
    accelerator = make_accelerator(RunConfig(device=device, precision=precision))
    model = new_model(structure({"recipe": recipe}), data).to(accelerator.device)
    generator = torch.Generator().manual_seed(rounded)
    for network in model.networks.values() if rounded else ():
        for p in network.parameters():
            p.data *= 1 + 1e-6 * torch.randn(p.shape, generator=generator)
    return Training(model, data, accelerator, **options)


def train(name: str, out: Path, rounded: int) -> None:
    losses = Losses()
    training = prepare(small(name), observers=[losses], rounded=rounded)
    training.run()
    save_file(network_tensors(training.model.networks), out / f"{name}-{training.processes.index}.safetensors")
    if training.processes.main:
        (out / f"{name}.json").write_text(json.dumps(losses.steps))


if __name__ == "__main__":
    for number, folder in enumerate(sys.argv[1:]):
        for each in registry().names("recipe"):
            train(each, Path(folder), number)
    release()
