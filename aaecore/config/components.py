"""Structuring components: attrs classes, chosen by name where they are parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import attrs

from aaecore.config.leaves import each, strict_converter
from aaecore.config.problems import Problem, Refused, describe, expected, from_validator, is_marked
from aaecore.errors import PluginError, suggest
from aaecore.kinds import KINDS
from aaecore.part import Part
from aaecore.plugins import Registry


@attrs.frozen(eq=False)
class _Changes:
    """Some fields of a component that otherwise stays as it is."""

    of: Any
    table: Mapping[str, Any]


class Components:
    """Structures tables to components, finding parts by name in a registry.

    `elsewhere` says, for the message about an unknown setting of a recipe, where settings of that name are.
    """

    def __init__(self, registry: Registry, elsewhere: Mapping[str, str] | None = None) -> None:
        self.registry = registry
        self.elsewhere = elsewhere or {}
        self.converter = strict_converter()
        self.converter.register_structure_hook_func(_is_component, self._component)

    def part(self, value: Any, kind: str, base: type = object) -> Any:
        """A part of a kind from its name, from a table, or as it is."""
        if isinstance(value, Part) and isinstance(value, base) and getattr(value, "kind", None) == kind:
            return value
        if isinstance(value, str):
            return self._build(self._named(value, kind, base), {})
        if isinstance(value, Mapping) and "name" in value:
            return self._build(self._named(value["name"], kind, base), _without_name(value))
        choices = suggest("", self.registry.names(kind, base))
        if isinstance(value, Mapping):
            raise Refused(f"needs a `name`; {choices}")
        raise Refused(f"expected {a(kind)} (a name or a table with `name`), got {describe(value)}; {choices}")

    def _component(self, value: Any, t: Any) -> Any:
        if isinstance(value, _Changes):
            return self._build(type(value.of), value.table, value.of)
        if issubclass(t, Part) and getattr(t, "kind", None) in KINDS:
            return self.part(value, t.kind, t)
        if isinstance(value, t):
            return value
        if not isinstance(value, Mapping):
            raise expected("a table", value)
        return self._build(t, value)

    def _named(self, name: Any, kind: str, base: type) -> type:
        if not isinstance(name, str):
            raise Refused(Problem(("name",), f"expected the name of {a(kind)}, got {describe(name)}"))
        if is_marked(name):
            raise expected(a(kind), name)
        try:
            return self.registry.get(kind, name, base)
        except PluginError as e:
            raise Refused(str(e)) from e

    def _build(self, cls: type, table: Mapping[str, Any], current: Any = None) -> Any:
        """An instance of `cls`, or `current` with some fields changed."""
        fields = settings(cls)
        problems = [Problem((key,), self._unknown(key, cls)) for key in table if key not in fields]
        whole = {k: v for k, v in table.items() if k in fields and not _is_change(v, fields[k].type)}
        changed = {k: v for k, v in table.items() if k in fields and k not in whole}
        try:
            made = each(self.converter, {k: (v, fields[k].type or Any) for k, v in whole.items()})
            for key, value in changed.items():
                changed[key] = _changes(_standing(cls, fields[key], current, made), value)
            made |= each(self.converter, {k: (v, fields[k].type) for k, v in changed.items()})
            missing = [k for k, a in fields.items() if _required(a) and current is None and k not in made]
            problems += [Problem((key,), "must be given; it has no default") for key in missing]
        except Refused as refused:
            problems += refused.problems
        if problems:
            raise Refused(*problems)
        return _made(cls, made, current)

    def _unknown(self, key: str, cls: type) -> str:
        name = self.registry.name_of(cls) or cls.__name__
        known = suggest(key, settings(cls)) if settings(cls) else "it has none"
        text = f"{name} has no such setting; {known}"
        if not issubclass(cls, Part):
            return f"unknown; {suggest(key, settings(cls))}"
        if key in self.elsewhere and cls.kind == "recipe":  # type: ignore[attr-defined]
            return f"{text}; or did you mean {self.elsewhere[key]}?"
        others = self._having(key, cls)
        return f"{text}; {key!r} is a setting of {others}" if others else text

    def _having(self, key: str, cls: type) -> str:
        kind = getattr(cls, "kind", "")
        names = self.registry.names(kind) if kind in KINDS else []
        return ", ".join([n for n in names if key in settings(self.registry.get(kind, n))][:3])


def a(kind: str) -> str:
    """A kind with its article."""
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def settings(cls: type) -> dict[str, attrs.Attribute[Any]]:
    """The fields of a component that can be set, with their types resolved."""
    attrs.resolve_types(cls)
    return {a.alias: a for a in attrs.fields(cls) if a.init}


def component_type(t: Any) -> type | None:
    """The component class in a field's type, also in `X | None` and `tuple[X, ...]`; None if there is none."""
    members = (t, *get_args(t))
    return next((m for m in members if _is_component(m)), None)


def _is_component(t: Any) -> bool:
    return isinstance(t, type) and (issubclass(t, Part) or attrs.has(t))


def _is_change(value: Any, t: Any) -> bool:
    return isinstance(value, Mapping) and "name" not in value and component_type(t) is not None


def _without_name(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if key != "name"}


def _changes(standing: Any, table: Mapping[str, Any]) -> Any:
    return table if standing is None else _Changes(standing, table)


def _required(a: attrs.Attribute[Any]) -> bool:
    return a.default is attrs.NOTHING


def _standing(cls: type, a: attrs.Attribute[Any], current: Any, made: Mapping[str, Any]) -> Any:
    """What a field is while nobody sets it."""
    if current is not None:
        return getattr(current, a.name)
    default: Any = a.default
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]
        return getattr(_made(cls, made, None), a.name) if default.takes_self else default.factory()
    return None if _required(a) else default


def _made(cls: type, made: Mapping[str, Any], current: Any) -> Any:
    try:
        return cls(**made) if current is None else attrs.evolve(current, **made)
    except (TypeError, ValueError) as e:
        raise from_validator(e, [a.name for a in attrs.fields(cls)]) from e
