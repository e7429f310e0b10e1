"""The adversarial autoencoder three ways: a plain loop, a loop that encodes twice, and the framework's recipe."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import torch
from attrs import frozen
from numpy.typing import ArrayLike
from rich.console import Console
from torch import Tensor, nn
from torch.nn import functional as F

import aaecore
from aaecore.observer import Observer
from aaecore.progress.display import ProgressDisplay
from aaecore.runs.directory import History
from aaecore.training import Training

CODE, STD = 8, 5.0


@frozen
class Problem:
    """How large the networks and batches are, how many images make up one measurement, and where."""

    hidden: int
    batch: int
    images: int
    device: str = "cpu"


def images(n: int) -> Tensor:
    """Random images of MNIST's shape, (n, 784) in [0, 1]."""
    return torch.rand(n, 784, generator=torch.Generator().manual_seed(0))


def network(sizes: Sequence[int], *last: nn.Module) -> nn.Sequential:
    """Linear layers with ReLU between them."""
    layers: list[nn.Module] = []
    for i, o in pairwise(sizes):
        layers += [nn.Linear(i, o), nn.ReLU()]
    return nn.Sequential(*layers[:-1], *last)


def synchronize(device: torch.device) -> None:
    """Wait for all that was asked of the device, so that a clock tells when it was done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


class Loop:
    """What a user writes by hand on a tensor in memory: networks, three optimizers of torch, and a loop."""

    def __init__(self, problem: Problem, x: Tensor) -> None:
        h = problem.hidden
        self.x, self.batch = x.to(problem.device), problem.batch
        self.E, self.G = network((784, h, h, CODE)), network((CODE, h, h, 784), nn.Sigmoid())
        self.D = network((CODE, h, h, 1))
        for net in (self.E, self.G, self.D):
            net.to(problem.device)
        both = [*self.E.parameters(), *self.G.parameters()]
        self.rec = torch.optim.SGD(both, lr=0.01, momentum=0.9)
        self.disc = torch.optim.SGD(self.D.parameters(), lr=0.1, momentum=0.1)
        self.gen = torch.optim.SGD(self.E.parameters(), lr=0.1, momentum=0.1)

    def plain(self) -> float:
        """The paper's algorithm box, line by line, in images a second: every phase encodes the batch."""
        return self.epoch(self._plain)

    def twice(self) -> float:
        """The same with one encoding for discriminator and generator phase, as the framework does."""
        return self.epoch(self._twice)

    def start(self, steps: int) -> None:
        """Train for some steps only."""
        self.epoch(self._plain, steps)

    def epoch(self, step: Callable[[Tensor], None], steps: int | None = None) -> float:
        """Images a second over one epoch, or over its first steps."""
        started = perf_counter()
        rows = torch.randperm(len(self.x)).split(self.batch)[:steps]
        for i in rows:
            step(self.x[i])
        synchronize(self.x.device)
        return len(rows) * self.batch / (perf_counter() - started)

    def _plain(self, x: Tensor) -> None:
        self._reconstruct(x)
        self._discriminate(self.E(x).detach())
        self._deceive(self.E(x))

    def _twice(self, x: Tensor) -> None:
        self._reconstruct(x)
        z = self.E(x)
        self._discriminate(z.detach())
        self._deceive(z)

    def _reconstruct(self, x: Tensor) -> None:
        loss = 0.5 * F.mse_loss(self.G(self.E(x)), x, reduction="sum") / len(x)
        self.rec.zero_grad()
        loss.backward()
        self.rec.step()

    def _discriminate(self, z: Tensor) -> None:
        real, fake = self.D(STD * torch.randn_like(z)), self.D(z)
        ones, zeros = torch.ones_like(real), torch.zeros_like(fake)
        bce = F.binary_cross_entropy_with_logits
        loss = bce(real, ones) + bce(fake, zeros)
        self.disc.zero_grad()
        loss.backward()
        self.disc.step()

    def _deceive(self, z: Tensor) -> None:
        scores = self.D(z)
        loss = F.binary_cross_entropy_with_logits(scores, torch.ones_like(scores))
        self.gen.zero_grad()
        loss.backward()
        self.gen.step()


class Framework:
    """The recipe `classic` with the loop's networks and optimizers, as a user trains it."""

    def __init__(self, problem: Problem, x: ArrayLike, *, precision: str = "fp32", watched: bool = False) -> None:
        sgd = {"name": "sgd", "lr": 0.1, "momentum": 0.1}
        self.recipe = aaecore.compose(
            "classic",
            code=CODE,
            batch=problem.batch,
            epochs=1,
            prior={"name": "gaussian", "std": STD},
            architecture={"name": "mlp", "hidden": [problem.hidden] * 2},
            reconstruction_optimizer={"name": "sgd", "lr": 0.01, "momentum": 0.9},
            discriminator_optimizer=sgd,
            generator_optimizer=sgd,
        )
        self.data = aaecore.from_arrays(x)
        self.precision = precision
        self.device = problem.device
        self.watched = watched

    def epoch(self) -> float:
        """Images a second over one epoch."""
        with TemporaryDirectory() as folder:
            observers = _observers(Path(folder)) if self.watched else ()
            return self._train(observers).metrics["images_per_second"]

    def start(self, steps: int) -> None:
        """Train for some steps only."""
        with suppress(KeyboardInterrupt):
            self._train([_StopAfter(steps)])

    def _train(self, observers: Sequence[Observer]) -> aaecore.Model:
        return aaecore.train(
            self.recipe, self.data, precision=self.precision, device=self.device, quiet=True, observers=observers
        )


def _observers(folder: Path) -> list[Observer]:
    """What a run of `aae train` has on: the progress display, here into a file, and the history."""
    return [ProgressDisplay(console=Console(file=(folder / "log").open("w"))), History(folder)]


@frozen
class _StopAfter(Observer):
    steps: int

    def step_end(self, t: Training, losses: Mapping[str, float]) -> None:
        if t.step >= self.steps:
            t.stop()
