"""`aae new-plugin`."""

from __future__ import annotations

import click


@click.command(short_help="Write a working plugin package to start from.")
@click.argument("name", metavar="NAME")
def command(name: str) -> None:
    """Write a plugin package NAME into a new folder of that name: a prior, a recipe, and tests for both."""
    from aaecore.newplugin import write_plugin

    folder = write_plugin(name)
    stem = folder.name.removeprefix("aae-")
    click.echo(f"{folder}: a plugin with a prior and a recipe, both called {stem}; now")
    click.echo(f"  pip install -e '{folder}[test]'")
    click.echo(f"  aae train {stem}")
    click.echo(f"  python -m pytest {folder}")
