"""`aae sample`."""

from __future__ import annotations

import click

from aaecore.cli import options


@click.command(short_help="Draw new samples from a trained run.")
@options.run
@click.option("-n", type=click.IntRange(1), default=64, show_default=True, metavar="N", help="How many.")
@click.option("-o", "--out", required=True, metavar="FILE", help="Where they go: a .png or a .npz file.")
@click.option("--label", type=click.IntRange(0), metavar="K", help="Samples of this class only.")
@options.seed
def command(run: str, n: int, out: str, label: int | None, seed: int) -> None:
    """Draw N new samples from the trained run RUN."""
    from aaecore.use import sample_command

    sample_command(run, n, out, label, seed)
