"""Both papers' networks, on images of any size."""

from itertools import pairwise

import pytest
import torch
from aae_learnedprior.architecture import Residual
from aae_learnedprior.blocks import ResidualBlock, Square
from aae_learnedprior.features import FeatureError
from aae_learnedprior.networks import CodeGenerator
from aae_learnedprior.prior import Learned
from aae_learnedprior.recipe import LearnedPrior
from aae_learnedprior.vaegan import VAEGAN
from aae_learnedprior.vaegan_networks import VAEGANNetworks
from torch import nn

from aaecore.architecture import Architecture
from aaecore.optimizer import Adam
from aaecore.spec import Spec

SMALL: list[Architecture] = [
    Residual(channels=(4, 6), discriminator_channels=(4,), discriminator_hidden=8),
    VAEGANNetworks(
        encoder_channels=(4, 4, 4),
        decoder_channels=(6, 4, 4, 2),
        discriminator_channels=(2, 4, 4, 4),
        encoder_hidden=8,
        discriminator_hidden=8,
    ),
]


@pytest.mark.parametrize("architecture", SMALL)
@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 28, 28), (3, 32, 32), (3, 64, 64), (1, 20, 37)])
def test_images_of_any_size_go_through(architecture: Architecture, shape: tuple[int, ...]) -> None:
    x, spec = torch.zeros(3, *shape), Spec(shape=shape, output="tanh")
    assert architecture.encoder(shape, {"code": 5, "label": 2})(x)["code"].shape == (3, 5)
    assert architecture.decoder(5, spec)(torch.zeros(3, 5)).shape == x.shape
    assert architecture.discriminator(shape)(x).shape == (3,)
    assert architecture.discriminator(shape, 4)(x, torch.zeros(3, 4)).shape == (3,)
    assert architecture.discriminator((5,), 2)(torch.zeros(3, 5), torch.zeros(3, 2)).shape == (3,)


@pytest.mark.parametrize("architecture", SMALL)
def test_noise_enters_the_encoder(architecture: Architecture) -> None:
    encoder = architecture.encoder((1, 28, 28), {"code": 5}, noise=3)
    assert encoder(torch.zeros(2, 1, 28, 28), torch.zeros(2, 3))["code"].shape == (2, 5)


def test_the_residual_networks_are_the_papers_table() -> None:
    encoder = Residual().encoder((3, 32, 32), {"code": 64})
    shapes = []
    x = torch.zeros(2, 3, 32, 32)
    for block in encoder.blocks:
        x = block(x)
        shapes.append(tuple(x.shape[1:]))
    assert shapes == [(64, 32, 32), (128, 16, 16), (256, 8, 8), (512, 4, 4), (512,)]
    decoder = Residual().decoder(64, Spec(shape=(3, 32, 32), output="tanh"))
    sizes = [m.out_channels for m in decoder.modules() if isinstance(m, nn.ConvTranspose2d)]
    sizes += [m.first.out_channels for m in decoder.modules() if isinstance(m, ResidualBlock)]
    assert sizes == [512, 256, 128, 64]
    codes = [m.out_features for m in Residual().discriminator((64,)).modules() if isinstance(m, nn.Linear)]
    assert codes == [1000, 500, 200, 1]


def layers(network: nn.Module, *kinds: type[nn.Module]) -> list[str]:
    """Names and widths of the layers of these kinds, in order."""
    found = [m for m in network.modules() if isinstance(m, kinds)]
    return [f"{type(m).__name__} {getattr(m, 'out_features', getattr(m, 'out_channels', ''))}".strip() for m in found]


def test_heads_discriminators_and_the_code_generator_are_the_papers_table() -> None:
    kinds = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm1d, nn.BatchNorm2d, nn.ReLU, nn.LeakyReLU)
    head = Residual().encoder((3, 32, 32), {"code": 64}).heads["code"]
    assert layers(head, *kinds) == ["Linear 128", "BatchNorm1d", "ReLU", "Linear 64"]
    top = Residual().decoder(64, Spec(shape=(3, 32, 32), output="tanh")).blocks[0]
    assert layers(top, *kinds) == ["ConvTranspose2d 512", "BatchNorm2d", "ReLU"]
    codes = ["Linear 1000", "LeakyReLU", "Linear 500", "LeakyReLU", "Linear 200", "LeakyReLU", "Linear 1"]
    assert layers(Residual().discriminator((64,)), *kinds) == codes
    images = ["Conv2d 64", "LeakyReLU"]
    for width in (128, 256):
        images += [f"Conv2d {width}", "BatchNorm2d", "LeakyReLU"]
    judge = Residual().discriminator((3, 32, 32))
    assert layers(judge, *kinds) == [*images, "Linear 1000", "LeakyReLU", "Linear 1"]
    assert {m.negative_slope for m in judge.modules() if isinstance(m, nn.LeakyReLU)} == {0.2}
    recipe = LearnedPrior(code=64)
    cg = recipe.builders(Spec(shape=(3, 32, 32), output="tanh"))["code_generator"]()
    assert layers(cg, *kinds) == ["Linear 128", "BatchNorm1d", "ReLU", "Linear 64", "BatchNorm1d"]


