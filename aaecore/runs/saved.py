"""Models on disk: one safetensors file keyed by network role, beside a readable configuration; no pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cattrs
import torch
from attrs import field, frozen
from attrs.validators import deep_iterable, ge
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor
from torch.nn import Module

from aaecore.config import Config, load_config
from aaecore.data import Scaling
from aaecore.errors import AAEError, ConfigError, RunError
from aaecore.files import write_bytes
from aaecore.model import Model
from aaecore.part import parts_of
from aaecore.plugins import registry
from aaecore.recipe import Recipe
from aaecore.runs.checkpoints import CHECKPOINTS, Checkpoints, fill_networks, network_tensors
from aaecore.spec import Spec

FORMAT = "aaecore model 1"
KEY = "aaecore"
WEIGHTS = "model.safetensors"
CONFIG = "config.toml"
METRICS = "metrics.json"
VERSION = "version."
"""How the versions that a checkpoint was written with are called in it, `version.torch` say."""
NO_PLUGINS = ("version.aaecore", "version.torch")


def _vector_or_image(_about: object, _field: object, shape: tuple[int, ...]) -> None:
    if len(shape) not in (1, 3):
        raise ValueError(f"shape {shape} is that of no sample")


@frozen
class About:
    """What is needed to build a model's networks again."""

    format: str
    shape: tuple[int, ...] = field(validator=[deep_iterable(ge(1)), _vector_or_image])
    classes: tuple[str, ...]
    condition: int = field(validator=ge(0))
    scaling: str
    plugins: dict[str, str]
    """The distributions its parts come from, and their versions."""
    own: tuple[str, ...] = ()
    """Roles of the networks that a user made."""


def save_model(model: Model, path: Path) -> None:
    """Write `model.safetensors`: all networks keyed `role/parameter`, and what is needed to build them again."""
    tensors = network_tensors(model.networks)
    tensors |= {f"scaling/{k}": v for k, v in model.scaling.tensors().items()}
    spec = model.spec
    about = About(
        FORMAT, spec.shape, model.classes, spec.condition, model.scaling.kind, plugins_of(model.recipe), model.own
    )
    whole = {k: v.detach().cpu().clone(memory_format=torch.contiguous_format) for k, v in tensors.items()}
    # One key only: safetensors writes several in an order that changes from process to process.
    write_bytes(path, save(whole, {KEY: json.dumps(cattrs.unstructure(about))}))


def plugins_of(recipe: Recipe) -> dict[str, str]:
    """The distributions, and their versions, whose parts a recipe is made of."""
    owners = (registry().owner(type(part)) for part in [recipe, *parts_of(recipe)])
    return {owner.name: owner.version for owner in owners if owner is not None}


def load(run: str | Path, *, recipe: Recipe | None = None, networks: Mapping[str, Module] | None = None) -> Model:
    """The model of a run directory, in inference mode.

    A run composed in Python is given its `recipe` again, and its own `networks` by role. Raises `RunError` if the
    directory holds no run, or a file of it is damaged, or a plugin it needs is missing.
    """
    if not isinstance(run, (str, Path)):
        raise RunError(f"expected the path of a run directory, got {run!r}")
    folder = Path(run)
    about, tensors = _read(folder / WEIGHTS)
    _need_plugins(folder, about.plugins)
    recipe = recipe or load_config(config=folder / CONFIG, registry=registry().preferring(about.plugins)).recipe
    try:
        _need_own(about.own, networks or {})
        scaling = Scaling.from_tensors(about.scaling, _under("scaling", tensors))
        spec = Spec(shape=about.shape, classes=len(about.classes), condition=about.condition, output=scaling.output)
        built = recipe.build(spec, networks=networks)
        _check_roles(tensors, built)
        fill_networks(built, tensors)
    except (AAEError, KeyError) as e:
        raise RunError(f"{folder / WEIGHTS}: {e}") from e
    except (RuntimeError, MemoryError) as e:  # such as sizes beyond any memory
        reason = " ".join(str(e).split())[:200]
        raise RunError(f"{folder}: its networks cannot be built ({reason}); train again or restore it") from e
    return Model(
        recipe, spec, built, scaling, classes=about.classes, metrics=read_metrics(folder), own=about.own
    ).eval()


