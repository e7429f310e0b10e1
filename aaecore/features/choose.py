"""The network that samples are compared by, from what a user says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from torch.nn import Module

from aaecore.data import Data
from aaecore.errors import AAEError
from aaecore.features.exported import read_exported
from aaecore.features.inception import PUBLISHED, inception
from aaecore.features.network import FeatureNetwork
from aaecore.features.saved import own_classifier, read_classifier
from aaecore.progress.steps import Steps

Features = FeatureNetwork | Module | str | Path | None

_FILES: dict[str, Callable[[Path], FeatureNetwork]] = {".safetensors": read_classifier, ".pt2": read_exported}
_CHOICES = f"{', '.join(PUBLISHED)}, a file .pt2 that torch.export wrote, another run's features-*.safetensors"


def choose_features(
    chosen: Features,
    data: Data,
    folder: Path | None,
    progress: Steps = Steps(),  # noqa: B008 - has no state
) -> FeatureNetwork | str:
    """The network `chosen`; by default a classifier of the data's own labels, kept in `folder`.

    Data without labels has no such network; then the reason is given instead. Raises `AAEError` for what is none.
    """
    if isinstance(chosen, FeatureNetwork):
        return chosen
    if isinstance(chosen, Module):
        return FeatureNetwork(type(chosen).__name__, chosen.eval())
    if isinstance(chosen, str) and chosen in PUBLISHED:
        return inception(chosen)
    if chosen is not None:
        return _from_file(Path(chosen))
    if len(data.classes) < 2 or not len(data.labelled):
        return "none: the data has no labels to train a classifier on; name a network by --features"
    return own_classifier(data, folder, progress=progress)


def _from_file(path: Path) -> FeatureNetwork:
    if path.suffix not in _FILES:
        raise AAEError(f"--features {path}: is no network that samples can be compared by; choose from: {_CHOICES}")
    return _FILES[path.suffix](path)
