"""`aae sample`."""

from __future__ import annotations

import click

from aaecore.cli import options


@click.command(short_help="Draw new samples from a trained run.")
@options.run
@click.option("-n", type=click.IntRange(1), metavar="N", help="How many; default 64, or 10 walks.")
@click.option("-o", "--out", required=True, metavar="FILE", help="Where they go: a .png, .npz, .npy or .csv file.")
@click.option("--label", metavar="K", help="Samples of this class, by name or number.")
@click.option("--cluster", metavar="K", help="Samples of this cluster.")
@click.option("--condition", metavar="FILE", help="Samples that go with these vectors: a .npy, or a .npz.")
@click.option("--interpolate", type=click.IntRange(2), metavar="S", help="Walks of S samples from one to another.")
@options.seed
def command(
    run: str,
    n: int | None,
    out: str,
    label: str | None,
    cluster: str | None,
    condition: str | None,
    interpolate: int | None,
    seed: int,
) -> None:
    """Draw N new samples from the trained run RUN."""
    if label is not None and cluster is not None:
        raise click.UsageError("--label and --cluster cannot both be given")
    from aaecore.use.commands import sample_command

    sample_command(
        run,
        out,
        n=n,
        label=label,
        cluster=cluster,
        condition=condition,
        interpolate=interpolate,
        seed=seed,
    )
