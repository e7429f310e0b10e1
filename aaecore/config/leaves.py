"""Strict structuring of everything that is no component: single values, lists, tables, unions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import cattrs

from aaecore.config import scalars
from aaecore.config.problems import Problem, Refused, expected

Hook = Callable[[Any, Any], Any]
NONE = "none"
"""How a file or a command line says None, which TOML cannot."""


def strict_converter() -> cattrs.Converter:
    """A converter that converts nothing but integers to floats and lists to tuples."""
    converter = cattrs.Converter(detailed_validation=False)
    converter.register_structure_hook(int, scalars.integer)
    converter.register_structure_hook(float, scalars.number)
    converter.register_structure_hook(bool, scalars.boolean)
    converter.register_structure_hook(str, scalars.string)
    converter.register_structure_hook_func(_is_literal, scalars.choice)
    converter.register_structure_hook_factory(_is_sequence, lambda t: _sequence(converter))
    converter.register_structure_hook_factory(_is_mapping, lambda t: _mapping(converter))
    converter.register_structure_hook_factory(is_union, lambda t: _union(converter))
    return converter


def is_union(t: Any) -> bool:
    """Whether a type is `X | Y`."""
    return isinstance(t, UnionType) or get_origin(t) is Union


def says_none(value: Any, t: Any) -> bool:
    """Whether a value stands for None where None is allowed."""
    return is_union(t) and NoneType in get_args(t) and (value is None or value == NONE)


def words(t: Any) -> str:
    """A type in a reader's words."""
    if is_union(t):
        return " or ".join(f"{NONE!r}" if a is NoneType else words(a) for a in get_args(t))
    if _is_literal(t):
        return "one of " + ", ".join(map(repr, get_args(t)))
    if _is_sequence(t):
        return "a list"
    named: dict[Any, str] = {int: "an integer", float: "a number", bool: "true or false", str: "a string"}
    return named.get(t) or ("a table" if _is_mapping(t) else str(getattr(t, "__name__", t)))


def _is_literal(t: Any) -> bool:
    origin: object = get_origin(t)
    return origin is Literal


def _is_sequence(t: Any) -> bool:
    return get_origin(t) in (tuple, list, Sequence)


def _sequence(converter: cattrs.Converter) -> Hook:
    def structure(value: Any, t: Any) -> Any:
        if not isinstance(value, (list, tuple)):
            hint = f"; write it as [{value!r}]" if isinstance(value, str) and value else ""
            raise Refused(f"{expected(words(t), value)}{hint}")
        items = get_args(t)
        fixed = get_origin(t) is tuple and Ellipsis not in items
        if fixed and len(items) != len(value):
            raise Refused(f"expected a list of {len(items)}, got {len(value)}")
        types = items if fixed else items[:1] * len(value)
        made = each(converter, {str(i): pair for i, pair in enumerate(zip(value, types, strict=True))})
        return list(made.values()) if get_origin(t) is list else tuple(made.values())

    return structure


def _is_mapping(t: Any) -> bool:
    origin = get_origin(t)
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _mapping(converter: cattrs.Converter) -> Hook:
    def structure(value: Any, t: Any) -> Any:
        if not isinstance(value, Mapping):
            raise expected("a table", value)
        return each(converter, {str(key): (item, get_args(t)[1]) for key, item in value.items()})

    return structure


def _union(converter: cattrs.Converter) -> Hook:
    def structure(value: Any, t: Any) -> Any:
        if says_none(value, t):
            return None
        members = [a for a in get_args(t) if a is not NoneType]
        if len(members) == 1:
            return converter.structure(value, members[0])
        for member in sorted(members, key=lambda m: m is not type(value)):  # 3 is an int before it is a float
            try:
                return converter.structure(value, member)
            except Refused:
                continue
        raise expected(words(t), value)

    return structure


def each(converter: cattrs.Converter, given: Mapping[str, tuple[Any, Any]]) -> dict[str, Any]:
    """Structure several (value, type) by name, and report all that is wrong with them."""
    made: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, (value, t) in given.items():
        try:
            made[name] = converter.structure(value, t)
        except Refused as refused:
            problems += refused.under(name)
        except cattrs.errors.StructureHandlerNotFoundError:
            problems += expected("what only Python can make", value).under(name)
    if problems:
        raise Refused(*problems)
    return made
