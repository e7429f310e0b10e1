"""`aae train`."""

from __future__ import annotations

import click

from aaecore.cli import options


@click.command(short_help="Train a recipe on data; a run directory is the result.")
@click.argument("recipe", required=False)
@options.settings
@click.option("--seeds", type=options.SEEDS, metavar="N,N,...", help="A run with each of these seeds: 1,2,3 or 1-5.")
@click.option("--out", metavar="DIR", help="The run directory; never overwritten; default runs/RECIPE-N.")
@click.option("--resume", is_flag=True, help="Go on with the interrupted run in --out.")
@click.option("--allow-change", multiple=True, metavar="KEY", help="What may differ from the interrupted run.")
@options.log_with
@click.option("--quiet", is_flag=True, help="Show no progress.")
def command(
    recipe: str | None,
    data: str | None,
    data_root: str | None,
    labels: int | None,
    config: str | None,
    sets: tuple[str, ...],
    epochs: int | None,
    seed: int | None,
    seeds: tuple[int, ...] | None,
    precision: str | None,
    on_nan: str | None,
    out: str | None,
    resume: bool,
    allow_change: tuple[str, ...],
    log_with: str,
    quiet: bool,
) -> None:
    """Train RECIPE, which may be left out where --config names one.

    What is not given is the recipe's default; `aae show RECIPE` prints all settings, `aae list` all recipes.
    """
    if seed is not None and seeds:
        raise click.UsageError("--seed and --seeds cannot both be given")
    if allow_change and not resume:
        raise click.UsageError("--allow-change says what may differ from an interrupted run; give --resume too")
    from aaecore.config import load_config
    from aaecore.errors import ConfigError

    if resume and recipe is None and config is None and out is not None:
        config = f"{out}/config.toml"
    given = options.shorthands(data, data_root, labels, epochs, seed, precision, on_nan)
    try:
        checked = load_config(recipe, config, sets, given)
    except ConfigError:
        if resume and out is not None:
            from aaecore.runs.saved import check_plugins

            check_plugins(out)  # what it names may be of a plugin that has gone
        raise

    from aaecore.api import train_command  # not before: a refused setting is said at once

    trackers = options.words(log_with)
    train_command(checked, out, quiet, resume=resume, allowed=allow_change, seeds=seeds or (), log_with=trackers)
