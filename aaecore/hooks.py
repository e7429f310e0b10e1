"""What a plugin can offer: six hooks, each a table of names and component classes.

A plugin is a module named by an entry point of the group `aaecore`, called like its distribution. A hook only
offers names: none runs inside training, so installing a plugin changes nobody's numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from aaecore.architecture import Architecture
    from aaecore.loss import AdversarialLoss, Loss
    from aaecore.prior import Prior
    from aaecore.recipe import Recipe
    from aaecore.scheduler import PhaseScheduler
    from aaecore.stacking import Stacking

PROJECT = "aaecore"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def aaecore_priors() -> Mapping[str, type[Prior]]:  # type: ignore[empty-body]
    """Distributions that codes should follow.

    ```python
    @frozen(kw_only=True)
    class Laplace(Prior):
        \"""Independent Laplace codes.

        scale: diversity b of each dimension.
        \"""

        scale: float = field(default=1.0, validator=gt(0))

        def sample(self, n, code, *, labels, draw, net):
            u = draw.uniform(n, code) - 0.5
            return -self.scale * u.sign() * torch.log1p(-2 * u.abs())

    @hookimpl
    def aaecore_priors():
        return {"laplace": Laplace}
    ```
    """


@hookspec
def aaecore_losses() -> Mapping[str, type[Loss | AdversarialLoss]]:  # type: ignore[empty-body]
    """Terms that phases minimise: reconstruction losses, regularizers, and adversarial games.

    ```python
    @frozen(kw_only=True)
    class Huber(ReconstructionLoss):
        \"""Squared error near zero, absolute error beyond, a mean over all pixels.\"""

        def __call__(self, f):
            return torch.nn.functional.huber_loss(f.x_rec, f.target)

    @hookimpl
    def aaecore_losses():
        return {"huber": Huber}
    ```
    """


@hookspec
def aaecore_schedulers() -> Mapping[str, type[PhaseScheduler]]:  # type: ignore[empty-body]
    """Which phases run on a batch, how often and with what weight.

    ```python
    @frozen(kw_only=True)
    class Twice(PhaseScheduler):
        \"""Every discriminator phase twice.\"""

        def plan(self, phases, progress):
            for phase in phases:
                yield from [phase] * (2 if phase.role == "discriminator" else 1)

    @hookimpl
    def aaecore_schedulers():
        return {"twice": Twice}
    ```
    """


@hookspec
def aaecore_stackings() -> Mapping[str, type[Stacking]]:  # type: ignore[empty-body]
    """How the networks grow from stage to stage.

    ```python
    @frozen(kw_only=True)
    class TwoHalves(Stacking):
        \"""One network, trained in two stages with fresh optimizers.\"""

        def stages(self, networks, phases, recipe):
            yield Stage("first", networks, phases, epochs=recipe.epochs // 2)
            yield Stage("second", networks, phases, epochs=recipe.epochs - recipe.epochs // 2)

    @hookimpl
    def aaecore_stackings():
        return {"two-halves": TwoHalves}
    ```
    """


@hookspec
def aaecore_architectures() -> Mapping[str, type[Architecture]]:  # type: ignore[empty-body]
    """What builds encoders, decoders and discriminators for a data shape, as stacks of blocks.

    ```python
    @frozen(kw_only=True)
    class NarrowMLP(MLP):
        \"""Fully connected networks of 100 units.\"""

        hidden: tuple[int, ...] = (100, 100)

    @hookimpl
    def aaecore_architectures():
        return {"narrow-mlp": NarrowMLP}
    ```
    """


@hookspec
def aaecore_recipes() -> Mapping[str, type[Recipe]]:  # type: ignore[empty-body]
    """Named compositions of parts, a paper's algorithm with its hyper-parameters.

    ```python
    @frozen(kw_only=True)
    class PlainAutoencoder(Recipe):
        \"""An autoencoder without an adversary.

        optimizer: how encoder and decoder move.
        \"""

        optimizer: Optimizer = Adam()

        def own_phases(self, spec):
            terms = {"reconstruction": self.reconstruction}
            return [Phase("reconstruct", "reconstruction", ("encoder", "decoder"), terms, self.optimizer)]

    @hookimpl
    def aaecore_recipes():
        return {"plain": PlainAutoencoder}
    ```
    """
