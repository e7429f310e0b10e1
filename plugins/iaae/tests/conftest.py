"""What the tests of this plugin share: real digits, and a bench that runs single phases."""

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from aaecore import compose, from_arrays
from aaecore.config import RunConfig, structure
from aaecore.data import Data, DataConfig, load_data
from aaecore.forward import Forward
from aaecore.randomness import Draw
from aaecore.recipe import Recipe
from aaecore.runs.session import new_model
from aaecore.stacking import Stage
from aaecore.training.device import make_accelerator
from aaecore.training.stepper import Stepper

MNIST = Path(__file__).parents[4] / "shared" / "data" / "MNIST" / "raw"
FASHION = Path("/usr/share/datasets/fashion-mnist")


class Bench:
    """A recipe's networks on some data, as the trainer would run them, a batch at a time."""

    def __init__(self, recipe: Recipe, data: Data, networks: Mapping[str, torch.nn.Module] | None = None) -> None:
        self.recipe, self.data = recipe, data
        self.model = new_model(structure({"recipe": recipe}), data, networks)
        self.networks, self.spec = self.model.networks, self.model.spec
        self.phases = {p.name: p for p in recipe.all_phases(self.spec)}
        self.stepper = Stepper(
            Stage("train", self.networks, list(self.phases.values()), 1), make_accelerator(RunConfig(device="cpu"))
        )
        self.stepper.begin_epoch(0)

    def forward(self, step: int = 0) -> Forward:
        """A batch, another one at each step."""
        rows = (torch.arange(self.recipe.batch) + step * self.recipe.batch) % len(self.data)
        batch = {"x": self.model.scaling.apply(self.data.x.take(rows))}
        return self.recipe.forward(self.recipe, self.spec, self.networks, batch, Draw(0, step))

    def train(self, steps: int) -> list[dict[str, float]]:
        """Run the scheduler's plan on so many batches; the losses of each."""
        plan = tuple(self.recipe.scheduler.plan(tuple(self.phases.values()), None))
        return [self.stepper.run(plan, [self.forward(step)]) for step in range(steps)]

    def loss(self, phase: str, term: str) -> Tensor:
        """A term as its phase computes it on the first batch, before anything moves."""
        self.stepper._keep_alive(set(self.phases[phase].moves))
        f = self.forward()
        f.begin(self.phases[phase].moves)
        return self.phases[phase].terms[term].loss(f)

    def snapshot(self) -> dict[str, Tensor]:
        """All parameters and buffers by `role/name`."""
        return {f"{r}/{k}": v.detach().clone() for r, net in self.networks.items() for k, v in net.state_dict().items()}

    def moved_by(self, phase: str) -> set[str]:
        """Roles of the networks whose every parameter a phase changes; fails where it changes but some."""
        before = {r: [p.detach().clone() for p in net.parameters()] for r, net in self.networks.items()}
        self.stepper.run([self.phases[phase]], [self.forward()])
        changed = {
            r: {not p.equal(b) for p, b in zip(self.networks[r].parameters(), before[r], strict=True)} for r in before
        }
        assert all(len(kinds) == 1 for kinds in changed.values())
        return {role for role, kinds in changed.items() if kinds == {True}}


@pytest.fixture(scope="session")
def digits() -> Data:
    """300 real digits, 8 x 8, with labels."""
    return load_data(DataConfig(limit=300), 0)


@pytest.fixture(scope="session")
def colour() -> Data:
    """A few 32 x 32 colour images, digits resized and repeated."""
    return load_data(DataConfig(limit=40, size=32, channels=3), 0)


@pytest.fixture(scope="session")
def vectors() -> Data:
    """Points in five dimensions."""
    rng = np.random.default_rng(0)
    return from_arrays(rng.normal(3, 2, (200, 5)).astype(np.float32), heldout=0.2, seed=0)


@pytest.fixture
def bench(digits):
    """A recipe's bench on digits, with small batches."""

    def made(name: str = "iaae", *, data: Data | None = None, networks: Any = None, **settings: Any) -> Bench:
        return Bench(compose(name, **{"batch": 32, **settings}), data or digits, networks)

    return made


@pytest.fixture(scope="session")
def mnist() -> Data:
    """All of MNIST; skips where the files are not."""
    return _idx_data("MNIST", MNIST)


@pytest.fixture(scope="session")
def fashion() -> Data:
    """All of Fashion-MNIST, where Debian's package dataset-fashion-mnist puts it; skips where that is not installed."""
    return _idx_data("Fashion-MNIST", FASHION)


def _idx_data(name: str, folder: Path) -> Data:
    if not folder.is_dir():
        pytest.skip(f"the files of {name} are not in {folder}")
    x, x_test = (_idx(folder / f"{p}-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28) for p in ("train", "t10k"))
    y, y_test = (_idx(folder / f"{p}-labels-idx1-ubyte.gz", 8) for p in ("train", "t10k"))
    return from_arrays(x, y, x_heldout=x_test, y_heldout=y_test, name=name)


def _idx(path: Path, header: int) -> np.ndarray:
    return np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=header)
