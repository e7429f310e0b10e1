"""Strategies side by side at equal steps, as curves over compute: `python -m gasca.study`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import click
from attrs import asdict, evolve

from aaecore import train
from aaecore.cli import run as run_command
from aaecore.cli.options import SEEDS, Number, OutputFile
from aaecore.data import Data, DataConfig, Pairs, load_data
from aaecore.defaults.stackings import Single
from aaecore.files import write_text
from gasca.budget import share
from gasca.curve import Curve
from gasca.drawing import draw_curves
from gasca.networks import StackedNetworks
from gasca.recipe import Gasca
from gasca.stackings import GradualGreedy, Greedy

LEVELS = 4
"""Three of convolutions and the fully connected one."""
LEAST = 2 * LEVELS - 1
"""Epochs with which every strategy has its stages and all have equally many steps."""
NAMES = ("gangglw", "glw, same last T", "glw, same steps", "joint", "joint without D")


def strategies(epochs: int, base: Gasca) -> Mapping[str, Gasca]:
    """The method and its controls, all with the same networks; only `glw, same last T` takes fewer steps."""
    gradual = share(epochs, LEVELS, range(2, LEVELS + 1), None, None)
    same_last = Greedy(level_epochs=gradual.level, finetune_epochs=gradual.tune[LEVELS])
    base = evolve(base, epochs=epochs)
    return {
        "gangglw": evolve(base, stacking=GradualGreedy()),
        "glw, same last T": evolve(base, stacking=same_last),
        "glw, same steps": evolve(base, stacking=Greedy()),
        "joint": evolve(base, stacking=Single()),
        "joint without D": evolve(base, stacking=Single(), adv_weight=0.0),
    }


def run(recipe: Gasca, data: Data, seed: int) -> Curve:
    """Train once and watch."""
    curve = Curve()
    train(recipe, data, seed=seed, quiet=True, observers=[curve])
    return curve


@click.command()
@click.option("--data", default="torchvision:MNIST", metavar="D", help="As for aae train.")
@click.option("--data-root", default="data", metavar="DIR", help="Where torchvision keeps its files.")
@click.option(
    "--limit",
    type=click.IntRange(2),
    default=16000,
    metavar="N",
    help="Training samples; 16000 are 250 steps an epoch.",
)
@click.option(
    "--rotate",
    type=Number(0, 180),
    default=0.0,
    metavar="DEG",
    help="Inputs are turned by up to so much, targets upright.",
)
@click.option("--epochs", type=click.IntRange(LEAST), default=LEAST, help="Budget of a strategy; 7 give a level one.")
@click.option("--seeds", type=SEEDS, default="0-2", metavar="N,N,...")
@click.option("--init", type=click.Choice(["kaiming", "pytorch"]), default="kaiming")
@click.option("--only", multiple=True, type=click.Choice(NAMES), help="Only these strategies.")
@click.option("-o", "--out", type=OutputFile(".json"), help="A JSON file of what was measured, kept up to date.")
@click.option("--curves", type=OutputFile(".png"), metavar="PNG", help="A picture of error over compute.")
def command(
    data: str,
    data_root: str,
    limit: int,
    rotate: float,
    epochs: int,
    seeds: tuple[int, ...],
    init: str,
    only: tuple[str, ...],
    out: Path | None,
    curves: Path | None,
) -> None:
    """Compare gangglw, glw and joint training by held-out error, steps and seconds."""
    config = DataConfig(source=data, root=data_root, limit=limit, pairs=Pairs(rotate=rotate))
    base = Gasca(architecture=StackedNetworks(init="kaiming" if init == "kaiming" else "pytorch"))
    chosen = {name: recipe for name, recipe in strategies(epochs, base).items() if name in only or not only}
    found = []
    for seed in seeds:
        loaded = load_data(config, seed)
        for name, recipe in chosen.items():
            found.append({"strategy": name, "seed": seed, **_measured(run(recipe, loaded, seed))})
            click.echo(_line(found[-1]))
            if out is not None:
                write_text(out, json.dumps(found, indent=1) + "\n")
    if curves is not None:
        draw_curves(found, curves)


def _measured(curve: Curve) -> dict[str, object]:
    return {"points": [asdict(p) for p in curve.points], "steps": {s: dict(c) for s, c in curve.steps.items()}}


def _line(found: Mapping[str, object]) -> str:
    points = found["points"]
    assert isinstance(points, list)
    before = [f"k={p['depth']} {p['mse']:.4f}" for p in points if p["begins"] and p["stage"].startswith("finetune")]
    last = points[-1]
    words = f"{found['strategy']:18} seed {found['seed']}  mse {last['mse']:.4f}  steps {last['steps']}"
    return f"{words}  {last['seconds']:.0f} s" + (f"  before T: {', '.join(before)}" if before else "")


def main() -> None:
    """Run the command; what a user can mend is one line."""
    raise SystemExit(run_command(command, "gasca.study"))


if __name__ == "__main__":
    main()
