"""The networks are the sheet's tables, and take other sizes too (check 8)."""

import pytest
import torch
from maagma.networks import LFWNetworks, MNISTNetworks
from torch import nn

from aaecore import compose
from aaecore.errors import ConfigError
from aaecore.nn import Dropout
from aaecore.spec import Spec

MNIST = Spec((1, 28, 28), classes=10)
LFW = Spec((1, 32, 32), output="tanh")


def count(network):
    return sum(p.numel() for p in network.parameters())


def test_the_networks_for_mnist_have_the_parameters_of_the_table():
    built = compose("maagma-code").build(MNIST)
    assert {role: count(net) for role, net in built.items()} == {
        "encoder": 1_863_690,
        "decoder": 559_488,
        "code_discriminator": 1_072_129,
        "image_discriminator": 4_576_257,
    }
    assert count(compose("maagma").build(MNIST)["code_discriminator"]) == 1_061_889


def test_the_networks_for_lfw_have_the_parameters_of_the_table():
    assert {role: count(net) for role, net in compose("maagma-lfw").build(LFW).items()} == {
        "encoder": 948_618,
        "decoder": 1_565_824,
        "code_discriminator": 1_061_889,
        "image_discriminator": 5_222_401,
    }


@pytest.mark.parametrize(("networks", "spec"), [(MNISTNetworks, MNIST), (LFWNetworks, LFW)])
def test_the_nonlinearities_are_those_of_the_table(networks, spec):
    made = networks()
    plain = (nn.ReLU, nn.LeakyReLU, nn.Tanh, nn.Sigmoid)

    def kinds(network):
        return {type(m) for m in network.modules() if isinstance(m, plain)}

    assert kinds(made.encoder(spec.shape, {"code": 10})) == {nn.ReLU}
    assert kinds(made.decoder(10, spec)) == {nn.ReLU, nn.Tanh if spec.output == "tanh" else nn.Sigmoid}
    for critic in (made.discriminator(spec.shape), made.discriminator((10,))):
        assert kinds(critic) == {nn.LeakyReLU}
        assert {m.negative_slope for m in critic.modules() if isinstance(m, nn.LeakyReLU)} == {0.01}


def sizes(network, x):
    """Heights of the feature maps that a network's convolutions and pools make."""
    found = []
    kinds = (nn.Conv2d, nn.ConvTranspose2d, nn.MaxPool2d)
    for module in network.modules():
        if isinstance(module, kinds):
            module.register_forward_hook(lambda _m, _i, o: found.append(tuple(o.shape[1:3])))
    out = network(x)
    return found, out


def test_feature_maps_for_mnist_are_those_of_the_table():
    built = compose("maagma", conditional=False).build(MNIST)
    assert sizes(built["decoder"], torch.randn(2, 10))[0] == [(128, 14), (1, 28)]
    assert sizes(built["image_discriminator"], torch.rand(2, 1, 28, 28))[0] == [(64, 14), (128, 7), (256, 4)]


def test_feature_maps_for_lfw_are_those_of_the_table():
    built = compose("maagma-lfw").build(LFW)
    found, said = sizes(built["encoder"], torch.rand(2, 1, 32, 32))
    assert found == [(128, 16), (128, 8), (128, 4), (128, 2)]
    assert said["code"].shape == (2, 10)
    found, image = sizes(built["decoder"], torch.randn(2, 10))
    assert found == [(256, 8), (128, 16), (1, 32)]
    assert image.shape == (2, 1, 32, 32)
    assert sizes(built["image_discriminator"], torch.rand(2, 1, 32, 32))[0] == [(64, 16), (128, 8), (256, 4)]
    linears = [m for m in built["encoder"].modules() if isinstance(m, nn.Linear)]
    assert [(m.in_features, m.out_features) for m in linears] == [(512, 1024), (1024, 10)]
    assert linears_of(built["image_discriminator"]) == [(4096, 1024), (1024, 1)]


def linears_of(network):
    return [(m.in_features, m.out_features) for m in network.modules() if isinstance(m, nn.Linear)]


@pytest.mark.parametrize("networks", [MNISTNetworks, LFWNetworks])
def test_nothing_normalises_over_the_batch_and_transposed_convolutions_have_no_bias(networks):
    made = networks()
    critics = [made.discriminator(shape, condition) for shape in ((1, 28, 28), (10,)) for condition in (0, 10)]
    for network in (made.encoder((1, 28, 28), {"code": 10}), made.decoder(10, MNIST), *critics):
        kinds = {type(m).__name__ for m in network.modules()}
        assert not any("Norm" in kind for kind in kinds)
        assert all(m.bias is None for m in network.modules() if isinstance(m, nn.ConvTranspose2d))


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 17, 23), (1, 28, 28), (2, 64, 48)])
@pytest.mark.parametrize("networks", [MNISTNetworks, LFWNetworks])
def test_images_of_any_size_and_number_of_channels_will_do(networks, shape):
    made, spec, x = networks(units=8), Spec(shape), torch.rand(2, *shape)
    assert made.encoder(shape, {"code": 5, "label": 3}, 2)(x, torch.randn(2, 2))["label"].shape == (2, 3)
    assert made.decoder(5, spec)(torch.randn(2, 5)).shape == x.shape
    assert made.discriminator(shape, 4)(x, torch.randn(2, 4)).shape == (2,)


def test_the_label_joins_the_image_critic_after_its_convolutions():
    critic = MNISTNetworks().discriminator((1, 28, 28), 10)
    assert linears_of(critic) == [(4106, 1024), (1024, 1)]


@pytest.mark.parametrize("critic_dropout", [0.0, 0.5])
def test_the_image_critic_has_dropout_if_wanted(critic_dropout):
    critic = MNISTNetworks(critic_dropout=critic_dropout).discriminator((1, 28, 28))
    assert [m.p for m in critic.modules() if isinstance(m, Dropout)] == [0.5] * bool(critic_dropout)


@pytest.mark.parametrize(("networks", "spec"), [(MNISTNetworks, MNIST), (LFWNetworks, LFW)])
def test_weights_are_xaviers_and_biases_zero_in_every_network(networks, spec):
    made = networks()
    critics = (made.discriminator(spec.shape), made.discriminator((10,)))
    for network in (made.encoder(spec.shape, {"code": 10}), made.decoder(10, spec), *critics):
        for m in network.modules():
            if isinstance(m, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
                fan_in, fan_out = nn.init._calculate_fan_in_and_fan_out(m.weight)
                bound = (6 / (fan_in + fan_out)) ** 0.5
                assert 0.9 * bound < m.weight.abs().max() <= bound
                assert m.bias is None or not m.bias.any()


@pytest.mark.parametrize("name", ["maagma-mnist", "maagma-lfw"])
def test_plain_vectors_are_refused_with_what_would_work(name):
    with pytest.raises(ConfigError, match="architecture=mlp"):
        compose("maagma", conditional=False, architecture=name).build(Spec((5,)))


@pytest.mark.parametrize("name", ["maagma", "maagma-code", "maagma-lfw", "maagma-aae", "maagma-lfw-aae"])
def test_plain_vectors_train_fully_connected(name):
    recipe = compose(name, architecture={"name": "mlp", "hidden": [8]}, conditional=False)
    spec = Spec((5,), classes=3, output="linear")
    assert recipe.build(spec)["decoder"](torch.randn(2, 10)).shape == (2, 5)
