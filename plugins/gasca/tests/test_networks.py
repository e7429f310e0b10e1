"""Shapes of levels and stacks, and the layers of the extended papers (checks 1 and 4)."""

import pytest
import torch
from attrs import evolve
from gasca import StackedNetworks
from gasca.layers import BoundedRectifier, Crop, GlobalConv2d, Pad, SymmetricConv2d
from gasca.levels import levels_of
from gasca.recipe import Gasca
from gasca.stacks import Tower
from torch import nn

from aaecore.spec import Spec
from aaecore.unused import unused_settings

OPTIONS = [
    {},
    {"pooling": "stride"},
    {"activation": "bounded"},
    {"symmetric": True},
    {"mix_global": True},
    {"symmetric": True, "mix_global": True, "init": "pytorch"},
    {"symmetric": True, "pooling": "stride"},
    {"symmetric": True, "mix_global": True, "pooling": "stride"},
]


@pytest.fixture
def tower(untrained, tiny, digits):
    networks = untrained(tiny(), digits).networks
    return Tower(networks, levels_of(networks, shapes_codes=False))


def through(networks, x):
    return networks["decoder"](networks["encoder"](x)["code"])


@pytest.mark.parametrize(("k", "shape"), [(1, (1, 8, 8)), (2, (4, 4, 4)), (3, (6, 2, 2))])
def test_level_k_maps_features_of_level_k_minus_1_to_themselves(tower, digits, k, shape):
    a = digits.x.take(range(3))
    for block in tower.encoders(k - 1):
        a = block(a)
    level = tower.level(k)
    assert a.shape == through(level, a).shape == (3, *shape)
    assert level["image_discriminator"](a).shape == (3,)


@pytest.mark.parametrize("growth", ["append", "replace", "fresh"])
@pytest.mark.parametrize("k", [1, 2, 3])
def test_every_stack_maps_images_to_images_and_scores(tower, digits, k, growth):
    x = digits.x.take(range(3))
    stack = tower.stack(k, growth)
    assert through(stack, x).shape == x.shape
    assert stack["image_discriminator"](x).shape == (3,)


def test_generator_and_discriminator_grow_by_one_level_a_stage(tower):
    stacks = [tower.stack(k, "append") for k in (1, 2, 3)]
    assert [len(s["image_discriminator"].blocks) for s in stacks] == [1, 2, 3]
    assert [len(s["encoder"].blocks) + bool(list(s["encoder"].heads.parameters())) for s in stacks] == [1, 2, 3]
    assert stacks[2]["encoder"].state_dict().keys() == tower.networks["encoder"].state_dict().keys()


def test_inserting_a_convolutional_identity_changes_nothing(tower, digits):
    x = digits.x.take(range(3))
    before = through(tower.stack(1, "append"), x)
    level = tower.levels[1]
    identity = evolve(level, encoder=[nn.Identity()], decoder=[nn.Identity()], ends=tower.levels[0].ends)
    grown = Tower(tower.networks, (tower.levels[0], identity, tower.levels[2]))
    assert torch.equal(through(grown.stack(2, "append"), x), before)


def test_inserting_an_identity_changes_nothing(tower, digits):
    x = digits.x.take(range(3))
    before = through(tower.stack(2, "append"), x)
    code = tower.levels[2]
    code.ends.heads["code"] = nn.Flatten()
    tower.networks["decoder"].blocks[0] = code.ends.uncode = nn.Unflatten(1, (6, 2, 2))
    assert torch.equal(through(tower.stack(3, "append"), x), before)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 28, 20), (1, 5, 5)])
def test_networks_fit_images_of_any_size(options, shape):
    networks = StackedNetworks(channels=(4, 6, 8), **options)
    x = torch.rand(2, *shape)
    for width in (0, 7):
        code = networks.encoder(shape, {"code": width})(x)["code"]
        assert code.shape == (2, width or networks.features(shape))
        y = networks.decoder(width, Spec(shape=shape))(code)
        assert y.shape == x.shape
        assert 0 <= y.min() <= y.max() <= 1
    assert networks.discriminator(shape)(x).shape == (2,)
    assert networks.discriminator(shape, 3)(x, torch.ones(2, 3)).shape == (2,)