def table(network: nn.Module) -> list[str]:
    """Every layer with weights or a window, in order: channels in and out, kernel, stride and padding."""
    found = []
    for m in network.modules():
        if isinstance(m, nn.Conv2d | nn.ConvTranspose2d):
            kernel, stride, padding = m.kernel_size[0], m.stride[0], m.padding[0]
            found.append(f"{type(m).__name__} {m.in_channels}>{m.out_channels} {kernel} s{stride} p{padding}")
        elif isinstance(m, nn.AvgPool2d | nn.MaxPool2d):
            found.append(f"{type(m).__name__} {m.kernel_size}")
        elif isinstance(m, nn.Linear):
            found.append(f"Linear {m.in_features}>{m.out_features}")
        elif isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d):
            found.append(f"{type(m).__name__} {m.num_features}")
        elif isinstance(m, ResidualBlock):
            found.append("ResidualBlock")
    return found


def residual(i: int, o: int, stride: int = 1) -> list[str]:
    """A residual block's rows."""
    rows = ["ResidualBlock", f"Conv2d {i}>{o} 3 s{stride} p1", f"Conv2d {o}>{o} 3 s1 p1"]
    return rows if i == o else [*rows, f"Conv2d {i}>{o} 1 s{stride} p0"]


def test_every_convolution_of_the_residual_networks_is_the_tables() -> None:
    encoder = Residual().encoder((3, 32, 32), {"code": 64})
    down = [*residual(64, 64), *residual(64, 128, 2), *residual(128, 256, 2), *residual(256, 512, 2)]
    head = ["Linear 512>128", "BatchNorm1d 128", "Linear 128>64"]
    assert table(encoder) == ["Conv2d 3>64 3 s1 p1", *down, "AvgPool2d 4", *head]
    decoder = Residual().decoder(64, Spec(shape=(3, 32, 32), output="tanh"))
    up = [*residual(512, 256), *residual(256, 128), *residual(128, 64)]
    assert table(decoder) == ["ConvTranspose2d 64>512 4 s1 p0", "BatchNorm2d 512", *up, "Conv2d 64>3 3 s1 p1"]
    judge = Residual().discriminator((3, 32, 32))
    halvings = ["Conv2d 3>64 4 s2 p1", "Conv2d 64>128 4 s2 p1", "BatchNorm2d 128"]
    halvings += ["Conv2d 128>256 4 s2 p1", "BatchNorm2d 256"]
    assert table(judge) == [*halvings, "Linear 4096>1000", "Linear 1000>1"]


def test_every_layer_of_the_vaegan_networks_is_the_published_codes() -> None:
    nets = VAEGANNetworks()
    encoder: list[str] = []
    for i, o in pairwise((3, 64, 128, 256)):
        encoder += [f"Conv2d {i}>{o} 5 s2 p2", f"BatchNorm2d {o}"]
    assert table(nets.encoder((3, 32, 32), {"mu": 256, "sigma": 256})) == [
        *encoder,
        "Linear 4096>1024",
        "BatchNorm1d 1024",
        "Linear 1024>256",
        "Linear 1024>256",
    ]
    decoder = ["Linear 256>4096", "BatchNorm1d 4096"]
    for i, o in pairwise((256, 192, 128, 32)):
        decoder += [f"ConvTranspose2d {i}>{o} 5 s2 p2", f"BatchNorm2d {o}"]
    made = nets.decoder(256, Spec(shape=(3, 32, 32), output="tanh"))
    assert table(made) == [*decoder, "Conv2d 32>3 5 s1 p2"]
    judge = ["Conv2d 3>32 5 s1 p2", "Conv2d 32>128 5 s2 p2", "BatchNorm2d 128", "Conv2d 128>192 5 s2 p2"]
    judge += ["BatchNorm2d 192", "Conv2d 192>256 5 s2 p2", "BatchNorm2d 256"]
    judge += ["Linear 4096>512", "BatchNorm1d 512", "Linear 512>1"]
    assert table(nets.discriminator((3, 32, 32))) == judge


