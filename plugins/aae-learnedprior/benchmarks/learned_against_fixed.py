"""Learned against fixed prior on equal networks and budget, as the decoder shrinks; one JSON line a run.

python learned_against_fixed.py --data torchvision:MNIST --data-root data --epochs 20 --seeds 3 --share 1 --share 0.25
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import cast

import click
import numpy as np
import torch
from aae_learnedprior.architecture import Residual
from aae_learnedprior.measures import frechet, mmd
from aae_learnedprior.recipe import LearnedPrior
from attrs import evolve
from torch import Tensor, nn
from torch.nn import functional as F

import aaecore
from aaecore.data import Data, DataConfig, load_data
from aaecore.metrics import labels_one_to_one
from aaecore.model import Model

RECIPES = ("learnedprior", "learnedprior-baseline", "learnedprior-supervised", "learnedprior-unsupervised")
MOST = 10_000


class Classifier(nn.Module):
    """A small convolutional classifier, whose last hidden layer's 64 numbers are the features."""

    def __init__(self, data: Data) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Conv2d(data.shape[0], 32, 3, 1, 1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, 1, 1),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(4),
            nn.Flatten(),
            nn.Linear(1024, 64),
            nn.ReLU(),
        )
        self.head = nn.Linear(64, len(data.classes))

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, K)."""
        return cast(Tensor, self.head(self.trunk(x)))

    @torch.no_grad()
    def features(self, x: Tensor) -> Tensor:
        """(N, 64), of images in [0, 1]."""
        return torch.cat([self.trunk(part) for part in _parts(x)])

    @torch.no_grad()
    def classes(self, x: Tensor) -> Tensor:
        """The likeliest class of each image (N,)."""
        return torch.cat([self(part).argmax(1) for part in _parts(x)])


def _parts(x: Tensor) -> list[Tensor]:
    """`x` in pieces that fit in memory."""
    return [x[start : start + 1000] for start in range(0, len(x), 1000)]


def trained_classifier(data: Data, steps: int) -> Classifier:
    """A classifier of the training data, the same for all runs."""
    torch.manual_seed(0)
    network = Classifier(data)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    assert data.y is not None
    for _ in range(steps):
        rows = torch.randint(len(data), (128,))
        optimizer.zero_grad()
        torch.autograd.backward(F.cross_entropy(network(data.x.take(rows)), data.y[rows]))
        optimizer.step()
    return network.eval()


def recipe_for(name: str, epochs: int, width: float, share: float) -> LearnedPrior:
    """A recipe with all networks scaled by `width`, its decoder by `share` once more."""

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
    return evolve(made, epochs=epochs)


def measured(model: Model, data: Data, judge: Classifier) -> dict[str, float]:
    """All figures of one trained model, on held-out data."""
    real = data.heldout or data
    x = real.x.take(range(min(len(real), MOST)))
    seen, made, again = judge.features(x), model.sample(len(x)), model.reconstruct(x)
    few = min(len(x), 2000)
    return {
        "frechet_samples": frechet(seen, judge.features(made)),
        "frechet_reconstructions": frechet(seen, judge.features(again)),
        "mmd_codes": mmd(model.prior(few), model.encode(x[:few])),
        "reconstruction_mse": float((x - again).square().mean()),
        "decoder_weights": sum(p.numel() for p in model.networks["decoder"].parameters()),
        **label_accuracy(model, judge),
    }


def label_accuracy(model: Model, judge: Classifier, each: int = 200) -> dict[str, float]:
    """How many samples the classifier takes for what was asked for; categories are matched to classes one to one."""
    k = model.recipe.sample_labels(model.spec)
    if not k:
        return {}
    asked = np.repeat(np.arange(k), each)
    said = judge.classes(model.sample(len(asked), labels=asked)).numpy()
    if model.recipe.predicts == "clusters":
        asked = labels_one_to_one(np.eye(k)[asked], said)[asked]
    return {"label_accuracy": float((said == asked).mean())}


@click.command()
@click.option("--data", default="digits", help="As for aae train; it needs labels, for the classifier.")
@click.option("--data-root", default="data")
@click.option("--limit", type=int, help="Training samples.")
@click.option("--recipe", "recipes", multiple=True, type=click.Choice(RECIPES), default=RECIPES)
@click.option("--share", "shares", multiple=True, type=float, default=(1.0, 0.25, 0.0625), help="Of the decoder.")
@click.option("--width", type=float, default=1.0, help="Of all networks, in the paper's channels.")
@click.option("--epochs", type=int, default=20)
@click.option("--seeds", type=int, default=3)
@click.option("--classifier-steps", type=int, default=2000)
@click.option("--device", help="cpu, cuda, ...")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for runs and results.jsonl.")
def main(
    data: str,
    data_root: str,
    limit: int | None,
    recipes: tuple[str, ...],
    shares: tuple[float, ...],
    width: float,
    epochs: int,
    seeds: int,
    classifier_steps: int,
    device: str | None,
    out: Path,
) -> None:
    """Train every recipe at every size of the decoder with every seed; results.jsonl gets a line for each."""
    loaded = load_data(DataConfig(source=data, root=data_root, limit=limit), 0)
    judge = trained_classifier(loaded, classifier_steps)
    out.mkdir(parents=True, exist_ok=True)
    for name, share, seed in _runs(recipes, shares, seeds):
        folder = out / f"{name}-{share:g}-{seed}"
        recipe = recipe_for(name, epochs, width, share)
        model = aaecore.train(recipe, loaded, seed=seed, quiet=True, device=device, out=folder)
        row = {"recipe": name, "share": share, "seed": seed, "epochs": epochs, "width": width}
        row |= measured(model.to("cpu"), loaded, judge)
        with (out / "results.jsonl").open("a") as file:
            file.write(json.dumps(row) + "\n")
        click.echo(json.dumps(row))


def _runs(recipes: tuple[str, ...], shares: tuple[float, ...], seeds: int) -> Iterator[tuple[str, float, int]]:
    return product(recipes, shares, range(seeds))


if __name__ == "__main__":
    main()
