"""`aae export`."""

from __future__ import annotations

import click

from aaecore.cli import options

WHAT = ("encoder", "decoder", "both", "autoencoder", "classifier")


@click.command(short_help="Write a trained run's networks for other programs.")
@options.run
@click.option("--what", type=click.Choice(WHAT), default="both", show_default=True, help="What to write.")
@click.option("--format", "form", type=click.Choice(("torch", "onnx")), help="torch (.pt2) or onnx; default by ending.")
@click.option("-o", "--out", required=True, metavar="PATH", help="A .pt2 or .onnx file; of both, a new folder.")
def command(run: str, what: str, form: str | None, out: str) -> None:
    """Export the trained run RUN: networks that take and give data in its own units, in batches of any size.

    What is written is read again and compared with the run before this says that it is done.
    """
    from aaecore.export.checked import export_command

    export_command(run, what, form, out)
