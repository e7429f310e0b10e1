"""The names of a new plugin: of the distribution, the module, the classes, and what they are offered as."""

from __future__ import annotations

import keyword
import sys
from importlib import metadata
from importlib.util import find_spec

from attrs import frozen
from packaging.utils import InvalidName, canonicalize_name

from aaecore.errors import AAEError
from aaecore.plugins import registry

TAKEN = ("Phase", "Adversary", "Draw", "Registry", "Prior", "Recipe", "Spec", "Forward", "Tensor", "Builders")
"""What the package written imports."""


@frozen
class Names:
    """What everything in the package is called."""

    distribution: str
    """`aae-heavy-tails`."""

    @property
    def module(self) -> str:
        """`aae_heavy_tails`."""
        return self.distribution.replace("-", "_")

    @property
    def part(self) -> str:
        """`heavy-tails`, the name of the prior and of the recipe."""
        return self.distribution.removeprefix("aae-")

    @property
    def cls(self) -> str:
        """`HeavyTails`, which begins the names of the classes."""
        return "".join(word.capitalize() for word in self.part.split("-"))


def checked_names(name: str) -> Names:
    """The names of a plugin that can be installed beside everything there is; raises `AAEError`."""
    try:
        names = Names(canonicalize_name(name, validate=True))
    except InvalidName:
        said = "letters and digits, with single - _ . between them"
        raise AAEError(f"{name!r} is no name of a package; use {said}, say aae-rings") from None
    if problem := _problem(names):
        raise AAEError(f"{name!r} {problem}; choose another name, say aae-my-{names.part}")
    return names


def _problem(names: Names) -> str | None:
    for word in (names.module, names.part.replace("-", "_")):
        if not word.isidentifier() or keyword.iskeyword(word):
            return f"would make {word!r} a name in Python, which it cannot be"
    if names.cls in ("None", "True", "False", *TAKEN):
        return f"would make {names.cls!r} a class, which is something else already"
    if names.part in ("nan", "inf", "true", "false"):
        return f"would offer a part {names.part!r}, which a configuration reads as a value"
    if names.module in sys.stdlib_module_names:
        return "is a module that comes with Python"
    if _is_installed(names.distribution):
        return "is installed already"
    if find_spec(names.module) is not None:
        return f"would be imported as {names.module!r}, and there is a module of that name"
    for kind in ("prior", "recipe"):
        if names.part in registry().names(kind):
            return f"would offer a {kind} {names.part!r}, which {_owner(kind, names.part)} offers"
    return None


def _is_installed(distribution: str) -> bool:
    try:
        metadata.distribution(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


def _owner(kind: str, name: str) -> str:
    owner = registry().owner(registry().get(kind, name))
    assert owner is not None
    return owner.name
