"""Learned against fixed prior on equal networks and budget, as the decoder shrinks; one JSON line a run.

python learned_against_fixed.py --data torchvision:MNIST --data-root data --epochs 20 --share 1 --share 0.25
"""

from __future__ import annotations

import json
import sys
from itertools import product
from pathlib import Path

import click
import numpy as np
from aae_learnedprior.architecture import Residual
from aae_learnedprior.recipe import LearnedPrior
from attrs import evolve

import aaecore
from aaecore.api import check
from aaecore.cli import run
from aaecore.cli.options import SEEDS, Number
from aaecore.data import Data, DataConfig, load_data
from aaecore.features import FeatureNetwork, own_classifier
from aaecore.metrics import frechet_distance, inception_score, labels_one_to_one, mmd
from aaecore.model import Model
from aaecore.runs.directory import new_run_directory

PAPERS = ("learnedprior", "learnedprior-supervised", "learnedprior-unsupervised")
RECIPES = tuple(name for paper in PAPERS for name in (paper, f"{paper}-baseline"))
MOST = 10_000


def recipe_for(
    name: str,
    epochs: int,
    width: float,
    share: float,
    code: int | None,
    lambdas: tuple[float | None, float | None] = (None, None),
) -> LearnedPrior:
    """A recipe with all networks scaled by `width`, its decoder by `share` once more.

    Code, and the decoder's and the encoder's weight of the reconstruction error, are as given, or its own.
    """

    def scaled(channels: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(max(1, round(width * c)) for c in channels)

    full = Residual()
    architecture = Residual(
        channels=scaled(full.channels),
        decoder_share=share,
        discriminator_channels=scaled(full.discriminator_channels),
        discriminator_hidden=scaled((full.discriminator_hidden,))[0],
        code_discriminator_hidden=scaled(full.code_discriminator_hidden),
    )
    made = aaecore.compose(name, architecture=architecture)
    assert isinstance(made, LearnedPrior)
    dec, enc = (own if given is None else given for given, own in zip(lambdas, _lambdas(made), strict=True))
    return evolve(made, epochs=epochs, code=code or made.code, lambda_dec=dec, lambda_enc=enc)


def _lambdas(recipe: LearnedPrior) -> tuple[float, float]:
    """The weights of the reconstruction error, for the decoder and for the encoder."""
    return recipe.lambda_dec, recipe.lambda_enc


def measured(model: Model, data: Data, judge: FeatureNetwork) -> dict[str, float]:
    """All figures of one trained model, on held-out data."""
    real = data.heldout or data
    x = real.x.take(range(min(len(real), MOST)))
    seen, again = judge.features(x), model.reconstruct(x)
    made, said = judge(model.sample(len(x)))
    assert said is not None
    few = min(len(x), 2000)
    score, spread = inception_score(said)
    return {
        "frechet_samples": frechet_distance(seen, made),
        "frechet_reconstructions": frechet_distance(seen, judge.features(again)),
        "inception_score": score,
        "inception_score_std": spread,
        "mmd_codes": mmd(model.prior(few), model.encode(x[:few])),
        "reconstruction_mse": float((x - again).square().mean()),
        "decoder_weights": sum(p.numel() for p in model.networks["decoder"].parameters()),
        **label_accuracy(model, judge),
    }


def label_accuracy(model: Model, judge: FeatureNetwork, each: int = 200) -> dict[str, float]:
    """How many samples the classifier, and Q, take for what was asked for; categories are matched to its classes."""
    k = model.recipe.sample_labels(model.spec)
    if not k:
        return {}
    asked = np.repeat(np.arange(k), each)
    made = model.sample(len(asked), labels=asked)
    recognized = float((model.predict(made).argmax(1).numpy() == asked).mean())
    said = judge.logits(made).argmax(1).numpy()
    if model.recipe.predicts == "clusters":
        asked = labels_one_to_one(np.eye(k)[asked], said)[asked]
    return {"label_accuracy": float((said == asked).mean()), "recognizer_accuracy": recognized}


@click.command()
@click.option("--data", default="digits", help="As for aae train; it needs labels, for the classifier.")
@click.option("--data-root", default="data")
@click.option("--limit", type=click.IntRange(2), help="Training samples.")
@click.option("--size", type=click.IntRange(1), help="Resize images.")
@click.option("--recipe", "recipes", multiple=True, type=click.Choice(RECIPES), default=RECIPES)
@click.option(
    "--share",
    "shares",
    multiple=True,
    type=Number(0, 16, min_open=True),
    default=(1.0, 0.25, 0.0625),
    help="Of the decoder.",
)
@click.option(
    "--width",
    type=Number(0, 16, min_open=True),
    default=1.0,
    help="Of all networks, in the paper's channels.",
)
@click.option(
    "--code", type=click.IntRange(1), help="Size of a code; the recipes' own differ for baselines with a condition."
)
@click.option("--lambda-dec", type=Number(0, 1e9, min_open=True), help="As the recipe's setting.")
@click.option("--lambda-enc", type=Number(0, 1e9), help="As the recipe's setting.")
@click.option("--epochs", type=click.IntRange(1), default=20)
@click.option("--seeds", type=SEEDS, default="0-2", metavar="N,N,...")
@click.option("--classifier-steps", type=click.IntRange(1), default=1000)
@click.option("--precision", type=click.Choice(["fp32", "bf16"]), default="fp32")
@click.option("--device", help="cpu, cuda, ...")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="New folder for runs and results.jsonl.")
def main(
    data: str,
    data_root: str,
    limit: int | None,
    size: int | None,
    recipes: tuple[str, ...],
    shares: tuple[float, ...],
    width: float,
    code: int | None,
    lambda_dec: float | None,
    lambda_enc: float | None,
    epochs: int,
    seeds: tuple[int, ...],
    classifier_steps: int,
    precision: str,
    device: str | None,
    out: Path,
) -> None:
    """Train every recipe at every size of the decoder with every seed; results.jsonl gets a line for each."""
    lambdas = (lambda_dec, lambda_enc)
    loaded = load_data(DataConfig(source=data, root=data_root, limit=limit, size=size), 0)
    for name, share in product(recipes, shares):
        check(recipe_for(name, epochs, width, share, code, lambdas), loaded, device=device)
    new_run_directory(out, "")
    judge = own_classifier(loaded, out, steps=classifier_steps)
    for name, share, seed in product(recipes, shares, seeds):
        folder = out / f"{name}-{share:g}-{seed}"
        recipe = recipe_for(name, epochs, width, share, code, lambdas)
        model = aaecore.train(recipe, loaded, seed=seed, quiet=True, precision=precision, device=device, out=folder)
        row = {"recipe": name, "share": share, "seed": seed, "epochs": epochs, "width": width, "code": recipe.code}
        row |= {"lambda_dec": recipe.lambda_dec, "lambda_enc": recipe.lambda_enc}
        row |= {"seconds": model.metrics["seconds"], **measured(model, loaded, judge)}
        with (out / "results.jsonl").open("a") as file:
            file.write(json.dumps(row) + "\n")
        click.echo(json.dumps(row))


if __name__ == "__main__":
    sys.exit(run(main, "learned_against_fixed"))
