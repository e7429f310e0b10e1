"""The baseline, its improvements and their combinations under one protocol; one JSON line a run.

python improvements.py --data torchvision:MNIST --data-root data --epochs 20
python improvements.py --data torchvision:MNIST --data-root data --epochs 20 --seeds 0 --combinations
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import click
from attrs import evolve
from iaae.feature import Feature
from iaae.legacy import Collected, legacy_figures
from iaae.mapping import LatentMapping
from iaae.networks import EqualizedMLP, NormalizedMLP
from iaae.recipe import IAAE
from iaae.scheduler import NIter

import aaecore
from aaecore.api import check
from aaecore.architecture import Architecture
from aaecore.cli import run
from aaecore.cli.options import SEEDS
from aaecore.data import Data, DataConfig, load_data
from aaecore.defaults.losses import KL
from aaecore.features import FeatureNetwork, own_classifier
from aaecore.metrics import diversity, frechet_distance, inception_score, precision_recall_density_coverage
from aaecore.model import Model
from aaecore.posterior import GaussianPosterior
from aaecore.runs.directory import new_run_directory

CHANGES = {
    "mapping": "latent mapping",
    "n-iter": "three steps of the discriminator",
    "kld": "KL in the encoder's confusion step, with a log-variance posterior",
    "feature": "feature loss",
    "equal": "equalized linear layers",
    "logvar": "a log-variance posterior alone",
}
IMPROVEMENTS = ("mapping", "n-iter", "kld", "feature", "equal")
MOST = 10_000


def recipe_with(changes: Sequence[str]) -> IAAE:
    """The baseline with some of `CHANGES`."""
    architecture: Architecture = EqualizedMLP() if "equal" in changes else NormalizedMLP()
    settings: dict[str, Any] = {"architecture": architecture}
    if "mapping" in changes:
        settings["architecture"] = LatentMapping(of=architecture)
    if "n-iter" in changes:
        settings["scheduler"] = NIter()
    if "kld" in changes:
        settings["regularizers"] = (KL(weight=0.1),)
    if {"kld", "logvar"} & set(changes):
        settings["posterior"] = GaussianPosterior(sigma="logvar")
    if "feature" in changes:
        settings["reconstruction"] = Feature()
    return IAAE(**settings)


def measured(model: Model, data: Data, judge: FeatureNetwork) -> dict[str, float]:
    """Figures of samples in inference mode, of reconstructions and of sigma, on held-out data."""
    real = data.judged.some(MOST)
    x = real.x.take(range(len(real)))
    seen, again, samples = judge.features(x), model.reconstruct(x), model.sample(len(x))
    made, said = judge(samples)
    found = {
        "frechet_samples": frechet_distance(seen, made),
        "frechet_reconstructions": frechet_distance(seen, judge.features(again)),
        "l1": float((x - again).abs().mean()),
        "diversity": diversity(samples[:2000]),
        **precision_recall_density_coverage(seen, made),
        **{name: model.metrics[name] for name in ("mean_abs_sigma", "std_mu", "std_z", "seconds")},
    }
    return found if said is None else {**found, "inception_score": inception_score(said)[0]}


def chosen(methods: Sequence[str], every: bool) -> list[tuple[str, ...]]:
    """The baseline and what was asked for: changes joined by +, each for itself, or all combinations."""
    if every:
        return [c for n in range(len(IMPROVEMENTS) + 1) for c in combinations(IMPROVEMENTS, n)]
    if methods:
        return [() if m == "baseline" else tuple(dict.fromkeys(m.split("+"))) for m in methods]
    return [(), *((name,) for name in IMPROVEMENTS)]


@click.command()
@click.option("--data", default="digits", help="As for aae train; it needs labels, for the classifier.")
@click.option("--data-root", default="data")
@click.option("--limit", type=click.IntRange(2), help="Training samples.")
@click.option("--method", "methods", multiple=True, help=f"baseline, or some of {', '.join(CHANGES)}, joined by +.")
@click.option("--combinations", "every", is_flag=True, help="All 32 combinations of the five.")
@click.option("--epochs", type=click.IntRange(1), default=100)
@click.option("--batch", type=click.IntRange(2), default=1024)
@click.option("--seeds", type=SEEDS, default="0-2", metavar="N,N,...")
@click.option("--classifier-steps", type=click.IntRange(1), default=1000)
@click.option(
    "--metric-mode", type=click.Choice(["standard", "legacy"]), default="standard", help="legacy adds its own."
)
@click.option("--precision", type=click.Choice(["fp32", "bf16"]), default="fp32")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="New folder for results.jsonl.")
def main(
    data: str,
    data_root: str,
    limit: int | None,
    methods: tuple[str, ...],
    every: bool,
    epochs: int,
    batch: int,
    seeds: tuple[int, ...],
    classifier_steps: int,
    metric_mode: str,
    precision: str,
    out: Path,
) -> None:
    """Train every method with every seed; results.jsonl gets a line for each."""
    wanted = chosen(methods, every)
    if unknown := {change for changes in wanted for change in changes} - CHANGES.keys():
        raise click.BadParameter(
            f"{min(unknown)!r}; choose from: baseline, {', '.join(CHANGES)}", param_hint="--method"
        )
    loaded = load_data(DataConfig(source=data, root=data_root, limit=limit), 0)
    recipes = {changes: evolve(recipe_with(changes), epochs=epochs, batch=batch) for changes in wanted}
    for recipe in recipes.values():
        check(recipe, loaded)
    new_run_directory(out, "")
    judge = own_classifier(loaded, out, steps=classifier_steps)
    for changes, recipe in recipes.items():
        for seed in seeds:
            watching = [Collected()] if metric_mode == "legacy" else []
            model = aaecore.train(recipe, loaded, seed=seed, quiet=True, precision=precision, observers=watching)
            row = {"method": "+".join(changes) or "baseline", "seed": seed, "epochs": epochs}
            row |= measured(model, loaded, judge)
            for collected in watching:
                row |= legacy_figures(collected.images, loaded, judge)
            with (out / "results.jsonl").open("a") as file:
                file.write(json.dumps(row) + "\n")
            click.echo(json.dumps(row))


if __name__ == "__main__":
    sys.exit(run(main, "improvements"))
