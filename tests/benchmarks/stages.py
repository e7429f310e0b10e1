"""What a stage of greedy training costs against joint training: images a second, and peak memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence

from attrs import evolve, frozen
from contenders import images
from memory import peak
from report import Measured, Row, at_least, at_most, interleave, show
from torch.nn import Module

import aaecore
from aaecore.data import Data
from aaecore.phase import Phase
from aaecore.recipe import Recipe
from aaecore.stacking import Stacking, Stage

BATCH, SIDE, IMAGES = 256, 28, 1024
LEVELS = {"level-1": 0.75, "level-2": 0.5, "level-3": 0.4, "level-4": 0.3}
"""What each level's memory and time should be of joint training's, at most."""


@frozen(kw_only=True)
class Only(Stacking):
    """One stage of another stacking, its lower levels as they were initialised."""

    of: Stacking
    stage: str

    def stages(self, networks: Mapping[str, Module], phases: Sequence[Phase], recipe: Recipe) -> Iterator[Stage]:
        """That stage."""
        yield next(s for s in self.of.stages(networks, phases, recipe) if s.name == self.stage)

    def networks(self, recipe: Recipe, spec: aaecore.spec.Spec) -> Mapping[str, Callable[[], Module]]:
        """Those of the other."""
        return self.of.networks(recipe, spec)


def recipe(stage: str) -> Recipe:
    """gasca with this stage alone; `joint` for all levels at once."""
    made = aaecore.compose("gasca", batch=BATCH, epochs=1)
    if stage == "joint":
        return evolve(made, stacking=aaecore.compose("classic").stacking)
    return evolve(made, stacking=Only(of=made.stacking, stage=stage))


def data(n: int = IMAGES) -> Data:
    """As many images to train on, and a handful held out, for the trainer measures on them at each epoch's end."""
    x = images(n + BATCH).view(-1, SIDE, SIDE).numpy()
    return aaecore.from_arrays(x[:n], x_heldout=x[n : n + 8])


def run(repeats: int, device: str) -> None:
    """Print the tables."""
    shown = data()
    speeds = interleave({stage: _epoch(stage, shown, device) for stage in ("joint", *LEVELS)}, repeats)
    rows = [Row("joint", speeds["joint"])]
    rows += [at_least(stage, speeds[stage], speeds["joint"], round(1 / share, 2)) for stage, share in LEVELS.items()]
    show(f"gasca, one stage on {SIDE} x {SIDE} images, batch {BATCH}; ratio to joint training", "images/s", rows)
    rounds = [{stage: _memory(stage, device) for stage in ("joint", *LEVELS)} for _ in range(repeats)]
    found = {stage: Measured(tuple(r[stage] for r in rounds)) for stage in ("joint", *LEVELS)}
    rows = [Row("joint", found["joint"])]
    rows += [at_most(stage, found[stage], found["joint"], share) for stage, share in LEVELS.items()]
    show("the same, peak memory beyond imports and data", "MiB", rows)


def _epoch(stage: str, shown: Data, device: str) -> Callable[[], float]:
    made = recipe(stage)
    return lambda: aaecore.train(made, shown, device=device, quiet=True).metrics["images_per_second"]


def _memory(stage: str, device: str) -> float:
    found = subprocess.run([sys.executable, __file__, stage, device], capture_output=True, text=True, check=True)
    return float(found.stdout)


def _main(stage: str, device: str) -> None:
    shown = data(2 * BATCH)
    small = {"name": "mlp", "hidden": [4]}  # imports what training needs, and takes next to nothing itself
    aaecore.train(aaecore.compose("classic", architecture=small, batch=8, epochs=1), shown, device=device, quiet=True)
    before = peak(device)
    aaecore.train(recipe(stage), shown, device=device, quiet=True)
    print(peak(device) - before)


if __name__ == "__main__":
    _main(*sys.argv[1:])
