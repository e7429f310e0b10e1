"""Data ranges and decoder outputs agree, also for standardised faces (section 6, TFD)."""

import numpy as np
import pytest
import torch
from torch import nn

from aaecore import from_arrays, train
from aaecore.config import structure
from aaecore.runs.session import new_model

OUTPUTS = {"unit": nn.Sigmoid, "symmetric": nn.Tanh, "standard": nn.Identity, "pixelwise": nn.Identity}


@pytest.mark.parametrize(("scaling", "output"), OUTPUTS.items())
@pytest.mark.parametrize("architecture", ["mlp", "cnn"])
def test_the_decoder_ends_with_the_range_of_the_data(bench, scaling, output, architecture):
    b = bench("classic", architecture, scaling=scaling)
    assert output in {type(m) for m in b.networks["decoder"].blocks[-1].modules()}
    assert torch.tensor(list(b.run().values())).isfinite().all()


def faces(n=120):
    """Like TFD: bright in the middle, each pixel with a mean and deviation of its own."""
    rng = np.random.default_rng(0)
    mean, deviation = rng.uniform(0.3, 0.7, (48, 48)), rng.uniform(0.02, 0.1, (48, 48))
    shade = rng.normal(size=(n, 1, 1))
    return np.clip(mean + deviation * (shade + 0.3 * rng.normal(size=(n, 48, 48))), 0, 1).astype(np.float32)


def test_faces_are_standardised_by_pixel_and_samples_are_given_back_between_0_and_1(tiny):
    data = from_arrays(faces(), heldout=0.0)
    model = new_model(structure({"recipe": tiny("classic", scaling="pixelwise", code=15)}), data)
    seen = model.scaling.apply(data.x.tensor)
    assert seen.mean(0).abs().max() < 1e-4
    assert (seen.std(0, correction=0) - 1).abs().max() < 1e-4
    x = model.reconstruct(data.x.tensor)
    untrained = (x - data.x.tensor.mean(0)).abs().mean()
    assert untrained < 0.1  # a decoder that says little says the mean face
    assert model.spec.output == "linear"


def test_standardised_faces_are_learned(tiny):
    recipe = tiny("classic", scaling="pixelwise", code=4)
    model = train(recipe, faces(), epochs=25, quiet=True)
    x = faces()
    error = (model.reconstruct(x) - torch.from_numpy(x)[:, None]).square().mean()
    alone = torch.from_numpy(x).var(0, correction=0).mean()
    assert error < 0.5 * alone
