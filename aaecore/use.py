"""What `aae sample`, `aae reconstruct` and `aae encode` do with a trained run."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from attrs import evolve
from torch import Tensor

from aaecore.data import Data, load_data
from aaecore.errors import RunError
from aaecore.files import write_bytes
from aaecore.model import Model
from aaecore.saved import load, load_run_config


def sample_command(run: str, n: int, out: str, label: int | None, seed: int) -> None:
    """Draw samples to a picture (.png) or an array (.npy, .npz)."""
    from aaecore import pictures

    path = _output(out, (".png", ".npz", ".npy"))
    images = load(run).sample(n, labels=label, seed=seed)
    if path.suffix == ".png":
        pictures.samples_grid(images, path)
    else:
        _write_arrays(path, {"x": images})


def reconstruct_command(run: str, out: str, data: str | None, n: int) -> None:
    """Reconstruct held-out samples to a picture (.png), or to arrays (.npz with x and x_rec)."""
    from aaecore import pictures

    path = _output(out, (".png", ".npz"))
    model = load(run)
    shown = _heldout(run, data)
    rows = torch.arange(min(n, len(shown)))
    known = shown.y is not None and len(shown.classes) == model.spec.classes  # other data has other classes
    x, y = shown.x.take(rows), shown.y[rows] if shown.y is not None and known else None
    x_rec = model.reconstruct(x, labels=y)
    if path.suffix == ".png":
        pictures.reconstructions(x, x_rec, path)
    else:
        _write_arrays(path, {"x": x, "x_rec": x_rec})


def encode_command(run: str, data: str | None, out: str) -> None:
    """Encode all samples, training then held-out, to codes z with labels y where there are any."""
    path = _output(out, (".npz",))
    model = load(run)
    given = _data(run, data)
    parts = [part for part in (given, given.heldout) if part is not None]
    found = {"z": torch.cat([_encoded(model, part) for part in parts])}
    if all(part.y is not None for part in parts):
        found["y"] = torch.cat([part.y for part in parts if part.y is not None])
    found["heldout"] = torch.cat([torch.full((len(p),), p is given.heldout) for p in parts])
    _write_arrays(path, found)


def _encoded(model: Model, data: Data, chunk: int = 1000) -> Tensor:
    starts = range(0, len(data), chunk)
    return torch.cat([model.encode(data.x.take(range(s, min(s + chunk, len(data))))) for s in starts])


def _data(run: str, source: str | None) -> Data:
    config = load_run_config(run)
    chosen = config.data if source is None else evolve(config.data, source=source, labels=None, limit=None, heldout=0.0)
    return load_data(chosen, config.run.seed)


def _heldout(run: str, source: str | None) -> Data:
    data = _data(run, source)
    return data.heldout or data


def _output(out: str, suffixes: tuple[str, ...]) -> Path:
    path = Path(out)
    if path.suffix not in suffixes:
        raise RunError(f"{out}: cannot be told what to write; end the name with {' or '.join(suffixes)}")
    if not path.parent.is_dir():
        raise RunError(f"{out}: the folder {path.parent} does not exist; make it first")
    if path.exists():
        raise RunError(f"{out}: exists already and is never overwritten; give another -o")
    return path


def _write_arrays(path: Path, tensors: dict[str, Tensor]) -> None:
    file = BytesIO()
    arrays = {name: np.asarray(t) for name, t in tensors.items()}
    if path.suffix == ".npy":
        np.save(file, arrays["x"], allow_pickle=False)
    else:
        np.savez(file, allow_pickle=False, **arrays)
    write_bytes(path, file.getvalue())
