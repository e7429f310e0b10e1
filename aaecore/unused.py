"""Settings that were changed and change nothing, since no phase uses them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from types import FunctionType, MethodType
from typing import Any

import attrs

from aaecore.part import Part, fields_with_parts
from aaecore.recipe import Recipe
from aaecore.spec import Spec


def unused_settings(recipe: Recipe, spec: Spec) -> list[str]:
    """The settings that are not the defaults and that nothing uses.

    They are losses, optimizers, prior and posterior of the recipe, and what its parts say themselves.
    """
    changed = {a.alias: getattr(recipe, a.name) for a in attrs.fields(type(recipe)) if _is_changed(recipe, a)}
    used = _used(recipe, spec)
    whole = [name for name, part in changed.items() if id(part) not in used]
    return [*whole, *(name for name in _said(recipe, recipe, spec) if name.partition(".")[0] not in whole)]


def _said(part: Part, recipe: Recipe, spec: Spec, path: str = "") -> Iterator[str]:
    """What a part and those inside it say has no effect, where it is not the default of its class."""
    for said in part.without_effect(recipe, spec):
        name = said.removeprefix("recipe.")
        of, where = (part, path) if name == said else (recipe, "")
        if getattr(of, name) != _default(of, name):
            yield where + name
    for name, inner in fields_with_parts(part):
        yield from _said(inner, recipe, spec, f"{path}{name}.")


def _default(part: Part, name: str) -> Any:
    default: Any = attrs.fields_dict(type(part))[name].default  # type: ignore[arg-type] # every part is an attrs class
    return default.factory() if isinstance(default, attrs.Factory) else default  # type: ignore[arg-type]


def _is_changed(recipe: Recipe, a: attrs.Attribute[Any]) -> bool:
    default: Any = a.default
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]
        return False
    part = getattr(recipe, a.name)
    judged = getattr(part, "kind", None) in ("loss", "optimizer", "prior", "posterior")
    return isinstance(part, Part) and judged and part != default


def _used(recipe: Recipe, spec: Spec) -> set[int]:
    """Identities of all that is reached from the phases, and of the parts that work through quantities."""
    phases = recipe.all_phases(spec)
    found: set[int] = set()
    _reach([phase.terms for phase in phases], found)
    _reach([phase.optimizer for phase in phases if phase.optimizer_of is None], found)
    if recipe.shapes_codes:
        _reach([recipe.prior], found)
    if "encoder" in recipe.builders(spec):
        _reach([recipe.posterior], found)
    return found


def _reach(things: Iterable[Any], found: set[int]) -> None:
    for thing in things:
        if id(thing) not in found:
            found.add(id(thing))
            _reach(_inside(thing), found)


def _inside(thing: Any) -> Iterator[Any]:
    """What a term is made of: the parts of partial functions, methods, closures and components."""
    if isinstance(thing, Mapping):
        yield from thing.values()
    elif isinstance(thing, (tuple, list)):
        yield from thing
    elif isinstance(thing, partial):
        yield from (thing.func, *thing.args, *thing.keywords.values())
    elif isinstance(thing, MethodType):
        yield thing.__self__
    elif isinstance(thing, FunctionType):
        yield from (cell.cell_contents for cell in thing.__closure__ or ())
    elif attrs.has(type(thing)):
        yield from (getattr(thing, a.name) for a in attrs.fields(type(thing)))
