"""Finding installed plugins, each on its own so that none can break another."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module, metadata
from typing import Literal

from attrs import frozen
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from aaecore.errors import PluginError
from aaecore.kinds import fixed
from aaecore.tables import Offers, read, reason
from aaecore.version import UNKNOWN, core_version

CORE = canonicalize_name("aaecore")
GROUP = "aaecore"
Status = Literal["ok", "broken", "blocked", "incompatible"]


@frozen
class Plugin:
    """One installed plugin: what it offers, or why it offers nothing."""

    name: str
    version: str
    status: Status
    error: str | None
    offers: Mapping[str, tuple[str, ...]]
    """Names by kind (`prior`, `loss`, ...)."""


Found = tuple[Plugin, Offers]


def discover() -> Iterator[Found]:
    """The core, then all installed plugins by name."""
    keep_out = blocked()
    yield core()
    for entry_point in sorted(metadata.entry_points(group=GROUP), key=lambda e: (e.name, e.value)):
        if _distribution(entry_point) != CORE:
            yield _examined(entry_point, keep_out)


def core() -> Found:
    """The core's own parts, which need no installation."""
    offers = {**read(import_module("aaecore.defaults")), **fixed()}
    return Plugin(CORE, core_version(), "ok", None, _names(offers)), offers


def blocked() -> set[str]:
    """Names of the plugins that the environment variable AAECORE_BLOCK keeps out."""
    given = os.environ.get("AAECORE_BLOCK", "").split(",")
    names: set[str] = {canonicalize_name(name.strip()) for name in given if name.strip()}
    if CORE in names:
        raise PluginError(f"AAECORE_BLOCK names {CORE!r} itself, whose parts everything needs; take it out")
    return names


def tried(name: str, version: str, offers: Callable[[], Offers]) -> Found:
    """A plugin that works, or the reason why it does not."""
    try:
        found = offers()
        return Plugin(name, version, "ok", None, _names(found)), found
    except (Exception, SystemExit) as e:  # a plugin may fail in any way whatever
        return _without(name, version, "broken", reason(e))


def _examined(entry_point: metadata.EntryPoint, keep_out: set[str]) -> Found:
    name, version = _distribution(entry_point), entry_point.dist.version if entry_point.dist else UNKNOWN
    if name in keep_out:
        return _without(name, version, "blocked", "blocked by AAECORE_BLOCK")
    try:
        misfit = _misfit(entry_point, core_version())
    except InvalidRequirement as e:
        return _without(name, version, "broken", f"its metadata cannot be read: {reason(e)}")
    if misfit:
        return _without(name, version, "incompatible", misfit)
    return tried(name, version, lambda: _loaded(entry_point))


def _loaded(entry_point: metadata.EntryPoint) -> Offers:
    name = _distribution(entry_point)
    if canonicalize_name(entry_point.name) != name:
        raise PluginError(f"its entry point must be called {name!r}, not {entry_point.name!r}")
    return read(entry_point.load())


def _misfit(entry_point: metadata.EntryPoint, version: str) -> str | None:
    if entry_point.dist is None or version == UNKNOWN:
        return None
    for line in entry_point.dist.requires or ():
        needed = Requirement(line)
        applies = needed.marker is None or needed.marker.evaluate({"extra": ""})
        ours = canonicalize_name(needed.name) == CORE and applies
        if ours and not needed.specifier.contains(version, prereleases=True):
            return f"needs aaecore {needed.specifier}, this is {version}; install versions that fit"
    return None


def _without(name: str, version: str, status: Status, error: str) -> Found:
    return Plugin(name, version, status, error, {}), {}


def _names(offers: Offers) -> dict[str, tuple[str, ...]]:
    return {kind: tuple(sorted(table)) for kind, table in offers.items()}


def _distribution(entry_point: metadata.EntryPoint) -> str:
    return canonicalize_name(entry_point.dist.name if entry_point.dist else entry_point.name)
