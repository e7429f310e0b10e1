"""Who offers what: the registry of all parts by kind and name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from functools import cache, partial

from attrs import frozen

from aaecore.discovery import Plugin, core, discover, tried
from aaecore.errors import PluginError, suggest
from aaecore.kinds import KINDS
from aaecore.tables import Offers, read

__all__ = ["Plugin", "Registry", "registry"]


@frozen
class _Entry:
    kind: str
    name: str
    plugin: Plugin
    cls: type

    @property
    def qualified(self) -> str:
        return f"{self.plugin.name}:{self.name}"


class Registry:
    """All parts by kind and name, and the plugins they come from."""

    def __init__(self, plugins: Iterable[tuple[Plugin, Offers]]) -> None:
        loaded = list(plugins)
        self._preferred: frozenset[str] = frozenset()
        self.plugins: tuple[Plugin, ...] = tuple(plugin for plugin, _ in loaded)
        self._entries: list[_Entry] = [
            _Entry(kind, name, plugin, cls)
            for plugin, offers in loaded
            for kind, table in offers.items()
            for name, cls in table.items()
        ]

    @classmethod
    def from_modules(cls, modules: Mapping[str, object]) -> Registry:
        """The core, and these modules (or any objects with hooks) as plugins by name."""
        given = (tried(name, "0", partial(read, module)) for name, module in sorted(modules.items()))
        return cls([core(), *given])

    def preferring(self, owners: Iterable[str]) -> Registry:
        """The same, where of plugins that share a name these are meant."""
        made = copy(self)
        made._preferred = frozenset(owners)
        return made

    def names(self, kind: str, base: type = object) -> list[str]:
        """The names of a kind whose class derives from `base`; `plugin:name` where two plugins share one."""
        return sorted(self._shown(e) for e in self._of(kind) if issubclass(e.cls, base))

    def get(self, kind: str, name: str, base: type = object) -> type:
        """The class of a kind by `name` or `plugin:name`, a subclass of `base`; raises `PluginError`."""
        found = [e for e in self._of(kind) if name in (e.name, e.qualified) and issubclass(e.cls, base)]
        if len(found) > 1:
            found = [e for e in found if e.plugin.name in self._preferred] or found
        if len(found) > 1:
            owners, ways = " and ".join(e.plugin.name for e in found), " or ".join(e.qualified for e in found)
            raise PluginError(f"{kind} {name!r} is offered by {owners}; write {ways}")
        if not found:
            raise PluginError(f"{self._missing(kind, name, base)}{self._unloaded()}")
        return found[0].cls

    def name_of(self, cls: type) -> str | None:
        """The name that finds a class again (`plugin:name` where two share one); None if nobody offers it."""
        entry = self._entry(cls)
        return self._shown(entry) if entry else None

    def owner(self, cls: type) -> Plugin | None:
        """The plugin that offers a class; None if nobody does."""
        entry = self._entry(cls)
        return entry.plugin if entry else None

    def _of(self, kind: str) -> list[_Entry]:
        if kind not in KINDS:
            raise PluginError(f"no kind of part is called {kind!r}; {suggest(kind, KINDS)}")
        return [e for e in self._entries if e.kind == kind]

    def _entry(self, cls: type) -> _Entry | None:
        return next((e for e in self._entries if e.cls is cls), None)

    def _shown(self, entry: _Entry) -> str:
        sharing = [e for e in self._entries if (e.kind, e.name) == (entry.kind, entry.name)]
        return entry.qualified if len(sharing) > 1 else entry.name

    def _missing(self, kind: str, name: str, base: type) -> str:
        other = [e.cls.__name__ for e in self._of(kind) if name in (e.name, e.qualified)]
        if other:
            return f"{kind} {name!r} is no {base.__name__}; {suggest('', self.names(kind, base))}"
        said = suggest(name, self.names(kind, base))
        elsewhere = "" if said.startswith("did you mean") else "; or install the plugin that has it"
        return f"no {kind} named {name!r}; {said}{elsewhere}"

    def _unloaded(self) -> str:
        return "".join(f"; {p.name} did not load: {p.error}" for p in self.plugins if p.status != "ok")


@cache
def registry() -> Registry:
    """All installed plugins, found on first use."""
    return Registry(discover())
