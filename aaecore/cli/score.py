"""`aae score`."""

from __future__ import annotations

import click

from aaecore.cli import options


@click.command(short_help="Score how unusual samples are to a trained run.")
@options.run
@click.option(
    "-o", "--out", required=True, metavar="FILE", help="Where scores go: a .csv or .npz; a .png of the worst."
)
@click.option("--data", metavar="D", help="Other data than the run's own held-out data.")
@click.option("-n", type=click.IntRange(1), default=40, show_default=True, metavar="N", help="How many are pictured.")
def command(run: str, out: str, data: str | None, n: int) -> None:
    """Score every sample by the trained run RUN: reconstruction error, density of its code under the prior, and what
    the discriminator of codes says, as far as the recipe has them."""
    from aaecore.use.scoring import score_command

    score_command(run, data, out, n)
