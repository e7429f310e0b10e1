"""Reading a plugin's tables: what its hooks offer, checked before anybody uses it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping

import attrs
import pluggy

from aaecore import hooks
from aaecore.errors import AAEError, PluginError, suggest
from aaecore.kinds import HOOKS, bases

Offers = Mapping[str, Mapping[str, type]]
"""Classes by kind and name."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")


def read(plugin: object) -> Offers:
    """What a plugin's hooks offer, checked; raises `PluginError` saying what is wrong with it."""
    manager = pluggy.PluginManager(hooks.PROJECT)  # one each, so that a bad plugin leaves nothing behind
    manager.add_hookspecs(hooks)
    manager.register(plugin)
    callers = {caller.name: caller for caller in manager.get_hookcallers(plugin) or ()}
    _refuse_misspelt(plugin, callers)
    found: dict[str, dict[str, type]] = {}
    for kind, hook in HOOKS.items():
        for implementation in callers[hook].get_hookimpls() if hook in callers else ():
            found.setdefault(kind, {}).update(_checked(kind, hook, implementation.function()))
    return found


def _refuse_misspelt(plugin: object, callers: Mapping[str, pluggy.HookCaller]) -> None:
    for name, caller in callers.items():
        if not caller.has_spec():
            raise PluginError(f"{name} is no hook of aaecore; {suggest(name, HOOKS.values())}")
    for name in _hook_like(plugin):
        if name not in HOOKS.values():
            raise PluginError(f"{name} is no hook of aaecore; {suggest(name, HOOKS.values())}")
        if name not in callers:
            raise PluginError(f"{name} is not marked with @aaecore.hookimpl, so it would offer nothing")


def _hook_like(plugin: object) -> Iterator[str]:
    for name in dir(plugin):
        if name.startswith("aaecore_") and inspect.isroutine(getattr(plugin, name, None)):
            yield name


def _checked(kind: str, hook: str, offered: object) -> Mapping[str, type]:
    if not isinstance(offered, Mapping):
        raise PluginError(f"{hook} returned {type(offered).__name__}, not a mapping of names to classes")
    for name, cls in offered.items():
        problem = _problem(kind, name, cls)
        if problem:
            raise PluginError(f"{hook} offers {name!r}: {problem}")
    return offered


def _problem(kind: str, name: object, cls: object) -> str | None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return "a name is made of letters, digits and . _ + -"
    if not isinstance(cls, type):
        return f"not a class but {type(cls).__name__}"
    if not issubclass(cls, bases(kind)):
        return f"{cls.__name__} is no subclass of {' or '.join(b.__name__ for b in bases(kind))}"
    if "__attrs_attrs__" not in cls.__dict__:
        return f"{cls.__name__} is not an attrs class; decorate it with @attrs.frozen"
    if "name" in {a.alias for a in cls.__dict__["__attrs_attrs__"]}:
        return f"{cls.__name__} has a field `name`, which says in a configuration which part it is"
    return _unreadable(cls)


def _unreadable(cls: type) -> str | None:
    try:
        attrs.resolve_types(cls)
    except Exception as e:
        return f"the types of its fields cannot be read ({reason(e)}); import them outside TYPE_CHECKING"
    return None


def reason(error: BaseException) -> str:
    """An error as one line."""
    text = " ".join(str(error).split())[:400]
    return text if isinstance(error, AAEError) else f"{type(error).__name__}: {text}".rstrip(": ")
