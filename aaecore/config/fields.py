"""What can be set in a component."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, TypeAlias, get_args

import attrs

from aaecore.part import Part

Fields: TypeAlias = "dict[str, attrs.Attribute[Any]]"


def settings(cls: type) -> Fields:
    """The fields of a component that can be set, with their types resolved."""
    with suppress(NameError):  # a class composed in a function; what plugins offer has been checked
        attrs.resolve_types(cls)
    return {a.alias: a for a in attrs.fields(cls) if a.init}


def component_type(t: Any) -> type | None:
    """The component class in a field's type, also in `X | None` and `tuple[X, ...]`."""
    members = (t, *get_args(t))
    return next((m for m in members if is_component(m)), None)


def is_component(t: Any) -> bool:
    """Whether a type is a component, so written as a table."""
    return isinstance(t, type) and (issubclass(t, Part) or attrs.has(t))


def is_required(a: attrs.Attribute[Any]) -> bool:
    """Whether a field has no default."""
    return a.default is attrs.NOTHING
