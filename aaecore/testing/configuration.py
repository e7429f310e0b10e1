"""A part's configuration: explained, offered by name, written to a file and read again."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace

import attrs

from aaecore.config import Config, make, structure, to_dict, to_toml
from aaecore.discovery import discover, tried
from aaecore.errors import AAEError
from aaecore.hooks import hookimpl
from aaecore.kinds import HOOKS
from aaecore.part import Part, field_help, parts_of, summary
from aaecore.plugins import Registry, registry
from aaecore.recipe import Recipe
from aaecore.tables import read
from aaecore.testing.problems import ContractError, blamed, demand, title


def check_configuration(part: Part) -> None:
    """Demand that every setting is explained and that the part is the same after it was written and read."""
    check_explained(part)
    check_frozen(part)
    known = registry_with(part)
    with blamed(part, "it is written as plain tables"):
        plain = to_dict(part, registry=known)
    try:
        again = make(part.kind, plain, registry=known)  # type: ignore[attr-defined] # parts have a kind
    except AAEError as e:
        raise ContractError(f"{title(part)} cannot be read again from its own configuration: {e}") from e
    check_equal(part, again)


def check_file(recipe: Recipe) -> None:
    """Demand that a recipe is the same after it was written to a TOML file and read."""
    known = registry_with(recipe)
    with blamed(recipe, "it is written as TOML"):
        text = to_toml(Config(recipe=recipe), registry=known)
    try:
        again = structure(tomllib.loads(text), registry=known).recipe
    except (AAEError, tomllib.TOMLDecodeError) as e:
        raise ContractError(f"{title(recipe)} cannot be read again from its own file: {e}") from e
    check_equal(recipe, again)


def check_equal(part: Part, again: Part) -> None:
    """Demand that a part read from a file equals the one that was written, naming the field that differs."""
    for a in attrs.fields(type(part)):  # type: ignore[arg-type] # every part is an attrs class
        before, after = getattr(part, a.name), getattr(again, a.name)
        text = f"reads its field `{a.name}` as {after!r}, where {before!r} was written"
        demand(before == after, part, f"{text}; let plain numbers, words, tuples or parts stand in fields")


def check_explained(part: Part) -> None:
    """Demand a docstring that is a help text, and a line for every field."""
    cls = type(part)
    demand(summary(cls), part, "has no docstring; its first line is the help text")
    unsaid = [a.name for a in attrs.fields(cls) if a.init and a.name not in field_help(cls)]  # type: ignore[arg-type]
    demand(not unsaid, part, f"does not explain its fields {unsaid}; add a line `field: meaning` to its docstring")


def check_frozen(part: Part) -> None:
    """Demand that no field of a part can be set once it is made."""
    for a in attrs.fields(type(part)):  # type: ignore[arg-type]
        try:
            setattr(part, a.name, getattr(part, a.name))
        except attrs.exceptions.FrozenInstanceError:
            continue
        raise ContractError(f"{title(part)} can be changed after it was made; decorate it with @attrs.frozen")


def registry_with(part: Part) -> Registry:
    """All installed plugins, and those of the part's classes that none of them offers."""
    installed = registry()
    new = {type(p) for p in (part, *parts_of(part)) if installed.owner(type(p)) is None}
    if not new:
        return installed
    plugin = SimpleNamespace()
    for kind, hook in HOOKS.items():
        table = {cls.__name__: cls for cls in new if cls.kind == kind}  # type: ignore[attr-defined]
        setattr(plugin, hook, hookimpl(_offering(table)))
    found, offers = tried("under-test", "0", partial(read, plugin))
    demand(found.status == "ok", part, f"would not be accepted from a plugin: {found.error}")
    return Registry([*discover(), (found, offers)])


def _offering(table: dict[str, type]) -> Callable[[], dict[str, type]]:
    return lambda: table
