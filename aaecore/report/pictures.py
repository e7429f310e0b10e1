"""Samples, reconstructions, styles against labels, clusters and neighbours, as far as they apply to a model."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from aaecore.pictures.canvas import columns_for
from aaecore.report.blocks import Block, Pictures
from aaecore.report.subject import Subject
from aaecore.report.tiles import Bytes, sheet
from aaecore.use.rundata import all_of

SAMPLES, COLUMNS = 100, 10
STYLES = 8
CERTAIN = 9
"""Members shown of each cluster."""
NEIGHBOURS, AMONG = 3, 20_000
"""Training samples shown beside each sample, and how many are searched at most."""
MOST_LABELS = 30


def samples(s: Subject) -> Block | None:
    """Draws from the prior, decoded."""
    if not s.samples:
        return None
    tiles = s.tiles(s.model.sample(SAMPLES, seed=s.seed))
    columns = columns_for(len(tiles), *tiles.shape[1:3])
    return Pictures(
        title="Samples", caption="Draws from the prior, decoded; not selected.", sheet=sheet(tiles, columns)
    )


def reconstructions(s: Subject) -> Block | None:
    """Held-out samples above their reconstructions."""
    if not s.reconstructs:
        return None
    rows = s.mixed[: (5 if s.shown.target is None else 3) * COLUMNS]
    y = None if s.labels is None else s.labels[rows]
    parts = {"x": s.x[rows], "x̂": s.model.reconstruct(s.x[rows], labels=y)}
    if s.shown.target is not None:
        parts["target"] = s.shown.target.take(rows)
    tiles = {name: s.tiles(part) for name, part in parts.items()}
    order, names = _interleaved(tiles, min(COLUMNS, len(rows)))
    said = "Samples x that were held out" if s.data.heldout else "Training samples x (none were held out)"
    wanted = ", and the target it should equal" if "target" in parts else ""
    caption = f"{said}; under each its reconstruction x̂{wanted}."
    columns = min(COLUMNS, len(rows))
    return Pictures(title="Reconstructions", caption=caption, sheet=sheet(order, columns), row_names=names)


def _interleaved(tiles: dict[str, Bytes], columns: int) -> tuple[list[Bytes | None], list[str]]:
    """Rows of each part in turn, and their names."""
    order: list[Bytes | None] = []
    names = []
    for start in range(0, len(next(iter(tiles.values()))), columns):
        for name, part in tiles.items():
            row = list(part[start : start + columns])
            order += [*row, *[None] * (columns - len(row))]
            names.append(name)
    return order, names


def styles(s: Subject) -> Block | None:
    """One style code a row, one label a column."""
    names = s.model.label_names
    if not s.samples or not 1 < len(names) <= MOST_LABELS:
        return None
    drawn = [s.model.sample(STYLES, labels=k, seed=s.seed) for k in range(len(names))]
    tiles = s.tiles(torch.stack(drawn, dim=1).flatten(0, 1))
    what = "cluster" if s.model.recipe.predicts == "clusters" else "label"
    caption = f"Each row keeps one draw of everything but the {what}, each column one {what}."
    return Pictures(
        title="Style against label", caption=caption, sheet=sheet(tiles, len(names)), column_names=_short(names)
    )


def clusters(s: Subject) -> Block | None:
    """What each cluster stands for, and its most certain members."""
    if s.model.recipe.predicts != "clusters":
        return None
    probabilities = s.model.predict(s.x)
    k = probabilities.shape[1]
    certainty, chosen = probabilities.max(dim=1)
    sizes = chosen.bincount(minlength=k).tolist()
    heads = _heads(s, k)
    tiles: list[Bytes | None] = []
    shown = [cluster for cluster in range(k) if sizes[cluster]]
    for cluster in shown:
        members = (chosen == cluster).nonzero().squeeze(1)
        best = members[certainty[members].argsort(descending=True, stable=True)[:CERTAIN]]
        tiles += [] if heads is None else [heads[cluster]]
        tiles += [*s.tiles(s.x[best]), *[None] * (CERTAIN - len(best))]
    head = "its head (the cluster with style 0, decoded), then " if heads is not None else ""
    empty = f" {k - len(shown)} of the {k} clusters have no member." if len(shown) < k else ""
    names = [*(["head"] if heads is not None else []), *[""] * CERTAIN]
    return Pictures(
        title="Clusters",
        caption=f"A cluster a row: its number and size, {head}its most certain held-out members.{empty}",
        sheet=sheet(tiles, len(names)),
        row_names=[f"{cluster} · {sizes[cluster]}" for cluster in shown],
        column_names=names if heads is not None else (),
    )


def _heads(s: Subject, k: int) -> Bytes | None:
    """The clusters with style 0; None where the decoder is not told the cluster."""
    if not s.samples or s.model.recipe.sample_labels(s.model.spec) != k:
        return None
    decoded = s.model.sample_at(np.zeros((k, s.model.recipe.code)), labels=np.arange(k))
    return None if bool((decoded == decoded[:1]).all()) and k > 1 else s.tiles(decoded)


def neighbours(s: Subject) -> Block | None:
    """The training samples nearest to samples: whether these are copies."""
    if not s.samples:
        return None
    known = s.data.some(AMONG)
    samples = s.model.sample(COLUMNS, seed=s.seed)
    found = _nearest(samples, all_of(known))
    shown = [samples, *(known.x.take(column) for column in found.T)]
    tiles: list[Bytes | None] = [tile for part in shown for tile in s.tiles(part)]
    among = f"all {len(known):,}" if len(known) == len(s.data) else f"{len(known):,} of {len(s.data):,}"
    caption = f"Under each sample the training samples nearest to it by Euclidean distance, among {among}."
    names = ["sample", *(f"{_ordinal(i)}" for i in range(1, len(shown)))]
    return Pictures(title="Nearest neighbours", caption=caption, sheet=sheet(tiles, COLUMNS), row_names=names)


def _nearest(samples: Tensor, training: Tensor) -> Tensor:
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=min(NEIGHBOURS, len(training)), algorithm="brute")
    found = search.fit(training.flatten(1).numpy()).kneighbors(samples.flatten(1).numpy(), return_distance=False)
    return torch.from_numpy(found)


def _ordinal(n: int) -> str:
    return {1: "1st", 2: "2nd", 3: "3rd"}[n]


def _short(names: tuple[str, ...], most: int = 12) -> list[str]:
    return [name if len(name) <= most else name[: most - 1] + "…" for name in names]