def kinds(network):
    return {type(m) for m in network.modules() if not list(m.children())}


def slopes(network):
    return {m.negative_slope for m in network.modules() if isinstance(m, nn.LeakyReLU)}


def test_the_reference_networks_are_the_sheets():
    networks, spec = StackedNetworks(), Spec(shape=(1, 32, 32))
    encoder, decoder = networks.encoder((1, 32, 32), {"code": 64}), networks.decoder(64, spec)
    assert sum(p.numel() for p in encoder.parameters()) == 88_896
    assert [len([m for m in block.modules() if isinstance(m, nn.Conv2d)]) for block in decoder.blocks] == [0, 1, 1, 1]
    assert slopes(encoder) == slopes(decoder) == {0.1}
    assert isinstance(decoder.blocks[0][-1], nn.LeakyReLU)  # features of the level below are rectified as well
    assert [type(block[-1]) for block in decoder.blocks] == [*[nn.LeakyReLU] * 3, nn.Sigmoid]
    assert [m.kernel_size for m in encoder.modules() if isinstance(m, nn.MaxPool2d)] == [2] * 3
    assert [(m.scale_factor, m.mode) for m in decoder.modules() if isinstance(m, nn.Upsample)] == [(2, "nearest")] * 3
    judge = networks.discriminator((1, 32, 32))
    assert slopes(judge) == {0.2}
    assert not any("Norm" in kind.__name__ for network in (encoder, decoder, judge) for kind in kinds(network))


@pytest.mark.parametrize(
    ("options", "layer"),
    [
        ({"symmetric": True}, SymmetricConv2d),
        ({"mix_global": True}, GlobalConv2d),
        ({"activation": "bounded"}, BoundedRectifier),
    ],
)
def test_an_option_puts_its_layers_into_encoder_and_decoder(options, layer):
    for chosen, there in ((options, True), ({}, False)):
        networks = StackedNetworks(**chosen)
        built = networks.encoder((1, 8, 8), {"code": 3}), networks.decoder(3, Spec(shape=(1, 8, 8)))
        assert all(any(isinstance(m, layer) for m in network.modules()) == there for network in built)


@pytest.mark.parametrize("batch_norm", [True, False])
def test_batch_normalisation_stands_between_each_convolution_and_its_rectifier(batch_norm):
    networks, shape = StackedNetworks(batch_norm=batch_norm), (1, 32, 32)
    built = [
        networks.encoder(shape, {"code": 8}),
        networks.decoder(8, Spec(shape=shape)),
        networks.discriminator(shape),
    ]
    orders = [[m for m in network.modules() if not list(m.children())] for network in built]
    for layers in orders:
        rectified = [
            (one, other)
            for one, other, third in zip(layers, layers[1:], layers[2:], strict=False)
            if isinstance(one, nn.Conv2d) and isinstance(other if not batch_norm else third, nn.LeakyReLU)
        ]
        assert len(rectified) == sum(isinstance(m, nn.Conv2d) for m in layers) - (layers is orders[1])
        assert all(isinstance(other, nn.BatchNorm2d) == batch_norm for _, other in rectified)


def spread(weight, slope):
    """The deviation of weights, as a multiple of He's for a leaky rectifier of this slope."""
    fan_in = weight[0].numel()
    return (weight.std() / (2 / (1 + slope**2) / fan_in) ** 0.5).item()


def test_all_weights_have_the_deviation_of_their_own_rectifiers(untrained, tiny, digits):
    wide = StackedNetworks(channels=(128, 128), discriminator_hidden=256)
    networks = untrained(tiny(architecture=wide, code=128), digits).networks
    for role, slope in (("encoder", 0.1), ("decoder", 0.1), ("image_discriminator", 0.2)):
        layers = [
            m for m in networks[role].modules() if isinstance(m, nn.Conv2d | nn.Linear) and m.weight.numel() > 9000
        ]
        assert layers
        assert all(spread(m.weight, slope) == pytest.approx(1, rel=0.012) for m in layers)
        assert not any(m.bias.any() for m in layers)


