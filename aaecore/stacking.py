"""How the networks grow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from attrs import frozen
from torch import Tensor
from torch.nn import Module

from aaecore.part import Part
from aaecore.phase import Phase

if TYPE_CHECKING:
    from aaecore.recipe import Recipe


@frozen
class Stage:
    """A stretch of training with a fixed set of networks and fresh optimizers."""

    name: str
    networks: Mapping[str, Module]
    """The networks by role; a stage may bind a role to a grown or a partial network."""
    phases: Sequence[Phase]
    epochs: int
    inputs: Callable[[Mapping[str, Tensor]], Mapping[str, Tensor]] | None = None
    """Maps each batch to what this stage trains on (frozen lower levels)."""
    patience: int | None = None
    """Epochs without a smaller held-out error of reconstruction after which the stage ends; None for never."""
    stack: Mapping[str, Module] | None = None
    """The networks by role that take samples to samples while this stage trains; None for the full ones."""


class Stacking(Part):
    """Turns one training into stages on growing networks."""

    kind: ClassVar[str] = "stacking"

    def stages(self, networks: Mapping[str, Module], phases: Sequence[Phase], recipe: Recipe) -> Iterator[Stage]:
        """Yield the stages in order; what stands after a `yield` runs when that stage has been trained.

        `networks` are the full networks, whose blocks are what grows; after the last stage they are what is kept.
        """
        raise NotImplementedError
