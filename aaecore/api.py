"""Training from Python, and what `aae train` does."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from attrs import evolve
from torch.nn import Module

from aaecore.config import Config, make, structure, to_toml
from aaecore.data import Data, Scaling, from_arrays, load_data
from aaecore.device import make_accelerator
from aaecore.errors import ConfigError
from aaecore.evaluation import evaluate
from aaecore.files import write_text
from aaecore.gallery import Gallery, draw_gallery
from aaecore.model import Model
from aaecore.observer import Observer
from aaecore.plugins import registry
from aaecore.progress import ProgressDisplay
from aaecore.recipe import Recipe
from aaecore.rundir import HISTORY, History, new_run_directory
from aaecore.saved import CONFIG, METRICS, WEIGHTS, save_model
from aaecore.spec import Spec
from aaecore.training import Training

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def compose(name: str, **settings: Any) -> Recipe:
    """The recipe `name` with some fields set: to values, to part objects, or to names of parts.

    `compose("classic", prior="mixture", code=2)`; raises `ConfigError` for what does not exist or fit.
    """
    made = make("recipe", {"name": name, **settings}, path="recipe")
    assert isinstance(made, Recipe)
    return made


def train(
    recipe: Recipe | str,
    data: ArrayLike | Data | str,
    labels: ArrayLike | None = None,
    *,
    epochs: int | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    networks: Mapping[str, Module] | None = None,
    heldout: float = 0.2,
    precision: str = "fp32",
    device: str | None = None,
    quiet: bool = False,
    observers: Sequence[Observer] = (),
) -> Model:
    """Train a recipe and return the model, its final figures in `model.metrics`.

    `data` are arrays, images (N, H, W), (N, C, H, W) or (N, H, W, C) or vectors (N, F), with integer `labels` (N,), -1
    where unlabelled; or a `Data`; or a source as after `--data`. With `out` a run directory is written as well.
    `networks` are your own modules by role, in place of those the recipe would build.
    """
    chosen = make("recipe", recipe, path="recipe")
    if epochs is not None:
        chosen = evolve(chosen, epochs=epochs)
    run = {"seed": seed, "precision": precision} | ({} if device is None else {"device": device})
    source = data if isinstance(data, str) else "arrays"
    config = structure({"recipe": chosen, "data": {"source": source, "heldout": heldout}, "run": run})
    if isinstance(data, str):
        loaded = load_data(config.data, seed)
    else:
        loaded = data if isinstance(data, Data) else from_arrays(data, labels, heldout=heldout, seed=seed)
    model, _ = run_training(
        config,
        loaded,
        new_folder=None if out is None else partial(new_run_directory, out, ""),
        networks=networks,
        quiet=quiet,
        observers=observers,
    )
    return model


def run_training(
    config: Config,
    data: Data,
    *,
    new_folder: Callable[[], Path] | None = None,
    networks: Mapping[str, Module] | None = None,
    quiet: bool = False,
    observers: Sequence[Observer] = (),
) -> tuple[Model, Path | None]:
    """Build, train, evaluate; everything is checked before `new_folder` makes the run directory."""
    accelerator = make_accelerator(config.run)
    model = new_model(config, data, networks).to(accelerator.device)
    watching = [ProgressDisplay(quiet=quiet), *observers]
    training = Training(
        model,
        data,
        accelerator,
        seed=config.run.seed,
        accumulate=config.run.accumulate,
        workers=config.data.workers,
        observers=watching,
    )
    folder = new_folder() if new_folder else None
    if folder is not None:
        write_text(folder / CONFIG, to_toml(config))
        watching += [History(folder, config.run.log_every), Gallery(folder, config.run.pictures_every)]
    started = perf_counter()
    training.run()
    seconds = perf_counter() - started
    speed = training.step * training.batch / seconds
    model.metrics = {**evaluate(model, data), "seconds": seconds, "images_per_second": speed}
    if folder is not None:
        _keep(model, data, folder, config.run.seed)
    return model, folder


def _keep(model: Model, data: Data, folder: Path, seed: int) -> None:
    """Write the model first, then its figures, then its pictures."""
    from aaecore import pictures

    save_model(model, folder / WEIGHTS)
    write_text(folder / METRICS, json.dumps(model.metrics, indent=2) + "\n")
    draw_gallery(model, data, folder, seed=seed)
    pictures.curves(folder / HISTORY, folder / "losses.png")
    pictures.diagnostics(folder / HISTORY, folder / "sigma.png")


def new_model(config: Config, data: Data, networks: Mapping[str, Module] | None = None) -> Model:
    """The untrained model of a configuration, on the CPU; raises `AAEError` if recipe and data do not fit."""
    scaling = Scaling.fit(scaling_kind(config.recipe, data), data, config.run.seed)
    condition = 0 if data.condition is None else data.condition.shape[1]
    spec = Spec(shape=data.shape, classes=len(data.classes), condition=condition, output=scaling.output)
    built = config.recipe.build(spec, seed=config.run.seed, networks=networks)
    return Model(config.recipe, spec, built, scaling, classes=data.classes)


def scaling_kind(recipe: Recipe, data: Data) -> str:
    """`recipe.scaling`, with `auto` decided: unit for images, standard for vectors."""
    if recipe.scaling != "auto":
        return recipe.scaling
    return "unit" if len(data.shape) == 3 else "standard"


def train_command(config: Config, out: str | None, quiet: bool) -> None:
    """`aae train`."""
    data = load_data(config.data, config.run.seed)
    name = registry().name_of(type(config.recipe))
    if name is None:
        raise ConfigError("recipe", "is not registered by any plugin; train it from Python")
    model, folder = run_training(config, data, new_folder=partial(new_run_directory, out, name), quiet=quiet)
    if not quiet and folder is not None:
        _say(model, folder)


def _say(model: Model, folder: Path) -> None:
    for name in (
        "reconstruction_mse",
        "classification_error",
        "clustering_error",
        "codes_prior_mean_gap",
        "codes_prior_std_gap",
    ):
        if name in model.metrics:
            print(f"{name:24} {model.metrics[name]:.4g}")
    print(f"{folder}: model, figures and pictures ({', '.join(sorted(p.name for p in folder.glob('*.png')))})")
