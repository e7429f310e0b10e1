"""The convolutional family: what each of its three switches does, in all eight combinations."""

from itertools import product

import pytest
import torch
from aae_classic.cnn import CNN
from aae_classic.geometry import Crop, Pad
from torch import nn

from aaecore.errors import ConfigError
from aaecore.optimizer import Adam
from aaecore.spec import Spec

SWITCHES = list(product([True, False], repeat=3))
SHAPES = [(1, 28, 28), (3, 32, 32), (1, 8, 8), (2, 20, 13)]
RESAMPLING = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.MaxUnpool2d, nn.Upsample)
CONVOLUTION = (nn.Conv2d, nn.ConvTranspose2d)


def family(all_conv, no_fc, batch_norm):
    return CNN(channels=(4, 6, 8), all_conv=all_conv, no_fc=no_fc, batch_norm=batch_norm)


def layers(network):
    return [m for m in network.modules() if not list(m.children())]


def kinds(network):
    return [type(m) for m in layers(network)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("switches", SWITCHES)
def test_all_eight_encode_and_decode_images_of_any_size(switches, shape):
    cnn = family(*switches)
    encoder, decoder = cnn.encoder(shape, {"code": 5, "label": 3}), cnn.decoder(5, Spec(shape=shape))
    heads = encoder(torch.rand(4, *shape))
    assert {name: tuple(h.shape) for name, h in heads.items()} == {"code": (4, 5), "label": (4, 3)}
    assert decoder(heads["code"]).shape == (4, *shape)


@pytest.mark.parametrize("switches", SWITCHES)
def test_all_conv_means_neither_pooling_nor_unpooling(switches):
    cnn = family(*switches)
    networks = cnn.encoder((1, 28, 28), {"code": 5}), cnn.decoder(5, Spec(shape=(1, 28, 28)))
    resampled = [sum(isinstance(m, RESAMPLING) for m in layers(n)) for n in networks]
    halvings = [sum(isinstance(m, CONVOLUTION) and m.stride == (2, 2) for m in layers(n)) for n in networks]
    assert (resampled, halvings) == (([0, 0], [3, 3]) if switches[0] else ([3, 3], [0, 0]))


@pytest.mark.parametrize("switches", SWITCHES)
def test_no_fc_means_no_linear_layer_but_a_4x4_convolution_to_the_code_and_from_it(switches):
    cnn = family(*switches)
    encoder, decoder = cnn.encoder((1, 28, 28), {"code": 5}), cnn.decoder(5, Spec(shape=(1, 28, 28)))
    linear = [sum(k is nn.Linear for k in kinds(n)) for n in (encoder, decoder)]
    code_layer = next(m for m in layers(encoder.heads["code"]) if hasattr(m, "weight"))
    first = next(m for m in layers(decoder) if hasattr(m, "weight"))
    if switches[1]:
        assert linear == [0, 0]
        assert isinstance(code_layer, nn.Conv2d)
        assert isinstance(first, nn.ConvTranspose2d)
        assert (code_layer.kernel_size, code_layer.padding, first.kernel_size) == ((4, 4), (0, 0), (4, 4))
    else:
        assert linear == [1, 1]
        assert isinstance(code_layer, nn.Linear)
        assert isinstance(first, nn.Linear)


@pytest.mark.parametrize("switches", SWITCHES)
def test_batch_norm_follows_all_but_the_code_layer_and_the_image_layer(switches):
    cnn = family(*switches)
    encoder, decoder = cnn.encoder((1, 28, 28), {"code": 5}), cnn.decoder(5, Spec(shape=(1, 28, 28)))
    expected = 3 if switches[2] else 0
    assert sum(k is nn.BatchNorm2d for k in kinds(encoder)) == expected
    assert sum(k is nn.BatchNorm2d for k in kinds(decoder)) == expected
    assert nn.BatchNorm2d not in kinds(encoder.heads)
    assert nn.BatchNorm2d not in kinds(decoder.blocks[-1])
    for network in (encoder.blocks, decoder.blocks[:-1]):
        order = [k for k in kinds(network) if k in (*CONVOLUTION, nn.Linear, nn.BatchNorm2d)]
        after = [b for a, b in zip(order, [*order[1:], None], strict=True) if a is not nn.BatchNorm2d]
        assert all((b is nn.BatchNorm2d) == switches[2] for b in after)


@pytest.mark.parametrize("switches", SWITCHES)
def test_activations_are_leaky_inward_and_relu_outward(switches):
    cnn = family(*switches)
    encoder, decoder = cnn.encoder((1, 28, 28), {"code": 5}), cnn.decoder(5, Spec(shape=(1, 28, 28), output="tanh"))
    slopes = [m.negative_slope for m in layers(encoder) if isinstance(m, nn.LeakyReLU)]
    assert slopes == [0.2] * 3
    assert [k for k in kinds(decoder) if k in (nn.ReLU, nn.LeakyReLU, nn.Tanh)] == [nn.ReLU] * 3 + [nn.Tanh]


@pytest.mark.parametrize("switches", SWITCHES)
def test_the_discriminator_is_fully_connected_without_normalisation(switches):
    discriminator = family(*switches).discriminator((8,))
    assert set(kinds(discriminator)) == {nn.Flatten, nn.Linear, nn.ReLU}
    assert kinds(discriminator).count(nn.Linear) == 3


def test_the_channels_are_64_128_256_down_to_4x4():
    encoder = CNN().encoder((1, 28, 28), {"code": 8})
    assert encoder.features(torch.rand(2, 1, 28, 28)).shape == (2, 256, 4, 4)
    assert [m.out_channels for m in layers(encoder.blocks) if isinstance(m, nn.Conv2d)] == [64, 128, 256]


def test_larger_images_get_further_levels():
    encoder = CNN(channels=(4, 6)).encoder((3, 64, 64), {"code": 8})
    assert [m.out_channels for m in layers(encoder.blocks) if isinstance(m, nn.Conv2d)] == [4, 6, 12, 24]


@pytest.mark.parametrize("shape", SHAPES)
def test_cropping_undoes_padding(shape):
    x = torch.rand(2, *shape)
    padded = Pad(shape)(x)
    assert padded.shape[2] == padded.shape[3]
    assert padded.shape[2] in (8, 32)
    assert Crop(shape)(padded).equal(x)


def test_vectors_are_refused_with_the_architecture_that_takes_them(tiny, vectors):
    recipe = tiny("classic", "cnn")
    with pytest.raises(ConfigError, match="architecture=mlp"):
        recipe.build(Spec(shape=vectors.shape))


@pytest.mark.parametrize("switches", SWITCHES)
def test_all_eight_train(bench, switches):
    switched = dict(zip(("all_conv", "no_fc", "batch_norm"), switches, strict=True))
    small = {"name": "cnn", "channels": [6], "discriminator_hidden": [16], **switched}
    b = bench("classic", small, reconstruction_optimizer=Adam(lr=5e-3))
    losses = [b.run(f=b.forward(step))["rec/L_rec"] for step in range(60)]
    assert losses[-1] < 0.7 * losses[0]
