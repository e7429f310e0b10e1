"""What `aae score` does with a trained run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from aaecore.data import Data
from aaecore.errors import AAEError
from aaecore.model import Model
from aaecore.runs.saved import load
from aaecore.use.outputs import output, write_tensors
from aaecore.use.rundata import all_of, in_chunks, known_labels, shown_data


def score_command(run: str, data: str | None, out: str, n: int) -> None:
    """Score all samples; a picture shows the `n` that are reconstructed worst."""
    path = output(out, (".csv", ".npz", ".png"))
    model = load(run)
    given = shown_data(run, data)
    found = in_chunks(given, lambda part: _scores(model, part))
    if path.suffix == ".png":
        _draw_worst(model, given, found, n, path)
        return
    y = {} if given.y is None else {"y": given.y}
    write_tensors(path, {"sample": torch.arange(len(given)), **y, **found})
    print(f"{path}: {', '.join(found)} of {len(given)} samples of {given.name}")


def _scores(model: Model, part: Data) -> dict[str, Tensor]:
    condition = part.condition if model.spec.condition else None
    found = model.score(all_of(part), labels=known_labels(model, part), condition=condition)
    if not found:
        raise AAEError("this recipe has neither a decoder nor a prior to judge samples by; there is nothing to score")
    return found


def _draw_worst(model: Model, data: Data, found: Mapping[str, Tensor], n: int, path: Path) -> None:
    from aaecore import pictures

    if "reconstruction_error" not in found:
        raise AAEError("this recipe has no decoder, so there is no picture of its scores; end -o with .csv or .npz")
    rows = found["reconstruction_error"].topk(min(n, len(data))).indices
    worst = data.subset(rows)
    x_rec = model.reconstruct(all_of(worst), labels=known_labels(model, worst))
    pictures.reconstructions(all_of(worst), x_rec, path, title="reconstructed worst, from the worst on")
    print(f"{path}: the {len(rows)} of {len(data)} samples of {data.name} that are reconstructed worst")
