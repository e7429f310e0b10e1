"""The networks for MNIST and for LFW, without batch normalisation anywhere; images of any size."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from math import prod
from typing import Any

from attrs import field, frozen
from attrs.validators import deep_iterable, ge, in_, instance_of, lt, min_len
from torch import nn

from aaecore.architecture import Architecture, Decoder, Discriminator, Encoder, output_activation
from aaecore.errors import ConfigError
from aaecore.nn import Dropout
from aaecore.recipe import Recipe
from aaecore.spec import Spec
from maagma.layers import Crop, double, halve, halved, initialise_xavier

CHANNELS: Any = [min_len(1), deep_iterable([instance_of(int), ge(1)])]


@frozen(kw_only=True)
class CriticNetworks(Architecture):
    """A deconvolutional decoder, a convolutional critic of images, a fully connected critic of codes.

    units: of every fully connected hidden layer.
    decoder_channels: of the decoder's features, from its smallest inward out; each level doubles the size.
    critic_channels: of the image critic's levels; each halves the size.
    kernel: size of the critic's convolutions, and of the encoder's if it has some.
    slope: of the critics' leaky rectifiers.
    critic_dropout: share dropped after the image critic's hidden layer.
    """

    units: int = field(default=1024, validator=ge(1))
    decoder_channels: tuple[int, ...] = field(default=(256, 128), validator=CHANNELS)
    critic_channels: tuple[int, ...] = field(default=(64, 128, 256), validator=CHANNELS)
    kernel: int = field(default=3, validator=in_((3, 5, 7)))
    slope: float = field(default=0.01, validator=[ge(0), lt(1)])
    critic_dropout: float = field(default=0.0, validator=[ge(0), lt(1)])

    def decoder(self, width: int, spec: Spec) -> Decoder:
        """A fully connected layer to the smallest features, then transposed convolutions without bias."""
        channels = self.decoder_channels
        bottom = (channels[0], *halved(spec.shape, len(channels)))
        project = nn.Sequential(nn.Linear(width, prod(bottom)), nn.ReLU(), nn.Unflatten(1, bottom))
        inner = [nn.Sequential(double(i, o), nn.ReLU()) for i, o in pairwise(channels)]
        to_image = (double(channels[-1], spec.shape[0]), Crop(*spec.shape[1:]), output_activation(spec.output))
        network = Decoder([project, *inner, nn.Sequential(*to_image)])
        initialise_xavier(network)
        return network

    def discriminator(self, shape: tuple[int, ...], condition: int = 0) -> Discriminator:
        """Of images by convolutions, the condition joining after them; of codes fully connected."""
        made = self._image_critic if len(shape) == 3 else self._code_critic
        network = made(shape, condition)
        initialise_xavier(network)
        return network

    def check(self, recipe: Recipe, spec: Spec) -> None:
        """Needs images."""
        if not spec.is_image:
            said = f"these networks need images, the data are vectors of {spec.features}; set architecture=mlp"
            raise ConfigError("recipe.architecture", said)

    def _image_critic(self, shape: tuple[int, ...], condition: int) -> Discriminator:
        sizes = (shape[0], *self.critic_channels)
        levels = [nn.Sequential(halve(i, o, self.kernel), nn.LeakyReLU(self.slope)) for i, o in pairwise(sizes)]
        features = sizes[-1] * prod(halved(shape, len(self.critic_channels)))
        hidden = [nn.Linear(features + condition, self.units), nn.LeakyReLU(self.slope)]
        drop = [Dropout(self.critic_dropout)] if self.critic_dropout else []
        head = nn.Sequential(nn.Flatten(), *hidden, *drop, nn.Linear(self.units, 1))
        return Discriminator(levels, head, condition_at_head=True)

    def _code_critic(self, shape: tuple[int, ...], condition: int) -> Discriminator:
        sizes = (prod(shape) + condition, self.units, self.units)
        layers = [nn.Sequential(nn.Linear(i, o), nn.LeakyReLU(self.slope)) for i, o in pairwise(sizes)]
        return Discriminator([nn.Flatten(), *layers], nn.Linear(self.units, 1))


@frozen(kw_only=True)
class MNISTNetworks(CriticNetworks):
    """The networks for MNIST: a fully connected encoder, a decoder by deconvolutions, critics of images and codes."""

    def encoder(self, shape: tuple[int, ...], heads: Mapping[str, int], noise: int = 0) -> Encoder:
        """Flattened samples and noise through two hidden layers."""
        sizes = (prod(shape) + noise, self.units, self.units)
        layers = [nn.Sequential(nn.Linear(i, o), nn.ReLU()) for i, o in pairwise(sizes)]
        return _encoder([nn.Flatten(), *layers], heads, self.units)


@frozen(kw_only=True)
class LFWNetworks(CriticNetworks):
    """The networks for LFW: a convolutional encoder with pooling, a decoder by deconvolutions, 5 x 5 critics.

    encoder_channels: of the encoder's levels; each halves the size twice, by its stride and by pooling.
    """

    decoder_channels: tuple[int, ...] = field(default=(512, 256, 128), validator=CHANNELS)
    kernel: int = field(default=5, validator=in_((3, 5, 7)))
    encoder_channels: tuple[int, ...] = field(default=(128, 128), validator=CHANNELS)

    def encoder(self, shape: tuple[int, ...], heads: Mapping[str, int], noise: int = 0) -> Encoder:
        """Convolutions and a hidden layer; noise enters as constant channels."""
        sizes = (shape[0] + noise, *self.encoder_channels)
        pool = nn.MaxPool2d(2, ceil_mode=True)
        levels = [nn.Sequential(halve(i, o, self.kernel), nn.ReLU(), pool) for i, o in pairwise(sizes)]
        features = sizes[-1] * prod(halved(shape, 2 * len(self.encoder_channels)))
        hidden = nn.Sequential(nn.Flatten(), nn.Linear(features, self.units), nn.ReLU())
        return _encoder([*levels, hidden], heads, self.units, noise_as_channels=True)


def _encoder(
    blocks: list[nn.Module], heads: Mapping[str, int], units: int, *, noise_as_channels: bool = False
) -> Encoder:
    made = {name: nn.Linear(units, width) for name, width in heads.items()}
    network = Encoder(blocks, made, noise_as_channels=noise_as_channels)
    initialise_xavier(network)
    return network
