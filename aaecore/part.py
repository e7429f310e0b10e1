"""What all replaceable parts have in common."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from aaecore.errors import PluginError

if TYPE_CHECKING:
    from torch.nn import Module

    from aaecore.phase import Phase
    from aaecore.recipe import Recipe
    from aaecore.spec import Spec


class Part:
    """A replaceable part: a frozen attrs class whose fields are its configuration.

    The first line of its docstring is its help text; a line `field: meaning` in it documents a field. A part that is
    trained brings its networks and the phases that move them, and so works in anybody's recipe.
    """

    def __attrs_post_init__(self) -> None:
        """A field that a derived class gives another default keeps the validator it had."""
        for a in attrs.fields(type(self)):  # type: ignore[arg-type] # every part is an attrs class
            first = inherited_validator(type(self), a.name) if a.validator is None else None
            if first is not None:
                first(self, a, getattr(self, a.name))

    def networks(self, recipe: Recipe, spec: Spec) -> Mapping[str, Callable[[], Module]]:
        """What builds the networks this part needs beyond the recipe's own, by role; an existing role is shared."""
        return {}

    def phases(self, recipe: Recipe, spec: Spec) -> Sequence[Phase]:
        """Phases that train them, run after the recipe's own; a name that exists already is not added again."""
        return ()

    def evaluated(self, phase: Phase) -> Sequence[str]:
        """Roles of the networks that this part wants in inference mode in `phase`, unless the phase moves them."""
        return ()

    def without_effect(self, recipe: Recipe, spec: Spec) -> Sequence[str]:
        """Names of the fields that change nothing as the others are set; where they were changed, that is remarked.

        `recipe.NAME` is a field of the recipe.
        """
        return ()

    def check(self, recipe: Recipe, spec: Spec) -> None:
        """Raise `aaecore.errors.AAEError` if this part cannot work in `recipe` on such data, saying what would."""


def inherited_validator(cls: type, name: str) -> Callable[[Any, Any, Any], Any] | None:
    """The validator that the nearest base class of `cls` gives a field, if any does."""
    of_bases = (
        getattr(attrs.fields_dict(base).get(name), "validator", None) for base in cls.__mro__ if attrs.has(base)
    )
    return next((validator for validator in of_bases if validator is not None), None)


def summary(cls: type) -> str:
    """The first line of a class's docstring, as help text."""
    return (cls.__doc__ or "").strip().split("\n")[0]


def field_help(cls: type) -> dict[str, str]:
    """What each field of an attrs class means, from the lines `field: meaning` of the docstrings of its family."""
    names = {a.name for a in attrs.fields(cls)}
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        name = None
        for line in (base.__dict__.get("__doc__") or "").splitlines():
            match = re.match(r"\s+(\w+): (.+)", line)
            if match and match[1] in names:
                name = match[1]
                found[name] = match[2].strip()
            elif name and line.startswith("        ") and line.strip():
                found[name] += " " + line.strip()
            else:
                name = None
    return found


def parts_of(component: Any) -> list[Part]:
    """All parts among the fields of an attrs instance, and the parts inside those, outermost first."""
    return [part for _, item in fields_with_parts(component) for part in (item, *parts_of(item))]


def path_of(part: Part, recipe: Part) -> str:
    """Where a part stands in a recipe, `recipe.stacking.pretraining`; the recipe, if it does not stand there."""
    return next((path for path, found in _paths(recipe, "recipe") if found is part), "recipe")


def _paths(component: Part, path: str) -> Iterator[tuple[str, Part]]:
    yield path, component
    for name, inner in fields_with_parts(component):
        yield from _paths(inner, f"{path}.{name}")


def fields_with_parts(component: Any) -> Iterator[tuple[str, Part]]:
    """The parts among the fields of an attrs instance, each with its field's name."""
    if not attrs.has(type(component)):
        raise PluginError(f"{type(component).__name__} is no attrs class; decorate it with @attrs.frozen(kw_only=True)")
    for a in attrs.fields(type(component)):
        value = getattr(component, a.name)
        for item in value if isinstance(value, (tuple, list)) else (value,):
            if isinstance(item, Part):
                yield a.name, item
