"""Small networks on small data, and training of chosen phases only."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import pytest
import torch
from aae_learnedprior.architecture import Residual
from attrs import evolve, field, frozen
from torch import Tensor
from torch.nn import Module

import aaecore
from aaecore.data import Data, from_arrays
from aaecore.forward import Forward
from aaecore.observer import Observer
from aaecore.phase import Phase, Progress
from aaecore.randomness import Draw
from aaecore.recipe import Recipe
from aaecore.scheduler import PhaseScheduler
from aaecore.spec import Spec

SMALL = Residual(
    channels=(4, 8), discriminator_channels=(8, 12), discriminator_hidden=16, code_discriminator_hidden=(16,)
)
States = dict[str, dict[str, Tensor]]


@frozen(kw_only=True)
class Only(PhaseScheduler):
    """These phases only."""

    names: tuple[str, ...] = field(converter=tuple)

    def plan(self, phases: Sequence[Phase], progress: Progress) -> Iterable[Phase]:
        """Those."""
        return [p for p in phases if p.name in self.names]


@pytest.fixture
def small() -> Residual:
    return SMALL


def noise(side: int) -> Data:
    """48 images of noise in 10 classes, with dense conditions."""
    g = torch.Generator().manual_seed(0)
    return from_arrays(
        torch.rand(48, side, side, generator=g).numpy(),
        torch.arange(48).remainder(10).numpy(),
        condition=torch.randn(48, 5, generator=g).numpy(),
        heldout=0.25,
    )


@pytest.fixture
def data() -> Data:
    return noise(8)


@pytest.fixture
def large() -> Data:
    """Images large enough for an image discriminator of two levels, which has batch normalisation."""
    return noise(16)


@pytest.fixture
def spec() -> Spec:
    return Spec(shape=(1, 8, 8), classes=10, condition=5, output="tanh")


@pytest.fixture
def forward(spec: Spec) -> Callable[..., Forward]:
    """A batch of noise in [-1, 1] on its way through networks."""

    def made(recipe: Recipe, networks: Mapping[str, Module], n: int = 16, **given: Tensor) -> Forward:
        g = torch.Generator().manual_seed(1)
        x = 2 * torch.rand(n, *spec.shape, generator=g) - 1
        y = torch.arange(n).remainder(10)
        batch = {"x": x, "y": y, "condition": torch.randn(n, 5, generator=g), **given}
        return recipe.forward(recipe, spec, networks, batch, Draw(0, 0))

    return made


@pytest.fixture
def changed(data: Data) -> Callable[..., tuple[set[str], set[str]]]:
    """Train only some phases; the roles of the networks that were changed, and of those that were not.

    `statistics` says whether those of batch normalisation count.
    """

    def trained(recipe: Recipe, *names: str, statistics: bool = True, data: Data = data) -> tuple[set[str], set[str]]:
        alone = evolve(recipe, scheduler=Only(names=names), epochs=1, batch=12)
        before: States = {}

        class Remember(Observer):
            def train_begin(self, t: object) -> None:
                before.update(states(t.model.networks, statistics))  # type: ignore[attr-defined]

        model = aaecore.train(alone, data, quiet=True, device="cpu", observers=[Remember()])
        after = states(model.networks, statistics)
        moved = {r for r in after if any(not torch.equal(after[r][k], before[r][k]) for k in after[r])}
        return moved, after.keys() - moved

    return trained


def states(networks: Mapping[str, Module], statistics: bool) -> States:
    def kept(net: Module) -> dict[str, Tensor]:
        return net.state_dict() if statistics else dict(net.named_parameters())

    return {role: {k: v.detach().clone() for k, v in kept(net).items()} for role, net in networks.items()}
