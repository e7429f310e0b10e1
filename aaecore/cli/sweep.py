"""`aae sweep`."""

from __future__ import annotations

import click

from aaecore.cli import options


@click.command(short_help="Train a recipe over a grid of settings, or search among them.")
@click.argument("recipe", required=False)
@click.option(
    "--over",
    multiple=True,
    metavar="KEY=VALUES",
    help="What varies: prior=gaussian,mixture or lr=1e-4:1e-2:log or code=2:16; repeatable.",
)
@click.option("--trials", type=click.IntRange(1), metavar="N", help="Search with N trials; by default all of a grid.")
@click.option("--objective", metavar="METRIC[:max]", help="The figure that is minimised (or maximised).")
@click.option("--storage", metavar="FILE|URL", help="Where trials are kept, for several machines to share.")
@options.settings
@click.option("--out", metavar="DIR", help="The folder of all runs; never overwritten; default runs/RECIPE-sweep-N.")
@click.option("--resume", is_flag=True, help="Go on with the sweep in --out.")
@options.log_with
@click.option("--quiet", is_flag=True, help="Show no progress.")
def command(
    recipe: str | None,
    over: tuple[str, ...],
    trials: int | None,
    objective: str | None,
    storage: str | None,
    data: str | None,
    data_root: str | None,
    labels: int | None,
    config: str | None,
    sets: tuple[str, ...],
    epochs: int | None,
    seed: int | None,
    precision: str | None,
    on_nan: str | None,
    out: str | None,
    resume: bool,
    log_with: str,
    quiet: bool,
) -> None:
    """Train RECIPE again and again, each time with other settings; every trial is a run directory.

    Where all values are listed, every combination is trained; with a range, or with --trials, a search proposes them.
    A KEY is as after --set; one that is no setting by itself, as lr, sets every setting of the recipe ending with it.
    """
    given = options.shorthands(data, data_root, labels, epochs, seed, precision, on_nan)
    trackers = options.words(log_with)
    if not resume:
        from aaecore.sweeping.command import sweep_command

        sweep_command(
            recipe,
            config,
            sets,
            given,
            over=over,
            objective=objective,
            trials=trials,
            storage=storage,
            out=out,
            quiet=quiet,
            log_with=trackers,
        )
        return
    if out is None:
        raise click.UsageError("which sweep to resume must be said; give its directory as --out")
    if recipe or over or objective or storage or config or sets or given:
        raise click.UsageError("a sweep is resumed as it was begun; give --out, and --trials for more of them")
    from aaecore.sweeping.command import resume_command

    resume_command(out, trials, quiet, trackers)
