import pytest
import torch

from aaecore.architecture import output_activation
from aaecore.defaults.architectures import MLP
from aaecore.spec import Spec

SHAPES = [(1, 4, 4), (3, 5, 4), (7,)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("batch_norm", ["none", "encoder", "autoencoder"])
def test_networks_fit_the_data(shape, batch_norm):
    mlp, x = MLP(hidden=(6, 5), batch_norm=batch_norm), torch.rand(3, *shape)
    heads = mlp.encoder(shape, {"code": 4, "label": 2}, noise=3)(x, torch.randn(3, 3))
    assert {name: tuple(h.shape) for name, h in heads.items()} == {"code": (3, 4), "label": (3, 2)}
    assert mlp.decoder(4, Spec(shape=shape))(heads["code"]).shape == x.shape
    assert mlp.discriminator(shape)(x).shape == (3,)
    assert mlp.discriminator(shape, condition=2)(x, torch.rand(3, 2)).shape == (3,)


@pytest.mark.parametrize(("output", "low", "high"), [("sigmoid", 0, 1), ("tanh", -1, 1)])
def test_the_decoder_ends_in_the_datas_range(output, low, high):
    out = output_activation(output)(100 * torch.randn(1000))
    assert out.min() == pytest.approx(low)
    assert out.max() == pytest.approx(high)


def test_a_linear_output_is_unbounded():
    assert torch.equal(output_activation("linear")(torch.tensor([9.0])), torch.tensor([9.0]))


def test_the_discriminator_never_normalises_over_the_batch():
    found = MLP(batch_norm="autoencoder", hidden=(6,)).discriminator((4,))
    assert not any(isinstance(m, torch.nn.BatchNorm1d) for m in found.modules())


def test_heads_are_normalised_only_where_asked():
    def normalised(asked):
        encoder = MLP(hidden=(6,), batch_norm_heads=asked).encoder((4,), {"code": 2})
        return any(isinstance(m, torch.nn.BatchNorm1d) for m in encoder.heads.modules())

    assert normalised(True)
    assert not normalised(False)


def test_initial_weights_have_the_deviation_asked_for_and_no_bias():
    encoder = MLP(hidden=(200, 200), init_std=0.01).encoder((100,), {"code": 2})
    linear = encoder.blocks[1][0]
    assert linear.weight.std().item() == pytest.approx(0.01, rel=0.05)
    assert not linear.bias.any()


def test_features_stop_at_a_depth():
    mlp, x = MLP(hidden=(6, 5)), torch.rand(2, 4)
    discriminator = mlp.discriminator((4,))
    assert discriminator.features(x, 1).shape == (2, 4)  # flattening is the first block
    assert discriminator.features(x, 2).shape == (2, 6)
    assert discriminator.features(x).shape == (2, 5)


def test_no_hidden_layer_is_a_linear_network():
    assert MLP(hidden=()).encoder((4,), {"code": 2})(torch.rand(3, 4))["code"].shape == (3, 2)


def test_a_layer_without_units_is_refused():
    with pytest.raises(ValueError, match="hidden"):
        MLP(hidden=(6, 0))