@pytest.mark.parametrize(("init", "zero"), [("kaiming", True), ("pytorch", False)])
def test_the_initial_weights_of_every_head_are_as_chosen(untrained, tiny, digits, init, zero):
    architecture = StackedNetworks(channels=(4, 6), discriminator_hidden=8, init=init)
    networks = untrained(tiny(architecture=architecture), digits).networks
    for level in levels_of(networks, shapes_codes=False):
        biases = [m.bias for m in level.ends.score.modules() if isinstance(m, nn.Linear)]
        assert all((not bias.any()) == zero for bias in biases)
    assert all((not m.bias.any()) == zero for m in networks["encoder"].modules() if isinstance(m, nn.Conv2d))


def test_noise_enters_the_encoder_as_channels():
    encoder = StackedNetworks(channels=(4,)).encoder((1, 8, 8), {"code": 3}, noise=2)
    assert encoder(torch.rand(2, 1, 8, 8), torch.rand(2, 2))["code"].shape == (2, 3)


def test_a_symmetric_convolution_commutes_with_mirroring():
    convolution = SymmetricConv2d(2, 3)
    x = torch.rand(4, 2, 6, 6)
    assert torch.allclose(convolution(x.flip(-1)), convolution(x).flip(-1), atol=1e-6)
    plain = nn.Conv2d(2, 3, 3)
    assert 3 * convolution.columns.numel() == 2 * plain.weight.numel()


def test_both_initialisations_give_symmetric_and_plain_convolutions_the_same_variance():
    for init in ("kaiming", "pytorch"):
        spreads = []
        for symmetric in (False, True):
            networks = StackedNetworks(channels=(256,), symmetric=symmetric, init=init)
            convolution = networks.encoder((32, 16, 16), {"code": 0}).blocks[0][1]
            spreads.append(convolution(torch.randn(8, 32, 16, 16)).std().item())
        assert spreads[1] == pytest.approx(spreads[0], rel=0.1)


def test_a_bounded_rectifier_is_bounded_on_both_sides():
    assert BoundedRectifier(-0.5, 2.0)(torch.tensor([-3.0, 1.0, 3.0])).tolist() == [-0.5, 1.0, 2.0]
    with pytest.raises(ValueError, match=r"'upper' must be above lower=1, not 0\.5"):
        StackedNetworks(activation="bounded", lower=1.0, upper=0.5)


def test_a_global_convolution_sees_the_whole_image_everywhere():
    convolution = GlobalConv2d(nn.Conv2d(1, 2, 3, padding=1), 1, 2)
    x = torch.zeros(1, 1, 9, 9)
    far = x.clone()
    far[..., -1, -1] = 1
    assert (convolution(x) - convolution(far))[0, :, 0, 0].abs().min() > 0


@pytest.mark.parametrize("shape", [(1, 28, 28), (2, 5, 7), (1, 8, 16)])
def test_padding_is_undone_by_cropping(shape):
    x = torch.rand(2, *shape)
    padded = Pad(shape, 8)(x)
    assert all(side % 8 == 0 for side in padded.shape[2:])
    assert torch.equal(Crop(shape, 8)(padded), x)


@pytest.mark.parametrize(
    ("changed", "adversary", "named"),
    [
        ({"discriminator_hidden": 3}, 0.1, []),
        ({"discriminator_hidden": 3}, 0.0, ["architecture.discriminator_hidden"]),
        ({"upper": 3.0}, 0.1, ["architecture.upper"]),
        ({"upper": 3.0, "activation": "bounded"}, 0.1, []),
    ],
)
def test_settings_of_another_rectifier_or_of_no_discriminator_are_remarked(changed, adversary, named):
    recipe = Gasca(architecture=StackedNetworks(**changed), adv_weight=adversary)
    assert unused_settings(recipe, Spec((1, 16, 16))) == named
