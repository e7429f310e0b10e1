"""What is measured at the end of each epoch, on held-out samples and without changing anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor

from aaecore.adversary import judges
from aaecore.data import Data
from aaecore.forward import Forward
from aaecore.model import Model
from aaecore.modes import inference
from aaecore.randomness import Draw
from aaecore.stacking import Stage
from aaecore.use.posterior import posterior_noise

NOISE_ON = 1000
"""Samples that the posterior's noise is measured on, at most."""
JUDGED = 500
"""Samples that discriminators are measured on, at most."""


def noise_of_posterior(model: Model, data: Data) -> dict[str, float]:
    """Mean |sigma|, std of mu and of z on some held-out samples, for every posterior that has noise."""
    if not model.recipe.posterior.stochastic or "encoder" not in model.networks:
        return {}
    judged = data.judged.some(NOISE_ON)
    return posterior_noise(model, judged.x.take(range(len(judged))))


class Probe:
    """Held-out batches as a stage sees its training batches, with networks in inference mode."""

    def __init__(self, model: Model, data: Data, batch: int, device: torch.device) -> None:
        self.model = model
        self.batch = batch
        self.device = device
        self.data = data.judged

    def accuracies(self, stage: Stage) -> dict[str, float]:
        """`accuracy_NETWORK` for each discriminator that a phase trains: how often it tells real from fake."""
        found = {f"accuracy_{judge.network}": judge.accuracy for judge in judges(stage.phases)}
        return self._means(stage, JUDGED, found)

    def error(self, stage: Stage) -> float:
        """Mean square of `x_rec - target`, in the numbers that the stage trains on."""
        return self._means(stage, len(self.data), {"error": _square_error})["error"]

    def _means(self, stage: Stage, most: int, what: Mapping[str, Callable[[Forward], Tensor]]) -> dict[str, float]:
        """Means over the samples of functions of a batch."""
        if not what:
            return {}
        totals, n = dict.fromkeys(what, 0.0), 0
        with torch.no_grad(), inference(stage.networks.values()):
            for f in self._forwards(stage, self.data.some(most)):
                n += f.n
                for name, function in what.items():
                    totals[name] += f.n * function(f).item()
        return {name: total / n for name, total in totals.items()}

    def _forwards(self, stage: Stage, data: Data) -> Iterator[Forward]:
        recipe, spec = self.model.recipe, self.model.spec
        for start in range(0, len(data), self.batch):
            batch: Mapping[str, Tensor] = self._batch(data, range(start, min(start + self.batch, len(data))))
            batch = batch if stage.inputs is None else stage.inputs(batch)
            yield recipe.forward(recipe, spec, stage.networks, batch, Draw(0, start, device=self.device))

    def _batch(self, data: Data, rows: range) -> dict[str, Tensor]:
        """As `Loader` makes them; every held-out label is known."""
        at = slice(rows.start, rows.stop)
        scaled = {"x": data.x, "target": data.target}
        given = {"y": data.y, "condition": data.condition}
        batch = {k: self.model.scaling.apply(v.take(rows).to(self.device)) for k, v in scaled.items() if v is not None}
        batch |= {k: v[at].to(self.device) for k, v in given.items() if v is not None}
        if self.model.recipe.labelled_per_step():
            batch |= {"x_labelled": batch["x"], "y_labelled": batch["y"]}
        return batch


def _square_error(f: Forward) -> Tensor:
    return (f.x_rec.float() - f.target).square().mean()
