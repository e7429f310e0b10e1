"""A configuration as plain tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from aaecore.config.problems import MARK
from aaecore.part import Part
from aaecore.plugins import Registry
from aaecore.plugins import registry as installed


def to_dict(config: Any, *, registry: Registry | None = None) -> dict[str, Any]:
    """A component as plain tables, lists, numbers and strings; `structure` makes an equal one of it.

    A part that no plugin offers is marked (`python:module.Class`); such a table cannot be structured again.
    """
    plain: dict[str, Any] = _plain(config, registry or installed())
    return plain


def _plain(value: Any, registry: Registry) -> Any:
    if isinstance(value, Part) or attrs.has(type(value)):
        fields = attrs.fields(type(value)) if attrs.has(type(value)) else ()
        named = {"name": part_name(value, registry)} if isinstance(value, Part) else {}
        return {**named, **{a.alias: _plain(getattr(value, a.name), registry) for a in fields if a.init}}
    if isinstance(value, Mapping):
        return {str(k): _plain(v, registry) for k, v in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(v, registry) for v in value]
    return value if value is None or isinstance(value, (str, int, float)) else mark(value)


def part_name(part: Part, registry: Registry) -> str:
    """The name a file gives to a part's class."""
    return registry.name_of(type(part)) or mark(type(part))


def mark(thing: Any) -> str:
    """What stands in a file for something that only Python can make."""
    named = thing if hasattr(thing, "__qualname__") else type(thing)
    return f"{MARK}{named.__module__}.{named.__qualname__}"
