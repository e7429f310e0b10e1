"""Pre-training, then learning from labels, for any recipe with a phase of supervision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from attrs import field, frozen
from attrs.validators import ge
from torch.nn import Module

from aaecore.errors import ConfigError
from aaecore.phase import Phase
from aaecore.recipe import Recipe
from aaecore.spec import Spec
from aaecore.stacking import Stacking, Stage
from gasca.stackings import GradualGreedy


@frozen(kw_only=True)
class Pretrained(Stacking):
    """Pre-train by all phases but supervision, then learn from labels by supervision alone.

    pretraining: how the networks grow before there are labels; none starts from random weights.
    supervised_epochs: epochs of supervision.
    """

    pretraining: Stacking | None = GradualGreedy()
    supervised_epochs: int = field(default=20, validator=ge(1))

    def stages(self, networks: Mapping[str, Module], phases: Sequence[Phase], recipe: Recipe) -> Iterator[Stage]:
        """Those of the pre-training, then `classify`."""
        supervision = [p for p in phases if p.role == "supervision"]
        if self.pretraining is not None:
            others = [p for p in phases if p.role != "supervision"]
            yield from self.pretraining.stages(networks, others, recipe)
        yield Stage("classify", networks, supervision, self.supervised_epochs)

    def without_effect(self, recipe: Recipe, spec: Spec) -> Sequence[str]:
        """The budget of a pre-training that there is not."""
        return ("recipe.epochs",) if self.pretraining is None else ()

    def check(self, recipe: Recipe, spec: Spec) -> None:
        """Needs something to learn from labels."""
        if not any(p.role == "supervision" for p in recipe.own_phases(spec)):
            problem = "ends with supervision, and no phase of this recipe learns from labels"
            raise ConfigError("recipe.stacking", f"{problem}; set stacking=gradual-greedy, or recipe gasca-classifier")
