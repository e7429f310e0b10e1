"""`aae report`."""

from __future__ import annotations

import click

from aaecore.cli import options


@click.command(short_help="Write a page about a trained run.")
@options.run
@click.option("--data", metavar="D", help="Other data than the run's own, as in `aae train --data`.")
def command(run: str, data: str | None) -> None:
    """Write RUN/report.html, one page with the figures, pictures and curves of the trained run RUN."""
    from aaecore.report import write_report

    click.echo(write_report(run, data=data))
