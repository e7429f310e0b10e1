"""A configuration as commented TOML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from textwrap import wrap
from typing import Any, Literal, get_args, get_origin

import attrs
import tomlkit

from aaecore.config.fields import component_type, settings
from aaecore.config.leaves import NONE
from aaecore.config.plain import part_name, to_dict
from aaecore.config.schema import Config
from aaecore.kinds import KINDS
from aaecore.part import Part, field_help, summary
from aaecore.plugins import Registry
from aaecore.plugins import registry as installed

COLUMN = 28
WIDTH = 100


def to_toml(config: Config, *, comments: bool = True, registry: Registry | None = None) -> str:
    """A configuration as a file for `--config`, with what each field means in `comments`."""
    writer = _Writer(registry or installed(), comments)
    return "\n".join(writer.inner((), config)).strip("\n") + "\n"


class _Writer:
    def __init__(self, registry: Registry, comments: bool) -> None:
        self.registry = registry
        self.comments = comments

    def inner(self, path: tuple[str, ...], component: Any) -> Iterator[str]:
        """The components in a component, each in a table of its own, after its own settings."""
        for key, a in _settings(component).items():
            value = getattr(component, a.name)
            for item in _components(value):
                inside = (*path, key)
                brackets = "[[{}]]" if isinstance(value, (tuple, list)) else "[{}]"
                yield from self._heading(_help(component, a), item)
                yield brackets.format(".".join(inside))
                yield from self._own(item, a)
                yield from self.inner(inside, item)

    def _heading(self, meaning: str, component: Any) -> Iterator[str]:
        yield ""
        if self.comments:
            what = summary(type(component)) if isinstance(component, Part) else ""
            yield from _comment(": ".join(filter(None, [meaning, what])))

    def _own(self, component: Any, held: attrs.Attribute[Any]) -> Iterator[str]:
        if isinstance(component, Part):
            name = _toml(part_name(component, self.registry))
            yield from self._line(f"name = {name}", self._choices(component, held))
        for key, a in _settings(component).items():
            value = getattr(component, a.name)
            if not _components(value):
                yield from self._setting(key, value, a, _described(_help(component, a), a))

    def _setting(self, key: str, value: Any, a: attrs.Attribute[Any], meaning: str) -> Iterator[str]:
        if value is None and a.default is None:
            if self.comments:
                yield from self._line(f"# {key} = ...", meaning)
        else:
            plain = NONE if value is None else to_dict({key: value}, registry=self.registry)[key]
            yield from self._line(f"{key} = {_toml(plain)}", meaning)

    def _line(self, line: str, comment: str) -> Iterator[str]:
        beside = f"{line:<{COLUMN}}  # {comment}"
        if not self.comments or not comment:
            yield line
        elif len(beside) <= WIDTH:
            yield beside
        else:
            yield from _comment(comment)
            yield line

    def _choices(self, part: Part, held: attrs.Attribute[Any]) -> str:
        kind = getattr(part, "kind", None)
        base = component_type(held.type) or object
        names = self.registry.names(kind, base) if kind in KINDS and kind != "recipe" else []
        others = [n for n in names if n != self.registry.name_of(type(part))]
        return "or " + ", ".join(others) if others else ""


def _settings(component: Any) -> dict[str, attrs.Attribute[Any]]:
    return settings(type(component)) if attrs.has(type(component)) else {}


def _help(component: Any, a: attrs.Attribute[Any]) -> str:
    return field_help(type(component)).get(a.name, "").rstrip(".")


def _components(value: Any) -> list[Any]:
    """The components a field holds, one or several."""
    items = list(value) if isinstance(value, (tuple, list)) else [value]
    return items if all(isinstance(i, Part) or attrs.has(type(i)) for i in items) else []


def _described(meaning: str, a: attrs.Attribute[Any]) -> str:
    choices = get_args(a.type) if get_origin(a.type) is Literal else ()
    unsaid = [str(c) for c in choices if str(c) not in meaning]
    return f"{meaning} (one of {', '.join(map(str, choices))})" if unsaid else meaning


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in wrap(text, WIDTH - 2)]


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_bare(k)} = {_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, str):
        return tomlkit.string(value).as_string()
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _bare(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else tomlkit.string(key).as_string()
