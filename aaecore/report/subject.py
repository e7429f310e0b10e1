"""What the pictures of a report are of."""

from __future__ import annotations

from collections import Counter
from functools import cached_property

from attrs import define
from torch import Tensor

from aaecore.data import Data
from aaecore.model import Model
from aaecore.report.tiles import Tiles
from aaecore.use.rundata import all_of, known_labels

SHOWN = 2000
"""Held-out samples that pictures look at, at most."""


@define(slots=False, eq=False)
class Subject:
    """A trained model and the data it is shown on."""

    model: Model
    data: Data
    seed: int

    @cached_property
    def shown(self) -> Data:
        """Some of the held-out data."""
        return self.data.judged.some(SHOWN)

    @cached_property
    def x(self) -> Tensor:
        """Its samples."""
        return all_of(self.shown)

    @cached_property
    def labels(self) -> Tensor | None:
        """Its labels, where they are those the model knows."""
        return known_labels(self.model, self.shown)

    @cached_property
    def tiles(self) -> Tiles:
        """How its samples are drawn."""
        return Tiles.of(self.x)

    @property
    def samples(self) -> bool:
        """Whether there is anything to sample."""
        return "decoder" in self.model.networks and self.model.recipe.shapes_codes

    @property
    def reconstructs(self) -> bool:
        """Whether there are reconstructions."""
        return {"encoder", "decoder"} <= self.model.networks.keys()

    @property
    def code(self) -> int:
        """The size of a representation."""
        return self.codes.shape[1] if "encoder" in self.model.networks else self.model.recipe.code

    @cached_property
    def codes(self) -> Tensor:
        """Representations of the held-out samples, of the posterior's mean."""
        return self.model.encode(self.x)

    @cached_property
    def decoder_inputs(self) -> Tensor:
        """All that the decoder is given to reconstruct them, (N, decoder_width)."""
        recipe = self.model.recipe
        return self.model.compute(recipe.code_of_data, self.x, labels=self.labels, sample=False)

    @cached_property
    def mixed(self) -> list[int]:
        """Their places in an order that takes the classes in turn, so that the first few show all of them."""
        if self.labels is None:
            return list(range(len(self.shown)))
        seen: Counter[int] = Counter()
        turns = []
        for i, label in enumerate(self.labels.tolist()):
            turns.append((seen[label], label, i))
            seen[label] += 1
        return [i for _, _, i in sorted(turns)]
