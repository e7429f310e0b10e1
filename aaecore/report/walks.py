"""Ways through the codes: from one sample to another, and along one dimension."""

from __future__ import annotations

import torch
from torch import Tensor

from aaecore.report.blocks import Block, Pictures
from aaecore.report.subject import Subject
from aaecore.report.tiles import sheet

STEPS = 11
PAIRS = 7
DIMENSIONS = 8
WIDEST = 512
"""Codes of more dimensions are feature maps, whose single dimensions mean little."""
TAILS = (0.02, 0.98)


def interpolations(s: Subject) -> Block | None:
    """Straight lines from one held-out sample's code to another's."""
    if not s.reconstructs or len(s.shown) < 2:
        return None
    rows = s.mixed[: 2 * min(PAIRS, len(s.shown) // 2)]
    ends = s.decoder_inputs[rows]
    pairs = len(rows) // 2
    t = torch.linspace(0, 1, STEPS)[None, :, None]
    between = ends[:pairs, None] * (1 - t) + ends[pairs:, None] * t
    tiles = s.tiles(s.model.decode(between.flatten(0, 1)))
    caption = "On straight lines between the codes of two held-out samples, left and right."
    return Pictures(title="Interpolations", caption=caption, sheet=sheet(tiles, STEPS))


def traversals(s: Subject) -> Block | None:
    """One sample with one dimension of its code changed at a time, all else that the decoder is given kept."""
    if not s.reconstructs or s.code > WIDEST or not _begins_with(s.decoder_inputs, s.codes):
        return None
    flat = s.model.decode(_walks(s).flatten(0, 1))
    decoded = flat.reshape(s.code, STEPS, *flat.shape[1:])
    change = (decoded[:, 0] - decoded[:, -1]).flatten(1).square().mean(dim=1)
    most = change.argsort(descending=True, stable=True)[:DIMENSIONS]
    which = "" if len(most) == s.code else f", of the {len(most)} dimensions that change the sample most"
    moved = f"One held-out sample with one dimension of its code moved through the middle 96 % of its range{which}"
    caption = f"{moved}; those that change it most come first."
    tiles = s.tiles(decoded[most].flatten(0, 1))
    names = [f"z{i}" for i in most]
    return Pictures(title="Latent traversals", caption=caption, sheet=sheet(tiles, STEPS), row_names=names)


def _walks(s: Subject) -> Tensor:
    """What the decoder is given, (code, STEPS, decoder_width)."""
    low, high = s.codes.quantile(torch.tensor(TAILS), dim=0)
    walks = s.decoder_inputs[s.mixed[0]].repeat(s.code, STEPS, 1)
    for i in range(s.code):
        walks[i, :, i] = torch.linspace(float(low[i]), float(high[i]), STEPS)
    return walks


def _begins_with(whole: Tensor, codes: Tensor) -> bool:
    return whole.shape[1] >= codes.shape[1] and torch.allclose(whole[:, : codes.shape[1]], codes)
