"""`aae show`."""

from __future__ import annotations

import click

from aaecore.cli import options


@click.command(short_help="Print a recipe's whole configuration, each setting explained.")
@click.argument("recipe", required=False)
@options.config
@options.sets
def command(recipe: str | None, config: str | None, sets: tuple[str, ...]) -> None:
    """Print the whole configuration of RECIPE as TOML, a file for `aae train --config`."""
    from aaecore.config import load_config, to_toml

    click.echo(to_toml(load_config(recipe, config, sets)), nl=False)
