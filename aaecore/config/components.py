"""Structuring components: attrs classes, chosen by name where they are parts."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import attrs

from aaecore.config.entries import Entries
from aaecore.config.fields import Fields, component_type, is_component, is_required, settings
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
        self.converter.register_structure_hook_func(is_component, self._component)

    def part(self, value: Any, kind: str, base: type = object) -> Any:
        """A part of a kind from its name, from a table, or as it is."""
        if isinstance(value, Part) and isinstance(value, base) and getattr(value, "kind", None) == kind:
            return value
        if isinstance(value, str):
            return self._build(self._named(value, kind, base), {})
        if isinstance(value, Mapping) and "name" in value:
            return self._build(self._named(value["name"], kind, base), _without_name(value))
        unnamed = isinstance(value, Mapping)
        wanted = "needs a `name`" if unnamed else f"expected {_articled(kind)}, got {describe(value)}"
        raise Refused(f"{wanted}; {suggest('', self.registry.names(kind, base))}")

    def changed(self, part: Any, table: Mapping[str, Any]) -> Any:
        """A part with some settings changed."""
        return self._build(type(part), table, part)

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
            raise Refused(Problem(("name",), f"expected the name of {_articled(kind)}, got {describe(name)}"))
        if is_marked(name):
            raise expected(_articled(kind), name)
        try:
            return self.registry.get(kind, name, base)
        except PluginError as e:
            raise Refused(str(e)) from e

    def _build(self, cls: type, table: Mapping[str, Any], current: Any = None) -> Any:
        """An instance of `cls`, or `current` with some fields changed."""
        fields = settings(cls)
        problems = [Problem((k,), self._unknown(k, v, cls)) for k, v in table.items() if k not in fields]
        missing = [k for k, a in fields.items() if is_required(a) and current is None and k not in table]
        problems += [Problem((key,), "must be given; it has no default") for key in missing]
        made: dict[str, Any] = {}
        for key, value in _whole_first(table, fields):
            a = fields[key]
            try:
                changes = isinstance(value, Entries) or _is_change(value, a.type)
                of = _standing(cls, a, current, made) if changes else None
                made |= each(self.converter, {key: (_changes(of, value), a.type or Any)})
            except Refused as refused:
                problems += refused.problems
        if problems:
            raise Refused(*problems)
        return _made(cls, made, current)

    def _unknown(self, key: str, value: Any, cls: type) -> str:
        name = self.registry.name_of(cls) or cls.__name__
        known = suggest(key, settings(cls)) if settings(cls) else "it has none"
        text = f"{name} has no such setting; {known}"
        if not issubclass(cls, Part):
            return f"unknown; {suggest(key, settings(cls))}"
        if cls.kind == "recipe" and (other := self._other_table(key, value)):  # type: ignore[attr-defined]
            return f"{text}; or did you mean {other}?"
        others = self._having(key, cls)
        return f"{text}; {key!r} is a setting of {others}" if others else text

    def _other_table(self, key: str, value: Any) -> str | None:
        """The setting of another table that was meant by `key`, or by `key` with one inside (`runs.seed`)."""
        inside = [k for k in value if k in self.elsewhere] if isinstance(value, Mapping) else []
        near = [self.elsewhere[k] for k in inside if get_close_matches(key, [self.elsewhere[k].partition(".")[0]])]
        return self.elsewhere.get(key, near[0] if near else None)

    def _having(self, key: str, cls: type) -> str:
        kind = getattr(cls, "kind", "")
        names = self.registry.names(kind) if kind in KINDS else []
        return ", ".join([n for n in names if key in settings(self.registry.get(kind, n))][:3])


def _articled(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _whole_first(table: Mapping[str, Any], fields: Fields) -> list[tuple[str, Any]]:
    """The known settings in the fields' order, changes last, since what they change may depend on others."""
    known = [(key, table[key]) for key in fields if key in table]
    return sorted(known, key=lambda pair: _is_change(pair[1], fields[pair[0]].type))


def _is_change(value: Any, t: Any) -> bool:
    return isinstance(value, Mapping) and "name" not in value and component_type(t) is not None


def _without_name(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if key != "name"}


def _changes(standing: Any, value: Any) -> Any:
    if isinstance(standing, Mapping):
        return {**standing, **value}
    return _Changes(standing, value) if is_component(type(standing)) else value


def _standing(cls: type, a: attrs.Attribute[Any], current: Any, made: Mapping[str, Any]) -> Any:
    """What a field is while nobody sets it."""
    if current is not None:
        return getattr(current, a.name)
    default: Any = a.default
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]
        return getattr(_made(cls, made, None), a.name) if default.takes_self else default.factory()
    return None if is_required(a) else default


def _made(cls: type, made: Mapping[str, Any], current: Any) -> Any:
    try:
        return cls(**made) if current is None else attrs.evolve(current, **made)
    except (TypeError, ValueError) as e:
        raise from_validator(e, [a.name for a in attrs.fields(cls)]) from e
