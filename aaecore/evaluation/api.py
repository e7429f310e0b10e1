"""`aaecore.evaluate`, and what `aae evaluate` does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve

from aaecore.data import Data, DataConfig, from_arrays, load_data
from aaecore.errors import DataError, RunError
from aaecore.evaluation.material import Material
from aaecore.evaluation.measure import Metric, measure
from aaecore.evaluation.result import Evaluation
from aaecore.features.choose import Features, choose_features
from aaecore.files import write_text
from aaecore.model import Model
from aaecore.progress.steps import ShownSteps, Steps
from aaecore.runs.saved import load, load_run_config
from aaecore.use.rundata import is_own

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

EVALUATION = "evaluation.json"
SAMPLES = 10_000


def evaluate(
    model: Model | str | Path,
    data: ArrayLike | Data | str | None = None,
    labels: ArrayLike | None = None,
    *,
    samples: int = SAMPLES,
    features: Features = None,
    metrics: Sequence[Metric] = (),
    seed: int = 0,
    quiet: bool = True,
) -> Evaluation:
    """All figures that a trained model and the data allow, on held-out data and in inference mode.

    `model` is a `Model` or a run directory, which then keeps `evaluation.json` and the classifier whose features are
    compared. `data` is as for `train`; a run has its own. At most `samples` held-out samples are looked at, and so many
    drawn. `features` is a module that gives features (N, d), or a pair of features and class logits, or the name or
    file of one; by default a small classifier is trained on the data's labels.
    `metrics` are functions `(model, data) -> float` or `-> {name: float}` of your own, `data` being the samples judged;
    one that does not apply raises `AAEError` with the reason.
    """
    progress = Steps() if quiet else ShownSteps()
    folder = None if isinstance(model, Model) else Path(model)
    trained = model if isinstance(model, Model) else load(model)
    given, labelled = _given(folder, data, labels, seed)
    if given.shape != trained.spec.shape:
        raise DataError(f"{given.name}: has samples of shape {given.shape}, but this model takes {trained.spec.shape}")
    if samples < 1:
        raise DataError(f"{samples} samples are none to judge; give 1 or more")
    material = Material(
        model=trained,
        data=given,
        most=samples,
        features=choose_features(features, labelled, folder, progress),
        trained_on_data=not (folder and isinstance(data, str)) or is_own(load_run_config(folder).data, data),
        seed=seed,
    )
    found = measure(material, metrics, progress)
    if folder is not None and material.trained_on_data:  # figures of other data are not the run's
        write_text(folder / EVALUATION, found.to_json())
    return found


def _given(
    folder: Path | None, data: ArrayLike | Data | str | None, labels: ArrayLike | None, seed: int
) -> tuple[Data, Data]:
    """The data to judge by, and the same with all its labels and samples, for the classifier."""
    if isinstance(data, str) or data is None:
        if folder is None:
            if data is None:
                raise DataError("a model without a run directory has no data of its own; give data to judge it by")
            return (loaded := load_data(DataConfig(source=data), seed)), loaded
        return _of_run(folder, data)
    given = data if isinstance(data, Data) else from_arrays(data, labels, seed=seed)
    return given, given


def _of_run(folder: Path, source: str | None) -> tuple[Data, Data]:
    config = load_run_config(folder)
    chosen = config.data if is_own(config.data, source) else evolve(config.data, source=str(source))
    if chosen.source == "arrays":
        raise RunError(f"{folder}: was trained on arrays from Python, which are not kept; give --data")
    full = evolve(chosen, labels=None, limit=None)
    if chosen == config.data:
        judged = load_data(chosen, config.run.seed)
        return judged, judged if full == chosen else load_data(full, config.run.seed)
    return (loaded := load_data(full, config.run.seed)), loaded


def evaluate_command(
    run: str, data: str | None, samples: int, features: str | None, seed: int, *, as_json: bool, quiet: bool
) -> None:
    """`aae evaluate`."""
    found = evaluate(run, data, samples=samples, features=features, seed=seed, quiet=quiet)
    kept, other = str(Path(run) / EVALUATION), "of other data than the run's, so not kept; --json prints all"
    end = kept if is_own(load_run_config(run).data, data) else other
    print(found.to_json() if as_json else "\n".join([*found.lines(), "", end]))
