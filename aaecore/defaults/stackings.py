"""Stacking strategies every paper needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from attrs import field, frozen
from attrs.validators import ge, optional
from torch.nn import Module

from aaecore.errors import ConfigError
from aaecore.part import path_of
from aaecore.phase import Phase
from aaecore.stacking import Stacking, Stage

if TYPE_CHECKING:
    from aaecore.recipe import Recipe
    from aaecore.spec import Spec


@frozen(kw_only=True)
class Single(Stacking):
    """No growth: one stage on the full networks.

    patience: epochs without a smaller held-out error of reconstruction after which training ends; none for never.
    """

    patience: int | None = field(default=None, validator=optional(ge(1)))

    def stages(self, networks: Mapping[str, Module], phases: Sequence[Phase], recipe: Recipe) -> Iterator[Stage]:
        """One stage."""
        yield Stage("train", networks, phases, recipe.epochs, patience=self.patience)

    def check(self, recipe: Recipe, spec: Spec) -> None:
        """Patience needs reconstructions to judge by."""
        if self.patience is not None and not {"encoder", "decoder"} <= recipe.own_networks(spec).keys():
            problem = "goes by reconstructions, and this recipe makes none"
            raise ConfigError(f"{path_of(self, recipe)}.patience", f"{problem}; leave it out")
