"""Pairs made of any images: a transformed input, the image itself as target."""

import numpy as np
import pytest
import torch

from aaecore.config.components import Components
from aaecore.config.problems import Refused
from aaecore.data import Data, DataConfig, Loader, Pairs, from_arrays, load_data
from aaecore.data.pairs import rotated, transformations
from aaecore.errors import DataError
from aaecore.plugins import registry

ROTATED = Pairs(rotate=60.0)


def images(n: int = 20, shape: tuple[int, ...] = (8, 8)) -> np.ndarray:
    return np.random.default_rng(0).random((n, *shape), dtype=np.float32)


def inputs(data: Data) -> torch.Tensor:
    return data.x.take(range(len(data)))


def test_inputs_are_transformed_and_targets_are_the_images():
    x = images()
    data = from_arrays(x, pairs=ROTATED)
    assert torch.equal(data.target.take(range(20)), torch.from_numpy(x)[:, None])
    assert (inputs(data) - data.target.take(range(20))).flatten(1).abs().amax(1).min() > 0.05
    assert data.shape == (1, 8, 8)


def test_without_any_transformation_there_are_no_targets():
    assert from_arrays(images(), pairs=Pairs()).target is None


def test_a_quarter_turn_is_exact():
    x = torch.from_numpy(images(2))[:, None]
    assert torch.allclose(rotated(x, torch.full((2,), torch.pi / 2)), x.rot90(1, (2, 3)), atol=1e-5)


def test_oblong_images_are_turned_and_not_sheared():
    x = torch.zeros(1, 1, 21, 41)
    x[..., 10, 10:31] = 1
    turned = rotated(x, torch.tensor([torch.pi / 2]))
    assert turned[..., 1:20, 20].min() > 0.9
    assert turned.sum() == pytest.approx(21, abs=0.5)


def test_angles_stay_within_bounds_and_fill_them():
    angles = torch.rad2deg(transformations(4000, Pairs(rotate=30.0), 0, "training")[:, 0])
    assert 29 < angles.max() <= 30
    assert -30 <= angles.min() < -29
    assert abs(angles.mean()) < 1


def test_brightness_and_gamma_act_on_every_pixel_alike():
    x = images()
    bright = inputs(from_arrays(x, pairs=Pairs(brightness=0.5)))
    ratio = (bright / torch.from_numpy(x)[:, None]).flatten(1)
    assert torch.allclose(ratio.amin(1)[ratio.amax(1) < 1], ratio.amax(1)[ratio.amax(1) < 1], atol=1e-3)
    dark = inputs(from_arrays(x, pairs=Pairs(gamma=3.0)))
    exponents = (dark.log() / torch.from_numpy(x)[:, None].log()).flatten(1).median(1).values
    assert 1 / 3 <= exponents.min() < 0.7
    assert 1.5 < exponents.max() <= 3
    assert dark.min() >= 0
    assert dark.max() <= 1


def test_a_seed_gives_every_sample_the_same_pair_always_and_another_seed_another():
    first, again, other = (from_arrays(images(), pairs=ROTATED, seed=s) for s in (0, 0, 1))
    assert torch.equal(inputs(first), inputs(again))
    assert not torch.equal(inputs(first), inputs(other))
    assert torch.equal(first.subset([3, 5]).x.take([0, 1]), inputs(first)[[3, 5]])
    assert first.fingerprint() == again.fingerprint() != other.fingerprint()


def test_held_out_pairs_are_fixed_and_others_than_in_training():
    x = images()
    data = from_arrays(x, x_heldout=x, pairs=ROTATED)
    assert data.heldout.target is not None
    assert not torch.equal(inputs(data), inputs(data.heldout))


@pytest.mark.parametrize("workers", [0, 1])
def test_streamed_pairs_are_those_in_memory(tmp_path, workers):
    np.savez(tmp_path / "x.npz", x=images(24))
    batches = []
    for streamed in ("no", "yes"):
        config = DataConfig(source=str(tmp_path / "x.npz"), pairs=ROTATED, heldout=0.25, streamed=streamed)
        data = load_data(config)
        loader = Loader(data, batch=6, seed=0, workers=workers)
        batches.append([*loader.epoch(0), {"x": inputs(data.heldout)}])
    for held, read in zip(*batches, strict=True):
        assert held.keys() == read.keys()
        assert all(torch.allclose(held[k], read[k], atol=1e-6) for k in held)


def test_vectors_and_data_with_targets_are_refused():
    with pytest.raises(DataError, match="these are vectors"):
        from_arrays(images(20, (5,)), pairs=ROTATED)
    with pytest.raises(DataError, match="has targets of its own"):
        from_arrays(images(), target=images(), pairs=ROTATED)


def test_pairs_are_a_table_of_the_data_settings():
    converter = Components(registry()).converter
    assert converter.structure({"pairs": {"rotate": 60}}, DataConfig).pairs == ROTATED
    with pytest.raises(Refused, match="180"):
        converter.structure({"pairs": {"rotate": 200}}, DataConfig)
