"""The paper's networks, and equalized ones (check 4)."""

import pytest
import torch
from iaae import aaecore_recipes
from iaae.equal import EqualLinear
from iaae.feature import Feature
from iaae.mapping import LatentMapping
from iaae.networks import EqualizedMLP, NormalizedMLP
from iaae.scheduler import NIter
from torch import nn
from torch.nn import functional as F

from aaecore import compose
from aaecore.defaults.losses import KL, MeanAbsoluteError
from aaecore.nn import Dropout
from aaecore.optimizer import Adam
from aaecore.posterior import GaussianPosterior
from aaecore.spec import Spec


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_the_parameter_counts_at_32_pixels_are_the_papers(bench, colour):
    networks = bench(data=colour).networks
    assert colour.shape == (3, 32, 32)
    assert {r: count(n) for r, n in networks.items()} == {
        "encoder": 403_028, "decoder": 405_568, "code_discriminator": 33_857
    }  # fmt: skip


def test_batch_normalisation_follows_the_last_hidden_layer_only():
    spec = Spec(shape=(3, 32, 32), output="tanh")
    encoder = NormalizedMLP().encoder(spec.shape, {"code": 20})
    decoder = NormalizedMLP().decoder(10, spec)
    assert [type(m).__name__ for m in encoder.modules() if not list(m.children())] == [
        "Flatten", "Linear", "LeakyReLU", "Linear", "BatchNorm1d", "LeakyReLU", "Linear"
    ]  # fmt: skip
    assert [type(m).__name__ for m in decoder.modules() if not list(m.children())] == [
        "Linear", "LeakyReLU", "Linear", "BatchNorm1d", "LeakyReLU", "Linear", "Tanh", "Unflatten"
    ]  # fmt: skip


def test_the_discriminator_drops_after_every_hidden_layer_and_says_logits():
    network = NormalizedMLP().discriminator((10,))
    assert [m.p for m in network.modules() if isinstance(m, Dropout)] == [0.3] * 4
    assert not [m for m in NormalizedMLP(dropout=0).discriminator((10,)).modules() if isinstance(m, Dropout)]
    assert not [m for m in network.modules() if isinstance(m, nn.Sigmoid)]
    assert network(torch.randn(5, 10)).shape == (5,)


@pytest.mark.parametrize("inputs", [3, 64, 3072])
def test_an_equalized_layer_keeps_unit_variance_at_the_start(inputs):
    torch.manual_seed(0)
    layer = EqualLinear(inputs, 500)
    assert layer.weight.std().item() == pytest.approx(1, abs=0.05)
    assert not layer.bias.any()
    assert layer(torch.randn(2000, inputs)).var().item() == pytest.approx(1, abs=0.15)


def test_an_equalized_layer_is_a_linear_layer_of_scaled_parameters():
    scaled, unscaled = EqualLinear(9, 4), EqualLinear(9, 4, scale_bias=False)
    unscaled.load_state_dict(scaled.state_dict())
    x = torch.randn(6, 9)
    assert scaled(x).equal(unscaled(x))  # the bias is zero
    nn.init.normal_(scaled.bias)
    unscaled.load_state_dict(scaled.state_dict())
    assert scaled(x).allclose(F.linear(x, scaled.weight / 3, scaled.bias / 3))
    assert unscaled(x).allclose(F.linear(x, scaled.weight / 3, scaled.bias))


def test_the_two_scalings_of_the_bias_train_differently():
    grads = []
    for scale_bias in (True, False):
        layer = EqualLinear(9, 4, scale_bias=scale_bias)
        layer(torch.ones(1, 9)).sum().backward()
        grads.append(layer.bias.grad)
    assert grads[0].allclose(grads[1] / 3)


def test_equalized_networks_have_no_batch_normalisation_and_no_plain_layer(bench):
    networks = bench("iaae-equal-linear").networks
    for role in ("encoder", "decoder"):
        assert not [m for m in networks[role].modules() if isinstance(m, (nn.BatchNorm1d, nn.Linear))]
        assert [m for m in networks[role].modules() if isinstance(m, EqualLinear)]