def read_about(run: str | Path) -> About:
    """What a run's model says of itself, without its networks."""
    return _read(Path(run) / WEIGHTS)[0]


def load_run_config(run: str | Path) -> Config:
    """The configuration of a run directory; a name that plugins share means the one that the run was trained with."""
    path, known = Path(run) / CONFIG, registry()
    try:
        return load_config(config=path, registry=known)
    except ConfigError:
        return load_config(config=path, registry=known.preferring(check_plugins(run)))


def check_plugins(run: str | Path) -> Mapping[str, str]:
    """The plugins a run was trained with, and their versions; raises `RunError` if one of them is missing."""
    plugins = _trained_with(Path(run))
    _need_plugins(Path(run), plugins)
    return plugins


def _trained_with(run: Path) -> Mapping[str, str]:
    """The plugins, and their versions, that a run was trained with, finished or not; {} if it does not say."""
    if (run / WEIGHTS).is_file():
        return read_about(run).plugins
    try:
        identity = Checkpoints(run / CHECKPOINTS).newest()[1].state.get("identity")
    except RunError:
        return {}
    versions = identity.items() if isinstance(identity, dict) else ()
    return {k.removeprefix(VERSION): str(v) for k, v in versions if k.startswith(VERSION) and k not in NO_PLUGINS}


def read_metrics(folder: Path) -> dict[str, float]:
    """The final figures of a run, {} before it has any."""
    path = folder / METRICS
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as e:
        raise RunError(f"{path}: is not valid JSON ({e}); delete it to load the model without its figures") from e
    return {k: v for k, v in found.items() if isinstance(v, (int, float))} if isinstance(found, dict) else {}


def _read(path: Path) -> tuple[About, dict[str, Tensor]]:
    if not path.is_file():
        raise RunError(f"{path}: no such file; give the directory of a finished run (`aae train` makes them)")
    try:
        with safe_open(path, framework="pt") as f:
            written = json.loads((f.metadata() or {}).get(KEY, "null"))
            tensors = {k: f.get_tensor(k) for k in f.keys()}  # noqa: SIM118 - not a mapping
    except (SafetensorError, OSError, ValueError, RecursionError) as e:
        raise RunError(f"{path}: is damaged or no safetensors file ({e}); train again or restore it") from e
    try:
        about = cattrs.structure(written, About)
    except Exception as e:  # whatever is in a file that somebody else wrote
        raise RunError(f"{path}: is not a model that aaecore wrote") from e
    if about.format != FORMAT:
        raise RunError(f"{path}: was written by another version of aaecore ({about.format[:40]!r})")
    return about, tensors


def _check_roles(tensors: Mapping[str, Tensor], networks: Mapping[str, Module]) -> None:
    """Refuse a file with networks that the configuration has not."""
    if strange := {k.partition("/")[0] for k in tensors} - {*networks, "scaling"}:
        raise RunError(f"holds a network {min(strange)[:40]!r} that its configuration does not have")


def _need_own(own: tuple[str, ...], given: Mapping[str, Module]) -> None:
    if missing := [role for role in own if role not in given]:
        needed = ", ".join(f'"{role}": ...' for role in own)
        raise RunError(
            f"was trained with your own {' and '.join(missing)}, which only Python can make; "
            f"give such networks: aaecore.load(run, networks={{{needed}}})"
        )


def _under(role: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {k.partition("/")[2]: v for k, v in tensors.items() if k.partition("/")[0] == role}


def _need_plugins(folder: Path, plugins: Mapping[str, Any]) -> None:
    loaded = {p.name for p in registry().plugins if p.status == "ok"}
    missing = [f"{name}=={version}" for name, version in plugins.items() if name not in loaded]
    if missing:
        reasons = [f"{p.name} is {p.status}: {p.error}" for p in registry().plugins if p.name in plugins and p.error]
        what = " ".join(f"'{m}'" for m in missing)
        raise RunError("; ".join([f"{folder}: this run needs {what}; pip install {what}", *reasons]))
