"""Options that several commands have."""

from __future__ import annotations

import click

config = click.option("--config", metavar="FILE", help="A TOML file of settings, as `aae show` prints.")
sets = click.option(
    "--set",
    "sets",
    metavar="KEY=VALUE",
    multiple=True,
    help="Change a setting, say prior=uniform, prior.bound=2 or data.limit=1000; repeatable.",
)
run = click.argument("run", metavar="RUN")
seed = click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the draws.")
