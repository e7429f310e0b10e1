"""Stacking strategies every paper needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from attrs import frozen
from torch.nn import Module

from aaecore.phase import Phase
from aaecore.stacking import Stacking, Stage

if TYPE_CHECKING:
    from aaecore.recipe import Recipe


@frozen(kw_only=True)
class Single(Stacking):
    """No growth: one stage on the full networks."""

    def stages(self, networks: Mapping[str, Module], phases: Sequence[Phase], recipe: Recipe) -> Iterator[Stage]:
        """One stage."""
        yield Stage("train", networks, phases, recipe.epochs)
