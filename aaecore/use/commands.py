"""What `aae sample`, `aae reconstruct` and `aae encode` do with a trained run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aaecore.errors import RunError
from aaecore.memory import physical
from aaecore.model import Model
from aaecore.runs.saved import load
from aaecore.use.outputs import output, write_tensors
from aaecore.use.rundata import all_of, in_chunks, known_labels, run_data, shown_data
from aaecore.use.wishes import check_means, condition_in, label_named

SAMPLES, WALKS = 64, 10
"""How many samples, or walks between samples, are drawn unless it is said."""


def sample_command(
    run: str,
    out: str,
    *,
    n: int | None = None,
    label: str | None = None,
    cluster: str | None = None,
    condition: str | None = None,
    interpolate: int | None = None,
    seed: int = 0,
) -> None:
    """Draw samples, or walks of `interpolate` samples from one to another, to a picture or to arrays."""
    path = output(out, (".png", ".npz", ".npy", ".csv"))
    model = load(run)
    check_means(model, label, cluster)
    wanted = label_named(model, cluster if label is None else label)
    wishes: dict[str, Any] = {"labels": wanted, "condition": condition_in(condition), "seed": seed}
    _check_fits(model, (n or 1) * (interpolate or 1))
    if interpolate is None:
        x = model.sample(SAMPLES if n is None else n, **wishes)
        _write(path, {"x": x}, lambda: _draw_samples(x, path))
        print(f"{path}: {len(x)} samples")
        return
    walks = model.interpolate(WALKS if n is None else n, interpolate, **wishes)
    _write(path, {"x": walks}, lambda: _draw_walks(walks, path))
    print(f"{path}: {len(walks)} walks of {interpolate} samples")


def _check_fits(model: Model, n: int) -> None:
    needed = 4.0 * n * prod(model.spec.shape)
    if needed > physical():
        raise RunError(f"-n: {n} samples take {needed / 1e9:.3g} GB, more than this machine's memory; ask for fewer")


def reconstruct_command(run: str, out: str, data: str | None, n: int) -> None:
    """Reconstruct held-out samples to a picture, or to arrays x and x_rec."""
    from aaecore import pictures

    path = output(out, (".png", ".npz", ".csv"))
    model = load(run)
    given = shown_data(run, data)
    shown = given.subset(range(min(n, len(given))))
    x = all_of(shown)
    x_rec = model.reconstruct(x, labels=known_labels(model, shown))
    _write(path, {"x": x, "x_rec": x_rec}, lambda: pictures.reconstructions(x, x_rec, path))
    print(f"{path}: {len(x)} samples of {given.name} and their reconstructions")


def encode_command(run: str, data: str | None, out: str) -> None:
    """Encode all samples, training then held-out, to codes z with labels y where there are any."""
    from aaecore import pictures

    path = output(out, (".npz", ".csv", ".png"))
    model = load(run)
    given = run_data(run, data)
    parts = [part for part in (given, given.heldout) if part is not None]
    found = {"z": torch.cat([in_chunks(part, lambda p: {"z": model.encode(all_of(p))})["z"] for part in parts])}
    if all(part.y is not None for part in parts):
        found["y"] = torch.cat([part.y for part in parts if part.y is not None])
    found["heldout"] = torch.cat([torch.full((len(p),), p is given.heldout) for p in parts])
    z, y = found["z"], found.get("y")
    draws = model.prior_representation(len(z)) if path.suffix == ".png" and model.recipe.shapes_codes else z
    _write(path, found, lambda: pictures.codes(z, y, draws, path, classes=given.classes))
    print(f"{path}: codes of {len(z)} samples of {given.name}")


def _write(path: Path, tensors: Mapping[str, Tensor], draw: Callable[[], None]) -> None:
    if path.suffix == ".png":
        draw()
    else:
        write_tensors(path, tensors)


def _draw_samples(x: Tensor, path: Path) -> None:
    from aaecore import pictures

    pictures.samples_grid(x, path)


def _draw_walks(walks: Tensor, path: Path) -> None:
    from aaecore import pictures

    rows, steps = walks.shape[:2]
    shares = [f"{i / (steps - 1):.2g}" for i in range(steps)]
    pictures.styles(walks.flatten(0, 1), path, rows=rows, columns=shares, title="between two draws")
