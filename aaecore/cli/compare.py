"""`aae compare`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="Put trained runs side by side.")
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option("-o", "--out", metavar="FILE", help="Write a page with the curves too: a .html file.")
def command(runs: tuple[str, ...], out: str | None) -> None:
    """Show what differs between the trained runs RUN, and their figures; a folder of runs is all that it holds.

    Runs that differ only in their seed are one family, with mean and standard deviation.
    """
    from aaecore.report import compare, write_comparison
    from aaecore.report.table import show
    from aaecore.use.outputs import output

    path: Path | None = None if out is None else output(out, (".html",))
    comparison = compare(runs)
    show(comparison)
    if path is not None:
        write_comparison(comparison, path)
        click.echo(path)
