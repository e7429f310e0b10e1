"""The pictures of a run: samples, reconstructions, codes beside the prior, styles against labels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from aaecore.data import Data
from aaecore.model import Model
from aaecore.observer import Observer

if TYPE_CHECKING:
    from aaecore.training import Training

SAMPLES = 100
PAIRS = 40
POINTS = 4000
STYLES = 10
LABELS = 40


def draw_gallery(model: Model, data: Data, folder: Path, *, seed: int = 0) -> list[Path]:
    """Write every picture the model and the data allow into `folder`; their paths."""
    return list(_pictures(model, data, folder, seed))


def _pictures(model: Model, data: Data, folder: Path, seed: int) -> Iterator[Path]:
    from aaecore import pictures

    shown = data.judged.some(POINTS)
    shaped = model.recipe.shapes_codes
    if "decoder" in model.networks and shaped:
        path = folder / "samples.png"
        pictures.samples_grid(model.sample(SAMPLES, seed=seed), path)
        yield path
        if model.label_names:
            yield _styles(model, folder / "styles.png", seed)
    if "encoder" in model.networks:
        x = shown.x.take(range(len(shown)))
        if "decoder" in model.networks:
            yield _reconstructions(model, shown.some(PAIRS), folder / "reconstructions.png")
        if not shaped:
            return
        path = folder / "codes.png"
        z, draws, draw_labels = model.encode(x, sample=True), *draws_from_prior(model, len(shown), seed)
        projection = model.recipe.projection(model.networks)
        pictures.codes(z, shown.y, draws, path, prior_labels=draw_labels, classes=model.classes, projection=projection)
        yield path


def _reconstructions(model: Model, shown: Data, path: Path) -> Path:
    from aaecore import pictures

    rows = range(len(shown))
    x, target = shown.x.take(rows), None if shown.target is None else shown.target.take(rows)
    pictures.reconstructions(x, model.reconstruct(x, labels=shown.y), path, target)
    return path


def _styles(model: Model, path: Path, seed: int) -> Path:
    """One style code a row, one label a column, for the first labels of many."""
    from aaecore import pictures

    names = model.label_names
    columns = names[:LABELS]
    few = len(columns) == len(names)
    title = "one style per row" if few else f"one style per row, the first {LABELS} of {len(names)} labels"
    images = [model.sample(STYLES, labels=k, seed=seed) for k in range(len(columns))]
    grid = torch.stack(images, dim=1).flatten(0, 1)
    pictures.styles(grid, path, rows=STYLES, columns=columns, title=title)
    return path


def draws_from_prior(model: Model, n: int, seed: int) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Draws from the prior, and their labels where these are classes."""
    k = model.spec.classes
    if not (k and model.recipe.conditional_prior):
        return model.prior_representation(n, seed=seed), None
    labels = torch.arange(n) % k
    return model.prior_representation(n, labels=labels, seed=seed), labels


class Gallery(Observer):
    """Draws the pictures every so many epochs, into `pictures/epoch-N`."""

    def __init__(self, folder: Path, every: int) -> None:
        self.folder = folder
        self.every = every

    def epoch_end(self, t: Training) -> None:
        """Draw, if it is time."""
        epoch = t.progress.epoch + 1
        if self.every and epoch % self.every == 0 and epoch < t.stage.epochs:
            folder = self.folder / "pictures" / f"{t.stage.name}-epoch-{epoch:04d}"
            folder.mkdir(parents=True, exist_ok=True)
            draw_gallery(t.running, t.data, folder, seed=t.seed)
