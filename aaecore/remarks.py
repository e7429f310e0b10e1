"""Remarks before training on what is allowed and hardly meant."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping

from torch.nn import Module
from torch.nn.modules.batchnorm import _BatchNorm

from aaecore.adversary import games
from aaecore.observer import Observer
from aaecore.phase import Phase
from aaecore.planned import idle_phases
from aaecore.training import Training
from aaecore.unused import unused_settings

FEW_STEPS = 5
"""Steps in an epoch below which learning rates and epochs that recipes come with are too small."""


def remark(words: str) -> None:
    """Say something on standard error that is no error."""
    print(f"aae: note: {words}", file=sys.stderr)


class Remarks(Observer):
    """Says which settings change nothing, that an epoch is very short, and which phases never run."""

    def __init__(self) -> None:
        self._said: tuple[list[str], int] = ([], 0)
        """Which phases never run in a stage of how many epochs, as it was said last."""

    def train_begin(self, t: Training) -> None:
        """Before the first stage."""
        for name in unused_settings(t.recipe, t.model.spec):
            remark(f"recipe.{name} changes nothing: as the other settings stand, nothing uses it")
        for role in entangled(t.recipe.all_phases(t.model.spec), t.model.networks):
            said = f"the network {role!r} normalises over the batch, so the slope at a sample depends on the others"
            remark(f"{said}; the penalty on it is looser than meant")
        if t.data.heldout is not None and len(t.data.labelled) and not len(t.data.heldout.labelled):
            remark("no held-out sample has a label (y_test), so there will be no figures that need any")
        steps = len(t.data) // t.batch
        if steps < FEW_STEPS:
            smaller = max(1, len(t.data) // 20)
            said = f"an epoch is {steps} step{'s' * (steps > 1)}, at a batch of {t.batch} from {len(t.data)} samples"
            remark(f"{said}; to learn more from as many epochs: --set batch={smaller}")

    def stage_begin(self, t: Training) -> None:
        """Before the first batch of a stage."""
        idle = idle_phases(t.recipe.scheduler, t.stage.phases, t.progress)
        epochs = t.progress.epochs
        if idle and (idle, epochs) != self._said:
            self._said = (idle, epochs)
            where = f"stage {t.stage.name!r} of {epochs} epoch{'s' * (epochs > 1)}"
            remark(f"never run in {where}: {', '.join(idle)} (recipe.scheduler starts them later, or leaves them out)")


def entangled(phases: Iterable[Phase], networks: Mapping[str, Module]) -> list[str]:
    """Roles of the discriminators whose slope at each sample matters, and that normalise over the batch."""
    roles = {game.network for game, side in games(phases) if side == "discriminator" and game.loss.by_sample}
    return sorted(r for r in roles if any(isinstance(m, _BatchNorm) for m in networks[r].modules()))