def test_equalized_networks_have_the_baselines_discriminator(bench):
    plain, equal = (bench(name).networks["code_discriminator"] for name in ("iaae", "iaae-equal-linear"))
    assert str(plain) == str(equal)
    assert all(p.equal(e) for p, e in zip(plain.parameters(), equal.parameters(), strict=True))


@pytest.mark.parametrize("architecture", [NormalizedMLP(), EqualizedMLP()])
def test_the_networks_fit_images_vectors_noise_and_conditions(architecture):
    for shape in ((1, 8, 8), (5,)):
        spec = Spec(shape=shape, output="linear")
        heads = architecture.encoder(shape, {"code": 4, "label": 3}, noise=2)(torch.randn(6, *shape), torch.randn(6, 2))
        assert {name: tuple(h.shape) for name, h in heads.items()} == {"code": (6, 4), "label": (6, 3)}
        assert architecture.decoder(7, spec)(torch.randn(6, 7)).shape == (6, *shape)
    assert architecture.discriminator((4,), 3)(torch.randn(6, 4), torch.randn(6, 3)).shape == (6,)


def kinds(network):
    return [type(m).__name__ for m in network.modules() if not list(m.children())]


def test_the_layers_stand_in_the_tables_order():
    nets = NormalizedMLP()
    encoder, decoder = nets.encoder((3, 32, 32), {"code": 20}), nets.decoder(10, Spec((3, 32, 32), output="tanh"))
    assert kinds(encoder) == ["Flatten", "Linear", "LeakyReLU", "Linear", "BatchNorm1d", "LeakyReLU", "Linear"]
    last = ["Linear", "BatchNorm1d", "LeakyReLU", "Linear", "Tanh", "Unflatten"]
    assert kinds(decoder) == ["Linear", "LeakyReLU", *last]
    judge = nets.discriminator((10,))
    assert kinds(judge) == ["Flatten", *["Linear", "LeakyReLU", "Dropout"] * 4, "Linear"]
    for network in (encoder, decoder, judge):
        assert {m.negative_slope for m in network.modules() if isinstance(m, nn.LeakyReLU)} == {0.2}


def test_the_recipes_are_the_sheets():
    adam = Adam(lr=1e-4)
    for name in aaecore_recipes():
        recipe = compose(name)
        assert (recipe.code, recipe.batch, recipe.epochs, recipe.scaling) == (10, 1024, 100, "symmetric")
        assert recipe.reconstruction_optimizer == recipe.discriminator_optimizer == recipe.generator_optimizer == adam
    base, kld, combined = (compose(name) for name in ("iaae", "iaae-kld", "iaae-combined"))
    assert base.reconstruction == MeanAbsoluteError()
    assert base.posterior == GaussianPosterior(sigma="raw")
    assert kld.posterior == combined.posterior == GaussianPosterior(sigma="logvar")
    assert kld.regularizers == combined.regularizers == (KL(weight=0.1, role="generator", direction="forward"),)
    assert compose("iaae-feature").reconstruction == combined.reconstruction == Feature(share=0.1, source="encoder")
    assert compose("iaae-n-iter").scheduler == combined.scheduler == NIter(n=3)
    assert compose("iaae-equal-linear").architecture == EqualizedMLP(scale_bias=True)
    assert combined.architecture == LatentMapping(of=EqualizedMLP())
    assert compose("iaae-latent-mapping").architecture == LatentMapping(of=NormalizedMLP(), depth=4, slope=0.2)


@pytest.mark.parametrize("scaled", [True, False])
def test_whether_biases_are_scaled_is_a_setting_of_the_architecture(scaled):
    built = EqualizedMLP(scale_bias=scaled).encoder((1, 8, 8), {"code": 4})
    layers = [m for m in built.modules() if isinstance(m, EqualLinear)]
    assert layers
    assert {layer.scale_bias for layer in layers} == {scaled}


def test_equalized_weights_are_drawn_from_a_normal_law():
    torch.manual_seed(0)
    weight = EqualLinear(300, 300).weight.flatten()
    assert (weight.abs() > 2).float().mean().item() == pytest.approx(0.0455, abs=0.004)
