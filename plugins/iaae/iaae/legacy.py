"""The authors' own protocol of evaluation: images collected while training goes on, against the training set."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Literal

import torch
from attrs import define, field
from attrs.validators import in_
from torch import Tensor

from aaecore.data import Data
from aaecore.errors import DataError
from aaecore.features import FeatureNetwork
from aaecore.metrics import frechet_distance, inception_score, precision_recall_density_coverage
from aaecore.observer import Observer
from aaecore.randomness import Draw
from aaecore.training import Training

SOURCES = ("prior", "uniform", "reconstruction")
NEIGHBOURS = 10_000
"""Images whose neighbourhoods are compared, at most."""


@define
class Collected(Observer):
    """The images of a stage's last epoch, a batch after each step, in training mode, from a decoder that still moves.

    source: what is decoded, since the authors' code changed: prior, draws from it (from 8 June 2021 on); uniform, draws
        from U(0, 1) (4 to 8 June); reconstruction, the codes of training images (before).
    """

    source: Literal["prior", "uniform", "reconstruction"] = field(default="prior", validator=in_(SOURCES))
    _parts: list[Tensor] = field(factory=list, init=False)

    @property
    def images(self) -> Tensor:
        """What was collected, (N, C, H, W) in [0, 1]; raises `DataError` before the first step."""
        if not self._parts:
            raise DataError("no image has been collected; give this to a training as an observer")
        return torch.cat(self._parts)

    def step_end(self, t: Training, losses: Mapping[str, float]) -> None:
        """Decode a batch in the last epoch, by copies of the networks: their batch statistics are not to change."""
        if t.progress.epoch + 1 < t.progress.epochs:
            return
        if t.progress.step % t.progress.steps_per_epoch == 0:
            self._parts.clear()
        copies = {role: deepcopy(network).train() for role, network in t.stage.networks.items()}
        draw = Draw(t.seed, t.step, device=t.accelerator.device).purpose("collected")
        batch = self._batch(t, draw)
        with torch.no_grad():
            f = t.recipe.forward(t.recipe, t.model.spec, copies, batch, draw, n=t.batch)
            made = f.x_rec if self.source == "reconstruction" else f.x_gen
            self._parts.append(t.model.scaling.invert(made.float()).cpu())

    def _batch(self, t: Training, draw: Draw) -> dict[str, Tensor]:
        if self.source == "uniform":
            return {"asked_codes": draw.uniform(t.batch, t.recipe.code)}
        if self.source == "prior":
            return {}
        rows = draw.integers(len(t.data), t.batch).tolist()
        return {"x": t.model.scaling.apply(t.data.x.take(rows).to(draw.device))}


def legacy_figures(images: Tensor, data: Data, network: FeatureNetwork) -> dict[str, float]:
    """Fréchet distance to all training images, Inception score in one part, neighbourhoods (k = 5) of 10,000 images.

    With the published weights (`aaecore.features.inception("inception")`) these are the paper's figures, of images
    `Collected` as its code does, or of `model.sample(60_000)`. `images` are (N, C, H, W) in [0, 1].
    """
    real = network.features(data.x.take(range(len(data))))
    made, said = network(images)
    few = min(len(real), len(made), NEIGHBOURS)
    found = {"fid_legacy": frechet_distance(real, made)}
    if said is not None:
        found["is_legacy"] = inception_score(said, parts=1)[0]
    near = precision_recall_density_coverage(real[:few], made[:few])
    return found | {f"{name}_legacy": value for name, value in near.items()}
