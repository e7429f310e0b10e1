"""`aae reconstruct`."""

from __future__ import annotations

import click

from aaecore.cli import options


@click.command(short_help="Send data through a trained run's encoder and decoder.")
@options.run
@click.option("-o", "--out", required=True, metavar="FILE", help="Where they go: a .png, .npz or .csv file.")
@click.option("--data", metavar="D", help="Other data than the run's own held-out data.")
@click.option("-n", type=click.IntRange(1), default=16, show_default=True, metavar="N", help="How many.")
def command(run: str, out: str, data: str | None, n: int) -> None:
    """Reconstruct N samples with the trained run RUN."""
    from aaecore.use.commands import reconstruct_command

    reconstruct_command(run, out, data, n)
