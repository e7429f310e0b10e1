"""Where a part is tried when nobody says where: the first of some plain recipes that it works in."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from attrs import evolve, frozen
from torch import Tensor
from torch.nn import Module

from aaecore.config import Config
from aaecore.data import Data
from aaecore.errors import AAEError
from aaecore.forward import Forward
from aaecore.model import Model
from aaecore.posterior import Deterministic, GaussianPosterior
from aaecore.randomness import Draw, Share
from aaecore.recipe import Recipe
from aaecore.runs.session import new_model
from aaecore.testing.bench import Bench, digits, vectors
from aaecore.testing.problems import ContractError, title

Placed = Callable[[Recipe], Recipe]
"""A recipe, with the part to be tried in it."""


@frozen
class Host:
    """A part in a recipe, with its untrained model and the data it is tried on."""

    recipe: Recipe
    data: Data
    model: Model

    def forward(self, *, share: Share | None = None, step: int = 0, training: bool = False) -> Forward:
        """The first samples as a batch, or a share of them."""
        rows = (share or Share()).rows(self.recipe.batch // (share.parts if share else 1))
        batch = {name: value[rows] for name, value in self._batch().items()}
        networks = self.model.networks
        draw = Draw(0, step, share=share)
        return self.recipe.forward(self.recipe, self.model.spec, networks, batch, draw, training=training)

    def forward_of(self, networks: dict[str, Module], batch: dict[str, Tensor], draw: Draw) -> Forward:
        """Any batch through any networks."""
        return self.recipe.forward(self.recipe, self.model.spec, networks, batch, draw, training=False)

    def _batch(self) -> dict[str, Tensor]:
        n = self.recipe.batch
        given = {"y": self.data.y, "condition": self.data.condition}
        found = {name: value[:n] for name, value in given.items() if value is not None}
        return {"x": self.model.scaling.apply(self.data.x.take(range(n))), **found}


def host_for(part: object, placed: Placed, recipe: Recipe | None, data: Data | None) -> Host:
    """The given recipe and data, or the first plain ones that the part accepts."""
    refusals = []
    for base in [recipe] if recipe else plain_recipes():
        for on in [data] if data else [digits(), vectors()]:
            try:
                made = placed(base)
                with torch.random.fork_rng(devices=[]):
                    return Host(made, on, new_model(Config(recipe=made), on).eval())
            except AAEError as e:
                refusals.append(str(e))
    raise ContractError(
        f"{title(part)} works in no plain recipe ({refusals[0]}); say where it does, by recipe= and data="
    )


def plain_recipes() -> Iterator[Recipe]:
    """The plainest recipe, with each kind of posterior, and with data of each range."""
    for posterior in (Deterministic(), GaussianPosterior()):
        yield Bench(posterior=posterior)
    yield evolve(Bench(), scaling="symmetric")
