"""`aae evaluate`."""

from __future__ import annotations

import click

from aaecore.cli import options


@click.command(short_help="Measure a trained run on held-out data.")
@options.run
@click.option("--data", metavar="D", help="Other data than the run's, as in `aae train --data`.")
@click.option(
    "--samples",
    type=click.IntRange(1),
    default=10_000,
    show_default=True,
    metavar="N",
    help="Held-out samples looked at, and samples drawn, at most.",
)
@click.option(
    "--features",
    metavar="NAME|FILE",
    help="By which network samples are compared: inception, inception-fid, a .pt2 file, another run's "
    "features-*.safetensors; "
    "by default a classifier trained on the data's labels.",
)
@options.seed
@click.option("--json", "as_json", is_flag=True, help="For machines: what evaluation.json holds.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
def command(
    run: str, data: str | None, samples: int, features: str | None, seed: int, as_json: bool, quiet: bool
) -> None:
    """Measure the trained run RUN: reconstructions, codes against the prior, samples, classes and clusters.

    Figures are of held-out data, in inference mode. They go into RUN/evaluation.json too; those that do not apply are
    left out, with the reason. docs/metrics.md says what each one is.
    """
    from aaecore.evaluation.api import evaluate_command

    evaluate_command(run, data, samples, features, seed, as_json=as_json, quiet=quiet)
