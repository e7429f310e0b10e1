"""Classifiers on disk: safetensors, so that one is trained once and can be shared between runs."""

from __future__ import annotations

import json
from pathlib import Path

import cattrs
from attrs import frozen
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from aaecore.data import Data
from aaecore.errors import RunError
from aaecore.features.classifier import STEPS, Classifier, accuracy, train_classifier
from aaecore.features.network import FeatureNetwork
from aaecore.files import write_bytes
from aaecore.progress.steps import Steps

FORMAT = "aaecore classifier 1"
_KEY = "aaecore"


@frozen
class _About:
    format: str
    data: str
    shape: tuple[int, ...]
    classes: tuple[str, ...]
    accuracy: float | None


def own_classifier(
    data: Data,
    folder: Path | None = None,
    *,
    steps: int = STEPS,
    seed: int = 0,
    progress: Steps = Steps(),  # noqa: B008 - has no state
) -> FeatureNetwork:
    """The features of a small classifier trained on the data's own labels, kept in `folder` for the next time.

    It is a function of the data, `steps` and `seed`; the file's name has the data's fingerprint, so data that changed
    gets another. Its accuracy is that on the held-out data.
    """
    path = None if folder is None else folder / f"features-{data.fingerprint()[:8]}-{steps}-{seed}.safetensors"
    if path is not None and path.exists():
        return read_classifier(path)
    network = train_classifier(data, steps=steps, seed=seed, progress=progress)
    about = _About(FORMAT, data.name, data.shape, data.classes, accuracy(network, data))
    if path is not None:
        tensors = {name: t.contiguous() for name, t in network.state_dict().items()}
        write_bytes(path, save(tensors, {_KEY: json.dumps(cattrs.unstructure(about))}))
    return _named(network, about)


def read_classifier(path: Path) -> FeatureNetwork:
    """The classifier in a file that `own_classifier` wrote; raises `RunError` for any other file."""
    try:
        with safe_open(path, framework="pt") as f:
            about = cattrs.structure(json.loads((f.metadata() or {})[_KEY]), _About)
            tensors = {k: f.get_tensor(k) for k in f.keys()}  # noqa: SIM118 - not a mapping
        network = Classifier(about.shape, len(about.classes))
        network.load_state_dict(tensors)
    except (SafetensorError, OSError) as e:
        raise RunError(f"{path}: is missing, damaged or no safetensors file ({e}); delete it to train again") from e
    except Exception as e:  # whatever is in a file that somebody else wrote
        raise RunError(f"{path}: is no classifier that aaecore wrote; name another --features") from e
    return _named(network.eval(), about)


def _named(network: Classifier, about: _About) -> FeatureNetwork:
    known = "" if about.accuracy is None else f", {about.accuracy:.1%} right on held-out samples"
    name = f"classifier of {about.data}{known}"
    return FeatureNetwork(name, network, shape=about.shape, classes=about.classes, accuracy=about.accuracy)
