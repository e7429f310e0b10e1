"""Everything installed with everything else: which parts work together, and for those that do not the reason."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from aaecore.architecture import Architecture
from aaecore.config import Config, change, make
from aaecore.errors import AAEError
from aaecore.loss import AdversarialLoss, ReconstructionLoss, Regularizer
from aaecore.part import Part
from aaecore.plugins import registry
from aaecore.prior import Prior
from aaecore.recipe import Recipe
from aaecore.runs.session import new_model
from aaecore.scheduler import PhaseScheduler
from aaecore.stacking import Stacking
from aaecore.testing.bench import Bench, digits
from aaecore.testing.pairs import Pair, Row, all_pairs, every_pair
from aaecore.testing.small import small

BASES: Mapping[str, type[Part]] = {
    "prior": Prior,
    "adversarial": AdversarialLoss,
    "reconstruction": ReconstructionLoss,
    "regularizers": Regularizer,
    "scheduler": PhaseScheduler,
    "stacking": Stacking,
    "architecture": Architecture,
}
"""The fields of every recipe that plugins offer parts for."""
CROSSED = ("prior", "adversarial", "scheduler", "stacking", "architecture")
"""The fields that are crossed with each other."""


def choices(field: str) -> list[str]:
    """The names of what is installed for a field."""
    kind: str = BASES[field].kind  # type: ignore[attr-defined]
    return registry().names(kind, BASES[field])


def recipe_names() -> list[str]:
    """The names of all installed recipes."""
    return registry().names("recipe")


def recipe_named(name: str) -> Recipe:
    """A recipe with small networks and batches."""
    made: Recipe = small(make(Recipe, name))
    return made


def composed(recipe: Recipe, parts: Mapping[str, str]) -> Recipe:
    """`recipe` with parts by name in these fields, all small."""
    made = {field: small(make(BASES[field], name)) for field, name in parts.items()}
    settings = {field: [part] if field == "regularizers" else part for field, part in made.items()}
    changed: Recipe = change(recipe, settings, path="recipe")
    return changed


def refusal(recipe: Recipe) -> str | None:
    """Why a recipe cannot be trained on labelled digits with condition vectors; None if it can."""
    try:
        new_model(Config(recipe=recipe), digits())
    except AAEError as e:
        return str(e)
    return None


def crossed() -> dict[str, list[str]]:
    """What is crossed: names by field."""
    return {field: choices(field) for field in CROSSED}


@cache
def refused_pairs() -> Mapping[Pair, str]:
    """The pairs of parts that the plainest recipe cannot have both, and why."""
    found = {pair: refusal(composed(Bench(), dict(pair))) for pair in every_pair(crossed())}
    return MappingProxyType({pair: why for pair, why in found.items() if why is not None})


def rows() -> list[Row]:
    """Compositions in which every pair of parts stands that is not refused."""
    return all_pairs(crossed(), refused_pairs())


def refused_in(recipe: str) -> dict[str, dict[str, str]]:
    """By field, the parts that a recipe cannot have in place of its own, and why."""
    made = recipe_named(recipe)
    found: dict[str, dict[str, str]] = {}
    for field in BASES:
        reasons = {name: refusal(composed(made, {field: name})) for name in choices(field)}
        found[field] = {name: why for name, why in reasons.items() if why is not None}
    return found


def foreign_row(name: str) -> Row:
    """A composition of parts that are not a recipe's own, each of which it takes alone; other ones for every recipe."""
    turn, recipe = recipe_names().index(name), recipe_named(name)
    return {field: _foreign(recipe, field, turn) for field in CROSSED}


def _foreign(recipe: Recipe, field: str, turn: int) -> str:
    own = registry().name_of(type(getattr(recipe, field)))
    names = choices(field)
    in_turn = [*names[turn % len(names) :], *names[: turn % len(names)]]
    taken = (name for name in in_turn if name != own and refusal(composed(recipe, {field: name})) is None)
    return next(taken, own or in_turn[0])