def test_the_recipes_defaults_are_the_sheets() -> None:
    assert LearnedPrior().scaling == VAEGAN().scaling == "symmetric"  # decoders end in tanh, which reaches no further
    assert Residual().padding == VAEGANNetworks().padding == -1  # black
    recipe, prior = LearnedPrior(), Learned()
    optimizers = [recipe.code_discriminator_optimizer, recipe.encoder_optimizer, recipe.decoder_optimizer]
    optimizers += [prior.discriminator_optimizer, prior.generator_optimizer]
    optimizers += [prior.decoder_optimizer, prior.recognizer_optimizer]
    assert set(optimizers) == {Adam(lr=2e-4, beta1=0.5, beta2=0.999)}
    assert prior.share_decoder_optimizer
    assert (recipe.code, recipe.batch, recipe.lambda_enc, recipe.lambda_dec) == (
        8,
        64,
        1,
        20,
    )  # 20 is the reference code's: README
    assert recipe.reconstruction == FeatureError(layer=-1, norm="half-mean")
    assert prior.information == 1


@pytest.mark.parametrize("resized", [{}, {"down": True}, {"up": True}])
def test_a_residual_block_only_adds_to_its_skip(resized: dict[str, bool]) -> None:
    block, x = ResidualBlock(3, 5, **resized), torch.randn(2, 3, 8, 8)
    kept = block.skip(block.resize(x))
    out = block(x)
    with torch.no_grad():
        block.first.weight.copy_(-block.first.weight.abs())  # below zero for images that are not
        block.first.bias.fill_(-1.0)
    hidden = block.second(torch.zeros_like(block.first(block.resize(x.abs())))).relu()
    assert torch.equal(block(x.abs()), (hidden + block.skip(block.resize(x.abs()))).relu())  # the first has its own
    assert (out >= kept).all()  # the second convolution has its ReLU before the sum
    assert (out > kept.relu()).any()
    nn.init.zeros_(block.second.weight)
    nn.init.constant_(block.second.bias, -1.0)
    assert torch.equal(block(x), kept.relu())


def test_a_share_of_the_decoder_leaves_the_other_networks_alone() -> None:
    def weights(network: nn.Module) -> int:
        return sum(p.numel() for p in network.parameters())

    spec, half = Spec(shape=(1, 32, 32), output="tanh"), Residual(decoder_share=0.5)
    assert weights(half.encoder(spec.shape, {"code": 8})) == weights(Residual().encoder(spec.shape, {"code": 8}))
    assert 0.2 < weights(half.decoder(8, spec)) / weights(Residual().decoder(8, spec)) < 0.3


def test_the_vaegan_networks_are_the_papers_for_32_and_64() -> None:
    judge = VAEGANNetworks().discriminator((3, 32, 32))
    assert judge.features(torch.zeros(2, 3, 32, 32), 3).shape == (2, 192, 8, 8)
    large = VAEGANNetworks(decoder_channels=(256, 256, 128, 32), discriminator_channels=(32, 128, 256, 256))
    assert large.discriminator((3, 64, 64)).features(torch.zeros(2, 3, 64, 64), 4).shape == (2, 256, 8, 8)
    assert not isinstance(judge.blocks[2][-1], (nn.ReLU, nn.BatchNorm2d))  # type: ignore[index]


def test_channel_numbers_must_fit() -> None:
    with pytest.raises(ValueError, match="give 4"):
        VAEGANNetworks(decoder_channels=(256, 128))


def test_padding_and_cutting_are_inverse() -> None:
    x = torch.rand(2, 1, 28, 20)
    padded = Square((1, 28, 20), 32, -1.0)(x)
    assert padded.shape == (2, 1, 32, 32)
    assert padded[0, 0, 0, 0] == -1
    assert torch.equal(Square((1, 28, 20), 32, inverse=True)(padded), x)


def test_prior_codes_of_a_batch_have_mean_0_and_deviation_1() -> None:
    z = CodeGenerator(8, 8, 16)(torch.randn(500, 8))
    assert torch.allclose(z.mean(0), torch.zeros(8), atol=1e-5)
    assert torch.allclose(z.std(0), torch.ones(8), atol=1e-2)
