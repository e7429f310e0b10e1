"""What section 6b of the paper's fact sheet confirmed, on real digits (check 12): three seeds at half the resolution.

The setting: 16 x 16 pixels, three levels of convolutions and the fully connected one, 150 steps for a level and for
T(G). T(D) is left out, since it changes no generator. Joint training gets 3/7 of the steps: the same time.
"""

import gzip
from pathlib import Path

import numpy as np
import pytest
import torch
from attrs import evolve
from gasca import Gasca, GradualGreedy, Greedy
from gasca.curve import Curve
from gasca.study import run, strategies
from torch import Tensor
from torch.nn.functional import avg_pool2d, pad

from aaecore.data import Data, from_arrays

RAW = Path(__file__).parents[4] / "shared" / "data" / "MNIST" / "raw"
SEEDS = (0, 1, 2)
STEPS = 150

pytestmark = pytest.mark.skipif(not RAW.is_dir(), reason=f"needs the MNIST files in {RAW}")


def small(part: str, n: int) -> Tensor:
    """The first n images, 16 x 16."""
    with gzip.open(RAW / f"{part}-images-idx3-ubyte.gz") as file:
        images = np.frombuffer(file.read(), np.uint8, n * 784, offset=16).reshape(n, 1, 28, 28)
    return avg_pool2d(pad(torch.from_numpy(images / np.float32(255)), (2, 2, 2, 2)), 2)


@pytest.fixture(scope="module")
def mnist() -> Data:
    return from_arrays(small("train", 64 * STEPS), x_heldout=small("t10k", 2000))


@pytest.fixture(scope="module")
def curves(mnist) -> dict[str, list[Curve]]:
    by_name = strategies(7, Gasca())
    gradual, greedy, joint = (by_name[name] for name in ("gangglw", "glw, same last T", "joint"))
    chosen = {
        "gangglw": evolve(gradual, stacking=GradualGreedy(discriminator_epochs=0)),
        "glw": evolve(greedy, stacking=Greedy(level_epochs=1, finetune_epochs=1, discriminator_epochs=0)),
        "joint": evolve(joint, epochs=3),
    }
    return {name: [run(recipe, mnist, seed) for seed in SEEDS] for name, recipe in chosen.items()}


def accumulated(curve: Curve, k: int) -> float:
    """Error of the stack of k levels before it is fine-tuned, if it is at all."""
    return next(p.mse for p in curve.points if p.stage == f"level-{k}" and not p.begins)


def final(curve: Curve) -> float:
    return curve.points[-1].mse


@pytest.mark.parametrize("k", [3, 4])
def test_less_error_accumulates_with_gradual_fine_tuning(curves, k):
    for gradual, greedy in zip(curves["gangglw"], curves["glw"], strict=True):
        assert accumulated(gradual, k) < accumulated(greedy, k)


def test_gradual_beats_greedy_with_the_same_last_fine_tuning(curves):
    for gradual, greedy in zip(curves["gangglw"], curves["glw"], strict=True):
        assert final(gradual) < final(greedy)


def test_gradual_beats_adversarial_joint_training_in_the_same_time(curves):
    mean = {name: sum(map(final, found)) / len(found) for name, found in curves.items()}
    assert mean["gangglw"] < mean["joint"]


def test_level_wise_training_never_collapses_to_a_constant_image(curves, mnist):
    constant = mnist.heldout.x.take(range(2000)).var().item()
    assert all(final(curve) < 0.5 * constant for name in ("gangglw", "glw") for curve in curves[name])


def test_the_signature_of_a_collapse_at_full_resolution_is_known():
    with gzip.open(RAW / "t10k-images-idx3-ubyte.gz") as file:
        images = np.frombuffer(file.read(), np.uint8, 2000 * 784, offset=16)
    padded = 32 * 32 / 784
    assert np.square(images / 255).mean() / padded == pytest.approx(0.0785, abs=1e-4)
