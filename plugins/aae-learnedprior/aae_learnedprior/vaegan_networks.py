"""The networks of Larsen et al. 2016, as in their published code."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from math import ceil
from typing import Any

from attrs import field, frozen
from attrs.validators import and_, deep_iterable, ge, instance_of
from torch import nn

from aae_learnedprior.blocks import Square, need_images
from aaecore.architecture import Architecture, Decoder, Discriminator, Encoder, output_activation
from aaecore.defaults.architectures import MLP
from aaecore.recipe import Recipe
from aaecore.spec import Spec

HALVINGS = 3
SHRINK = 8
"""By how much they shrink an image."""


def _channels(default: tuple[int, ...], count: int) -> tuple[int, ...]:
    """A field of `count` channel numbers."""

    def counted(_instance: Any, attribute: Any, value: tuple[int, ...]) -> None:
        if len(value) != count:
            raise ValueError(f"'{attribute.name}' holds {len(value)} channel numbers, not {count}; give {count}")

    return field(default=default, validator=[deep_iterable(and_(instance_of(int), ge(1))), counted])


@frozen(kw_only=True)
class VAEGANNetworks(Architecture):
    """5 x 5 convolutions that halve images three times, with batch normalisation (defaults: the paper's for 32 x 32).

    encoder_channels: of its three convolutions.
    decoder_channels: of its first features, and of its three transposed convolutions; 256, 256, 128, 32 for 64 x 64.
    discriminator_channels: of its convolution at full size and its three halvings; 32, 128, 256, 256 for 64 x 64.
    encoder_hidden: units of the encoder's fully connected layer.
    discriminator_hidden: units of the discriminator's fully connected layer.
    padding: what images are padded with to a square of a multiple of 8; -1 is black where scaling is symmetric.
    """

    encoder_channels: tuple[int, ...] = _channels((64, 128, 256), HALVINGS)
    decoder_channels: tuple[int, ...] = _channels((256, 192, 128, 32), HALVINGS + 1)
    discriminator_channels: tuple[int, ...] = _channels((32, 128, 192, 256), HALVINGS + 1)
    encoder_hidden: int = field(default=1024, validator=ge(1))
    discriminator_hidden: int = field(default=512, validator=ge(1))
    padding: float = -1.0

    def encoder(self, shape: tuple[int, ...], heads: Mapping[str, int], noise: int = 0) -> Encoder:
        """Three halvings, each with BN and ReLU, FC BN ReLU, then the heads."""
        sizes = [shape[0] + noise, *self.encoder_channels]
        blocks = [nn.Sequential(_down(i, o), nn.BatchNorm2d(o), nn.ReLU()) for i, o in pairwise(sizes)]
        blocks[0].insert(0, self._square(shape))
        blocks.append(_hidden(sizes[-1] * _bottom(shape) ** 2, self.encoder_hidden))
        made = {name: nn.Linear(self.encoder_hidden, width) for name, width in heads.items()}
        return Encoder(blocks, made, noise_as_channels=True)

    def decoder(self, width: int, spec: Spec) -> Decoder:
        """FC BN ReLU to the smallest features, three doublings with BN and ReLU, and a convolution to the image."""
        top, bottom = self.decoder_channels[0], _bottom(spec.shape)
        first = nn.Sequential(
            nn.Linear(width, top * bottom**2, bias=False),
            nn.BatchNorm1d(top * bottom**2),
            nn.ReLU(),
            nn.Unflatten(1, (top, bottom, bottom)),
        )
        inner = [nn.Sequential(_up(i, o), nn.BatchNorm2d(o), nn.ReLU()) for i, o in pairwise(self.decoder_channels)]
        image = nn.Sequential(
            nn.Conv2d(self.decoder_channels[-1], spec.shape[0], 5, 1, 2),
            self._square(spec.shape, inverse=True),
            output_activation(spec.output),
        )
        return Decoder([first, *inner, image])

    def discriminator(self, shape: tuple[int, ...], condition: int = 0) -> Discriminator:
        """Of images: blocks end with the raw output of their convolution, which is what the paper compares."""
        if len(shape) != 3:
            return MLP(activation="leaky-relu").discriminator(shape, condition)
        first, *sizes = self.discriminator_channels
        blocks = [nn.Sequential(self._square(shape), nn.Conv2d(shape[0], first, 5, 1, 2), nn.ReLU())]
        blocks.append(nn.Sequential(_down(first, sizes[0])))
        blocks += [nn.Sequential(nn.BatchNorm2d(i), nn.ReLU(), _down(i, o)) for i, o in pairwise(sizes)]
        last = _hidden(sizes[-1] * _bottom(shape) ** 2, self.discriminator_hidden)
        blocks.append(nn.Sequential(nn.BatchNorm2d(sizes[-1]), nn.ReLU(), *last))
        return Discriminator(blocks, nn.Linear(self.discriminator_hidden + condition, 1), condition_at_head=True)

    def check(self, recipe: Recipe, spec: Spec) -> None:
        """Needs images."""
        need_images(spec)

    def _square(self, shape: tuple[int, ...], *, inverse: bool = False) -> Square:
        return Square(shape, _bottom(shape) * SHRINK, self.padding, inverse=inverse)


def _bottom(shape: tuple[int, ...]) -> int:
    """Height and width of the smallest features."""
    return ceil(max(shape[1:]) / SHRINK)


def _down(i: int, o: int) -> nn.Conv2d:
    return nn.Conv2d(i, o, 5, 2, 2)


def _up(i: int, o: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(i, o, 5, 2, 2, output_padding=1)


def _hidden(i: int, o: int) -> nn.Sequential:
    return nn.Sequential(nn.Flatten(), nn.Linear(i, o, bias=False), nn.BatchNorm1d(o), nn.ReLU())
