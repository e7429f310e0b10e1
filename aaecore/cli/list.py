"""`aae list`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from aaecore.plugins import Plugin, Registry


@click.command(short_help="List the installed plugins and what each offers.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def command(as_json: bool) -> None:
    """List the installed plugins with their versions and what each offers; for a broken one, the reason."""
    from aaecore.plugins import registry

    if as_json:
        click.echo(json.dumps({"plugins": [_record(p) for p in registry().plugins]}, indent=2))
    else:
        click.echo("\n\n".join("\n".join(_lines(p, registry())) for p in registry().plugins))


def _record(plugin: Plugin) -> dict[str, object]:
    from aaecore.kinds import HOOKS, plural

    told = {"name": plugin.name, "version": plugin.version, "status": plugin.status, "error": plugin.error}
    return {**told, **{plural(kind): list(plugin.offers.get(kind, ())) for kind in HOOKS}}


def _lines(plugin: Plugin, registry: Registry) -> Iterator[str]:
    from aaecore.kinds import KINDS, plural

    yield click.style(f"{plugin.name} {plugin.version}", bold=True)
    if plugin.status != "ok":
        yield click.style(f"  {plugin.status}: {plugin.error}", fg="red")
    width = 2 + max((len(name) for p in registry.plugins for names in p.offers.values() for name in names), default=0)
    for kind in KINDS:
        for i, name in enumerate(plugin.offers.get(kind, ())):
            heading = plural(kind) if i == 0 else ""
            yield f"  {heading:<15}{name:<{width}}{_told(registry, kind, f'{plugin.name}:{name}')}".rstrip()


def _told(registry: Registry, kind: str, name: str) -> str:
    from aaecore.part import summary

    return summary(registry.get(kind, name))
