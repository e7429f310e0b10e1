"""What the tests of this plugin share: real digits, and a bench that runs single phases."""

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from aaecore import compose
from aaecore.config import RunConfig, structure
from aaecore.data import Data, DataConfig, from_arrays, load_data
from aaecore.forward import Forward
from aaecore.phase import Progress
from aaecore.randomness import Draw
from aaecore.recipe import Recipe
from aaecore.runs.session import new_model
from aaecore.stacking import Stage
from aaecore.training.device import make_accelerator
from aaecore.training.stepper import Stepper

SMALL = {"units": 24, "decoder_channels": [12, 8], "critic_channels": [6, 8]}


class Bench:
    """A recipe's networks on some data, as the trainer would run them, a batch at a time."""

    def __init__(self, recipe: Recipe, data: Data) -> None:
        self.recipe, self.data = recipe, data
        self.model = new_model(structure({"recipe": recipe}), data)
        self.networks, self.spec = self.model.networks, self.model.spec
        self.phases = {p.name: p for p in recipe.all_phases(self.spec)}
        stage = Stage("train", self.networks, list(self.phases.values()), recipe.epochs)
        self.stepper = Stepper(stage, make_accelerator(RunConfig(device="cpu")))
        self.stepper.begin_epoch(0)

    def forward(self, step: int = 0) -> Forward:
        """A batch, another one at each step."""
        rows = (torch.arange(self.recipe.batch) + step * self.recipe.batch) % len(self.data)
        batch = {"x": self.model.scaling.apply(self.data.x.take(rows))}
        if self.data.y is not None:
            batch["y"] = self.data.y[rows]
        return self.recipe.forward(self.recipe, self.spec, self.networks, batch, Draw(0, step))

    def run(self, *names: str, step: int = 0) -> dict[str, float]:
        """Run these phases on one batch; the losses."""
        return self.stepper.run([self.phases[n] for n in names], [self.forward(step)])

    def epoch(self, epoch: int, steps: int = 1) -> Sequence[str]:
        """Run what the scheduler plans in this epoch on so many batches; the names of what ran on the last."""
        plan = tuple(
            self.recipe.scheduler.plan(tuple(self.phases.values()), Progress(0, epoch, 0, self.recipe.epochs, steps))
        )
        for step in range(steps):
            self.stepper.run(plan, [self.forward(epoch * steps + step)])
        return [p.name for p in plan]

    def loss(self, phase: str, term: str, f: Forward | None = None) -> Tensor:
        """A term as its phase computes it, before anything moves."""
        self.stepper._keep_alive(set(self.phases[phase].moves))
        f = self.forward() if f is None else f
        f.begin(self.phases[phase].moves)
        return self.phases[phase].terms[term].loss(f)

    def snapshot(self) -> dict[str, Tensor]:
        """All parameters by `role/name`."""
        return {f"{r}/{k}": p.detach().clone() for r, net in self.networks.items() for k, p in net.named_parameters()}

    def steps_of(self, phase: str) -> int:
        """How many steps a phase's optimizer has made."""
        state = self.stepper.optimizers[phase].state
        return max((int(s["step"]) for s in state.values()), default=0)


@pytest.fixture(scope="session")
def digits() -> Data:
    """300 real digits, 8 x 8, with labels."""
    return load_data(DataConfig(limit=300), 0)


@pytest.fixture
def bench(digits):
    """A recipe's bench on digits, with small networks."""

    def made(name: str = "maagma", *, data: Data | None = None, **settings: Any) -> Bench:
        kind = "maagma-lfw" if "lfw" in name else "maagma-mnist"
        small = {"architecture": {"name": kind, **SMALL}, "batch": 20}
        return Bench(compose(name, **{**small, **settings}), data or digits)

    return made


@pytest.fixture(scope="session")
def mnist() -> Data:
    """A thousand images of MNIST; skips where the files are not."""
    raw = Path(__file__).parents[4] / "shared" / "data" / "MNIST" / "raw"
    if not raw.is_dir():
        pytest.skip(f"the MNIST files are not in {raw}")
    pixels = gzip.decompress((raw / "train-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress((raw / "train-labels-idx1-ubyte.gz").read_bytes())
    images = np.frombuffer(pixels, np.uint8, offset=16).reshape(-1, 28, 28)[:1000]
    return from_arrays(images, np.frombuffer(labels, np.uint8, offset=8)[:1000], heldout=0.2, name="MNIST")
