"""From the values of a trial to its configuration; all that can be is checked before the first one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import islice, product
from typing import Any

from aaecore.config import Config, to_dict
from aaecore.config.layers import SECTIONS
from aaecore.errors import ConfigError
from aaecore.sweeping.axes import Axis

Base = Callable[[Sequence[str]], Config]
"""The configuration that is varied, with more settings `KEY=VALUE` on top."""
Values = Mapping[str, str]
"""What a trial sets, by key as in `--over`, as typed."""

CHECKED = 2000
"""Combinations that are looked at before the first trial, at most."""


def config_of(base: Base, values: Values) -> Config:
    """A trial's configuration.

    A key that is no setting by itself sets every setting of the recipe that ends with it: `lr` all learning rates,
    also those of the parts that the trial chooses.
    """
    known = list(_leaves(base([])))
    direct = [key for key in values if _is_setting(key, known) or "." in key]
    chosen = [f"{key}={values[key]}" for key in sorted(direct, key=lambda key: key.count("."))]
    config = base(chosen)
    if len(direct) == len(values):
        return config
    leaves = list(_leaves(config))
    for key in values:
        if key not in direct:
            chosen += [f"{leaf}={values[key]}" for leaf in _ending(key, leaves)]
    return base(chosen)


def combinations(axes: Sequence[Axis]) -> Iterator[dict[str, str]]:
    """Every combination of the axes' values, of a range its ends; the last axis changes fastest."""
    keys = [axis.key for axis in axes]
    for values in product(*(axis.ends for axis in axes)):
        yield dict(zip(keys, values, strict=True))


def check_combinations(base: Base, axes: Sequence[Axis]) -> list[Config]:
    """The configurations of all combinations; raises `ConfigError` for one that cannot be."""
    found = []
    for values in islice(combinations(axes), CHECKED):
        try:
            found.append(config_of(base, values))
        except ConfigError as e:
            where = ", ".join(f"{key}={value}" for key, value in values.items())
            raise ConfigError(e.path, f"{e.problem} (with {where})") from e
    return found


def _leaves(config: Config) -> Iterator[str]:
    """All settings by dotted key."""

    def inside(prefix: str, table: Mapping[str, Any]) -> Iterator[str]:
        for key, value in table.items():
            if isinstance(value, Mapping):
                yield from inside(f"{prefix}{key}.", value)
            elif key != "name":
                yield prefix + key

    return inside("", to_dict(config))


def _is_setting(key: str, leaves: Sequence[str]) -> bool:
    whole = key if key.split(".")[0] in SECTIONS else f"recipe.{key}"
    return any(leaf == whole or leaf.startswith(whole + ".") for leaf in leaves)


def _ending(key: str, leaves: Sequence[str]) -> list[str]:
    if found := [leaf for leaf in leaves if leaf.startswith("recipe.") and leaf.endswith(f".{key}")]:
        return found
    if key in ("name", "recipe"):
        raise ConfigError("recipe", "a sweep varies the settings of one recipe; begin one for each recipe")
    if other := [leaf for leaf in leaves if leaf.endswith(f".{key}")]:
        raise ConfigError(f"recipe.{key}", f"there is no such setting; did you mean {other[0]!r}?")
    words = {leaf.rpartition(".")[2] for leaf in leaves} | {leaf.removeprefix("recipe.") for leaf in leaves}
    near = get_close_matches(key, words, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise ConfigError(f"recipe.{key}", f"there is no such setting; {hint}`aae show RECIPE` prints them all")
