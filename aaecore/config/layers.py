"""Layers of settings: defaults, then a file, then what the command line says, in order."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from aaecore.config.entries import Entries
from aaecore.config.schema import Config, structure
from aaecore.errors import ConfigError
from aaecore.plugins import Registry

SECTIONS = ("recipe", "data", "run")
Tree = dict[str, Any]
Key = tuple[str, ...]


def load_config(
    recipe: str | None = None,
    config: str | Path | None = None,
    sets: Iterable[str] = (),
    options: Mapping[str, Any] | None = None,
    *,
    registry: Registry | None = None,
) -> Config:
    """The configuration of a run; raises `ConfigError`.

    `recipe` names a recipe, `config` is a TOML file. `options` are settings by dotted key, `sets` are
    `KEY=VALUE` as typed. A key that does not begin with `recipe`, `data` or `run` is the recipe's.
    """
    tree: Tree = {"recipe": {"name": recipe}} if recipe else {}
    if config is not None:
        tree = merged(tree, _normal(read_toml(config)))
    given = [(_key(key), value) for key, value in (options or {}).items()]
    for key, value in map(parse_set, sets):
        if recipe and key == ("recipe",):
            _agree(recipe, _nested(key, value), config)
        else:
            given.append((key, value))
    for key, value in _in_order(given):
        tree = merged(tree, _nested(key, value))
    _agree(recipe, tree, config)
    return structure(tree, registry=registry)


def read_toml(path: str | Path) -> Tree:
    """A TOML file as a table; raises `ConfigError` naming the file."""
    try:
        return tomllib.loads(Path(path).read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        problem = "no such file; a run directory has one, and `aae show RECIPE` prints one to start from"
    except IsADirectoryError:
        problem = "is a directory, not a TOML file"
    except OSError as e:
        problem = f"cannot be read: {e.strerror}"
    except UnicodeDecodeError:
        problem = "is not UTF-8 text, so not a TOML file"
    except tomllib.TOMLDecodeError as e:
        problem = f"is not valid TOML: {e}"
    except RecursionError:
        problem = "is nested too deeply"
    raise ConfigError(str(path), problem)


def parse_set(text: str) -> tuple[Key, Any]:
    """`K=V` as typed after `--set`: V is a TOML value, or else a bare string."""
    key, equals, value = (part.strip() for part in text.partition("="))
    if not equals or not value:
        raise ConfigError("", f"--set {text!r}: expected KEY=VALUE, as in --set prior.modes=12")
    return _key(key), _value(text, value)


def _value(text: str, value: str) -> Any:
    try:
        parsed = tomllib.loads(f"v = {value}")
    except (tomllib.TOMLDecodeError, RecursionError) as e:
        if value[0] in "{[\"'":
            raise ConfigError("", f"--set {text!r}: {value!r} is not a TOML value") from e
        return value
    return parsed["v"] if parsed.keys() == {"v"} else value


def _key(text: str) -> Key:
    segments = tuple(segment.strip() for segment in text.split("."))
    if not all(segments):
        raise ConfigError("", f"{text!r} is no key; write it as in prior.modes or data.limit")
    whole = segments if segments[0] in SECTIONS else ("recipe", *segments)
    return whole[:-1] if len(whole) > 1 and whole[-1] == "name" else whole  # naming a part is setting it


def _in_order(given: Sequence[tuple[Key, Any]]) -> Sequence[tuple[Key, Any]]:
    """Refuse a setting that would wipe out an earlier one inside it."""
    for i, (key, value) in enumerate(given):
        for earlier, _ in given[:i]:
            if earlier[: len(key)] == key != earlier and not _is_partial(value):
                whole, inner = ".".join(key), ".".join(earlier)
                raise ConfigError(inner, f"would be lost when {whole} is set after it; set {whole} first")
    return given


def _is_partial(value: Any) -> bool:
    return isinstance(value, dict) and "name" not in value


def _nested(key: Key, value: Any) -> Tree:
    for segment in reversed(key):
        value = Entries({segment: value})
    return _normal(value)


def _normal(tree: Tree) -> Tree:
    """`recipe = "classic"` as a table."""
    recipe = tree.get("recipe")
    return {**tree, "recipe": {"name": recipe}} if isinstance(recipe, str) else tree


def merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> Tree:
    """Two layers as one: a table without `name` changes what it names, anything else replaces it."""
    tree = Entries(under) if isinstance(under, Entries) else dict(under)
    for key, value in over.items():
        tree[key] = _over(tree.get(key), value)
    return tree


def _over(under: Any, over: Any) -> Any:
    if not _is_partial(over):
        return over
    if isinstance(under, str):
        return {"name": under, **over}
    return merged(under, over) if isinstance(under, Mapping) else over


def _agree(recipe: str | None, tree: Tree, config: str | Path | None) -> None:
    table = tree.get("recipe", {})
    named = table.get("name") if isinstance(table, dict) else table
    if recipe and isinstance(named, str) and named != recipe:
        raise ConfigError("recipe", f"the configuration is for {named!r}, not {recipe!r}; give one of them")
    if named is None:
        where = "" if config is None else f" in {config}"
        raise ConfigError("recipe", f"none is named{where}; `aae list` shows the recipes there are")
