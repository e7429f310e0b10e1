"""A small recipe of the core's own parts, and quick ways to train it."""

import signal
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pytest
from attrs import frozen

from aaecore.adversary import Adversary
from aaecore.architecture import Architecture
from aaecore.config import RunConfig, structure
from aaecore.data import Data, from_arrays
from aaecore.defaults.architectures import MLP
from aaecore.model import Model
from aaecore.observer import Observer
from aaecore.optimizer import SGD, Optimizer
from aaecore.phase import Phase
from aaecore.recipe import Builders, Recipe
from aaecore.runs.session import new_model
from aaecore.spec import Spec
from aaecore.training import Training
from aaecore.training.device import make_accelerator

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in what a shell runs in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # as under nohup
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@frozen(kw_only=True)
class ToyRecipe(Recipe):
    """rec, disc, gen on very small networks."""

    code: int = 2
    architecture: Architecture = MLP(hidden=(6,))
    batch: int = 8
    epochs: int = 2
    optimizer: Optimizer = SGD(lr=0.1)

    def own_networks(self, spec: Spec) -> Builders:
        discriminator = partial(self.architecture.discriminator, (self.code,))
        return {**super().own_networks(spec), "code_discriminator": discriminator}

    def own_phases(self, spec: Spec) -> Sequence[Phase]:
        game = Adversary("code_discriminator", real="z_prior", fakes="z", loss=self.adversarial)
        return (
            Phase("rec", "reconstruction", ("encoder", "decoder"), {"L_rec": self.reconstruction}, self.optimizer),
            Phase("disc", "discriminator", ("code_discriminator",), {"L_D": game.discriminate}, self.optimizer),
            Phase("gen", "generator", ("encoder",), {"L_G": game.deceive}, self.optimizer),
        )


@pytest.fixture(scope="session")
def toy() -> type[ToyRecipe]:
    return ToyRecipe


@pytest.fixture(scope="session")
def images() -> tuple[np.ndarray, np.ndarray]:
    """40 images of 4 x 4 pixels in 4 classes."""
    return np.random.default_rng(0).random((40, 4, 4)).astype(np.float32), np.arange(40) % 4


@pytest.fixture(scope="session")
def data(images: tuple[np.ndarray, np.ndarray]) -> Data:
    """32 of the images to train on, 8 held out."""
    return from_arrays(*images, heldout=0.2)


@pytest.fixture(scope="session")
def prepare(data: Data) -> Callable[..., Training]:
    """A training that has not begun."""

    def make(
        recipe: Recipe,
        given: Data | None = None,
        *,
        seed: int = 0,
        precision: str = "fp32",
        accumulate: int = 1,
        observers: Sequence[Observer] = (),
    ) -> Training:
        run = {"seed": seed, "precision": precision, "device": "cpu"}
        config = structure({"recipe": recipe, "run": run})
        model: Model = new_model(config, given or data)
        accelerator = make_accelerator(RunConfig(device="cpu", precision=precision))  # type: ignore[arg-type]
        return Training(model, given or data, accelerator, seed=seed, accumulate=accumulate, observers=observers)

    return make


@pytest.fixture(scope="session")
def fit(prepare: Callable[..., Training]) -> Callable[..., Training]:
    """A training that is over."""

    def run(*arguments: object, **options: object) -> Training:
        training = prepare(*arguments, **options)
        training.run()
        return training

    return run
