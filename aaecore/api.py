"""Training from Python, and what `aae train` does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch.nn import Module

from aaecore.config import Config, change, make, structure
from aaecore.data import Data, from_arrays, load_data
from aaecore.errors import ConfigError
from aaecore.model import Model
from aaecore.observer import Observer
from aaecore.plugins import registry
from aaecore.progress.summary import say_run
from aaecore.recipe import Recipe
from aaecore.runs.seeds import is_family, train_family
from aaecore.runs.session import Session

if TYPE_CHECKING:
    from accelerate.tracking import GeneralTracker
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
    resume: bool = False,
    quiet: bool = False,
    observers: Sequence[Observer] = (),
    log_with: Sequence[str | GeneralTracker] = (),
) -> Model:
    """Train a recipe and return the model, its final figures in `model.metrics`.

    `data` are arrays, images (N, H, W), (N, C, H, W) or (N, H, W, C) or vectors (N, F), with integer `labels` (N,), -1
    where unlabelled; or a `Data`; or a source as after `--data`. With `out` a run directory is written as well,
    and `resume` goes on with an interrupted one.
    `networks` are your own modules by role, in place of those the recipe would build. `log_with` names experiment
    trackers (`tensorboard`, `wandb`, `mlflow`, ...), or holds Accelerate's.
    """
    config = _config(recipe, data, epochs, heldout, seed=seed, precision=precision, device=device)
    session = Session(
        config=config,
        data=_loaded(config, data, labels),
        keep=out is not None,
        out=out,
        resume=resume,
        networks=networks,
        quiet=quiet,
        observers=observers,
        log_with=log_with,
    )
    return session.run()[0]


def check(recipe: Recipe | str, data: Data, *, epochs: int | None = None, device: str | None = None) -> None:
    """Raise `AAEError` for what `train` would refuse to begin."""
    config = _config(recipe, data, epochs, 0.2, device=device)
    Session(config=config, data=data, keep=False, quiet=True).prepared()


def _config(recipe: Recipe | str, data: object, epochs: int | None, heldout: float, **run: Any) -> Config:
    """What `train` was told, as one configuration."""
    chosen = make("recipe", recipe, path="recipe")
    if epochs is not None:
        chosen = change(chosen, {"epochs": epochs}, path="recipe")
    source = data if isinstance(data, str) else "arrays"
    told = {name: value for name, value in run.items() if value is not None}
    return structure({"recipe": chosen, "data": {"source": source, "heldout": heldout}, "run": told})


def _loaded(config: Config, data: ArrayLike | Data | str, labels: ArrayLike | None) -> Data:
    """The data `train` was given, or told where to find."""
    if isinstance(data, str):
        return load_data(config.data, config.run.seed)
    if isinstance(data, Data):
        return data
    return from_arrays(data, labels, heldout=config.data.heldout, seed=config.run.seed)


def train_command(
    config: Config,
    out: str | None,
    quiet: bool,
    *,
    resume: bool = False,
    allowed: Sequence[str] = (),
    seeds: Sequence[int] = (),
    log_with: Sequence[str] = (),
) -> None:
    """`aae train`: one run, or one for each of `seeds`."""
    name = registry().name_of(type(config.recipe))
    if name is None:
        raise ConfigError("recipe", "is not registered by any plugin; train it from Python")
    options: dict[str, Any] = {"name": name, "allowed": allowed, "quiet": quiet, "log_with": log_with}
    if seeds or (resume and out is not None and is_family(Path(out))):
        train_family(config, seeds, out, resume=resume, options=options)
        return
    data = load_data(config.data, config.run.seed)
    model, folder = Session(config=config, data=data, out=out, resume=resume, **options).run()
    if not quiet and folder is not None:
        say_run(model, folder)
