"""What the tests of this plugin share: real digits, tiny networks, and a bench that runs single phases."""

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
from aaecore.data import Data, DataConfig, Loader, load_data
from aaecore.randomness import Draw
from aaecore.recipe import Recipe
from aaecore.runs.session import new_model
from aaecore.stacking import Stage
from aaecore.training.device import make_accelerator
from aaecore.training.stepper import Stepper

MNIST = Path(__file__).parents[4] / "shared" / "data" / "MNIST" / "raw"
TINY: dict[str, Any] = {
    "mlp": {"name": "mlp", "hidden": [24, 24]},
    "cnn": {"name": "cnn", "channels": [6, 8], "discriminator_hidden": [16]},
    "dcgan": {"name": "dcgan", "width": 8},
}


class Bench:
    """A recipe's networks on some data, as the trainer would run them, a phase at a time."""

    def __init__(self, recipe: Recipe, data: Data, networks: Mapping[str, torch.nn.Module] | None = None) -> None:
        self.recipe = recipe
        self.model = new_model(structure({"recipe": recipe}), data, networks)
        self.networks, self.spec = self.model.networks, self.model.spec
        self.phases = {p.name: p for p in recipe.all_phases(self.spec)}
        self.stepper = Stepper(
            Stage("train", self.networks, list(self.phases.values()), 1), make_accelerator(RunConfig(device="cpu"))
        )
        self.stepper.begin_epoch(0)
        loader = Loader(
            data,
            batch=recipe.batch,
            seed=0,
            labelled_batch=recipe.labelled_per_step(),
            device=torch.device("cpu"),
            workers=0,
            scaling=self.model.scaling,
        )
        self.batch = next(iter(loader.epoch(0)))

    def forward(self, step: int = 0, **changes: Tensor):
        """The first batch, some of it replaced."""
        return self.recipe.forward(self.recipe, self.spec, self.networks, {**self.batch, **changes}, Draw(0, step))

    def run(self, *names: str, f=None) -> dict[str, float]:
        """Run these phases, or all, on one batch; the losses."""
        plan = [self.phases[n] for n in names or self.phases]
        return self.stepper.run(plan, [self.forward() if f is None else f])

    def loss(self, phase: str, term: str, f=None) -> Tensor:
        """A term as its phase computes it, before anything moves."""
        f = self.forward() if f is None else f
        f.begin(self.phases[phase].moves)
        return self.phases[phase].terms[term].loss(f)

    def snapshot(self) -> dict[str, Tensor]:
        """All parameters by `role/name`."""
        return {
            f"{role}/{name}": p.detach().clone()
            for role, n in self.networks.items()
            for name, p in n.named_parameters()
        }

    def moved_by(self, *names: str) -> set[str]:
        """The parameters that these phases change in any bit."""
        before = self.snapshot()
        self.run(*names)
        return {k for k, v in self.snapshot().items() if not v.equal(before[k])}


@pytest.fixture(scope="session")
def digits() -> Data:
    """200 real digits, 8 x 8, with labels."""
    return load_data(DataConfig(limit=200), 0)


@pytest.fixture(scope="session")
def vectors() -> Data:
    """Points in five dimensions without labels."""
    rng = np.random.default_rng(0)
    return from_arrays(rng.normal(3, 2, (200, 5)).astype(np.float32), heldout=0.2, seed=0)


@pytest.fixture
def tiny():
    """Composes a recipe with small networks and batches."""

    def composed(name: str, architecture: str | dict[str, Any] = "mlp", **settings: Any) -> Recipe:
        sizes: dict[str, Any] = {"labelled_batch": 10} if name in SEMI else {}
        small = TINY[architecture] if isinstance(architecture, str) else architecture
        return compose(name, **{"architecture": small, "batch": 20, **sizes, **settings})

    return composed


SEMI = ("classic-semi-supervised", "classic-clustering", "classic-dim-reduction")


@pytest.fixture
def bench(tiny, digits):
    """A recipe's bench on digits."""

    def made(name: str, architecture: str | dict[str, Any] = "mlp", *, networks=None, **settings: Any) -> Bench:
        return Bench(tiny(name, architecture, **settings), digits, networks)

    return made


@pytest.fixture(scope="session")
def mnist(tmp_path_factory):
    """Loads so many training images of MNIST with so many labels; skips where the files are not."""
    pytest.importorskip("torchvision")
    if not MNIST.is_dir():
        pytest.skip(f"the MNIST files are not in {MNIST}")
    root = tmp_path_factory.mktemp("data")
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for packed in MNIST.glob("*.gz"):
        (raw / packed.stem).write_bytes(gzip.decompress(packed.read_bytes()))

    def loaded(**fields: Any) -> Data:
        return load_data(DataConfig(source="torchvision:MNIST", root=str(root), **fields), 0)

    return loaded
