"""`aae encode`."""

from __future__ import annotations

import click

from aaecore.cli import options


@click.command(short_help="Write the codes of data under a trained run.")
@options.run
@click.option("--data", metavar="D", help="Other data than all of the run's own, as in `aae train --data`.")
@click.option("-o", "--out", required=True, metavar="FILE", help="Where the codes go: a .npz, .csv or .png file.")
def command(run: str, data: str | None, out: str) -> None:
    """Encode data with the trained run RUN."""
    from aaecore.use.commands import encode_command

    encode_command(run, data, out)
