"""How raw data becomes what networks see, and back."""

import numpy as np
import pytest
import torch

from aaecore.data import DataConfig, Scaling, from_arrays, load_data
from aaecore.errors import DataError

rng = np.random.default_rng(0)
IMAGES = from_arrays(rng.integers(0, 256, (50, 4, 5, 3), dtype=np.uint8))
VECTORS = from_arrays(rng.normal(3, 7, (200, 4)))


@pytest.mark.parametrize(("kind", "output", "low", "high"), [("unit", "sigmoid", 0, 1), ("symmetric", "tanh", -1, 1)])
def test_images_fill_the_range_of_the_decoders_output(kind, output, low, high):
    scaling = Scaling.fit(kind, IMAGES)
    x = scaling.apply(torch.tensor([0.0, 1.0]))
    assert (scaling.output, x.tolist()) == (output, [low, high])


@pytest.mark.parametrize("data", [IMAGES, VECTORS])
def test_standard_data_has_mean_zero_and_deviation_one(data):
    scaling = Scaling.fit("standard", data)
    x = scaling.apply(data.x.tensor).movedim(1, 0).flatten(1)
    assert torch.allclose(x.mean(1), torch.zeros(len(x)), atol=1e-5)
    assert torch.allclose(x.std(1, correction=0), torch.ones(len(x)), atol=1e-5)
    assert scaling.output == "linear"
    assert scaling.shift.dim() == len(data.shape)


def test_pixelwise_standardises_each_pixel_by_itself():
    scaling = Scaling.fit("pixelwise", IMAGES)
    x = scaling.apply(IMAGES.x.tensor)
    assert scaling.shift.shape == IMAGES.shape
    assert torch.allclose(x.mean(0), torch.zeros(IMAGES.shape), atol=1e-5)
    assert torch.allclose(x.std(0, correction=0), torch.ones(IMAGES.shape), atol=1e-5)
    assert scaling.output == "linear"


@pytest.mark.parametrize("kind", ["unit", "symmetric", "standard", "pixelwise"])
def test_inverting_gives_the_raw_data_back(kind):
    x = IMAGES.x.tensor
    scaling = Scaling.fit(kind, IMAGES)
    assert torch.allclose(scaling.invert(scaling.apply(x)), x, atol=1e-6)


@pytest.mark.parametrize("constant", [0.0, 0.1, 1e7, -3.3])
def test_a_constant_feature_becomes_zero_and_not_noise(constant):
    x = rng.random((1000, 2))
    x[:, 1] = constant
    scaling = Scaling.fit("standard", from_arrays(x))
    assert scaling.scale[1] == 1
    assert scaling.apply(from_arrays(x).x.tensor)[:, 1].abs().max() == 0


def test_a_feature_far_from_zero_keeps_its_deviation():
    scaling = Scaling.fit("standard", from_arrays(1e5 + rng.normal(0, 1, (5000, 1))))
    assert abs(scaling.scale.item() - 1) < 0.05


@pytest.mark.parametrize("kind", ["unit", "symmetric"])
def test_vectors_beyond_the_unit_interval_need_standard(kind):
    with pytest.raises(DataError, match="--set scaling=standard"):
        Scaling.fit(kind, VECTORS)
    x = rng.random((5, 2))
    Scaling.fit(kind, from_arrays(x))
    with pytest.raises(DataError, match="--set scaling=standard"):
        Scaling.fit(kind, from_arrays(x, target=x + 1))


def test_an_unknown_kind_names_the_choices():
    with pytest.raises(DataError, match="did you mean 'standard'"):
        Scaling.fit("standart", VECTORS)
    with pytest.raises(DataError, match="symmetric"):
        Scaling.from_tensors("none", Scaling.fit("unit", IMAGES).tensors())


@pytest.mark.parametrize("kind", ["unit", "symmetric", "standard", "pixelwise"])
def test_a_saved_scaling_is_the_same(kind):
    scaling = Scaling.fit(kind, IMAGES)
    again = Scaling.from_tensors(kind, scaling.tensors()).to("cpu")
    assert again.output == scaling.output
    assert torch.equal(again.apply(IMAGES.x.tensor), scaling.apply(IMAGES.x.tensor))


def test_streamed_data_is_scaled_like_data_in_memory(tmp_path):
    np.save(tmp_path / "d.npy", rng.normal(3, 7, (300, 4)))
    fits = [
        Scaling.fit("standard", load_data(DataConfig(source=str(tmp_path / "d.npy"), streamed=s)))
        for s in ("yes", "no")
    ]
    assert torch.equal(fits[0].shift, fits[1].shift)
    assert torch.equal(fits[0].scale, fits[1].scale)
