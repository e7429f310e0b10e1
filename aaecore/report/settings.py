"""Configurations as flat tables of words, and what differs between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aaecore.config import Config, structure, to_dict
from aaecore.errors import AAEError

Flat = dict[str, str]
NOWHERE = "–"
"""Stands where a configuration has no such setting."""


def flat(config: Config) -> Flat:
    """Every setting by its dotted key, as words; a part's name stands under the key of the part."""
    return dict(_flat("", to_dict(config)))


def _flat(path: str, value: Any) -> list[tuple[str, str]]:
    if isinstance(value, Mapping):
        named = [(path, str(value["name"]))] if "name" in value and path else []
        inside = [pair for k, v in value.items() if k != "name" for pair in _flat(f"{path}.{k}" if path else k, v)]
        return named + inside or [(path, "none")]
    if isinstance(value, Sequence) and not isinstance(value, str):
        if any(isinstance(item, Mapping) for item in value):
            return [pair for i, item in enumerate(value) for pair in _flat(f"{path}[{i}]", item)]
        return [(path, ", ".join(map(_word, value)) or "none")]
    return [(path, _word(value))]


def _word(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    return f"{value:g}" if isinstance(value, float) else str(value)


def differing(tables: Sequence[Flat]) -> dict[str, list[str]]:
    """The settings that are not the same in all tables, with their words in each."""
    keys = dict.fromkeys(key for table in tables for key in table)
    groups = list(dict.fromkeys(map(_group, keys)))
    together = sorted(keys, key=lambda key: groups.index(_group(key)))
    rows = {key: [table.get(key, NOWHERE) for table in tables] for key in together}
    return {key: row for key, row in rows.items() if len(set(row)) > 1}


def _group(key: str) -> str:
    """The part that a setting is of: `recipe.prior`."""
    return ".".join(key.split(".")[:2])


def changed(config: Config) -> dict[str, list[str]]:
    """What differs from the recipe's defaults: the default, and what this run has; {} where there are none."""
    try:
        default = structure({"recipe": {"name": to_dict(config)["recipe"]["name"]}})
    except AAEError:  # a recipe with settings that have no default
        return {}
    return differing([flat(default), flat(config)])


def short(key: str) -> str:
    """A key as people type it after `--set`."""
    return key.removeprefix("recipe.")
