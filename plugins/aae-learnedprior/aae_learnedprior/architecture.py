"""The networks of Wang et al. 2019."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from math import ceil, log2
from typing import Any

from attrs import field, frozen
from attrs.validators import and_, deep_iterable, ge, gt, instance_of, min_len
from torch import nn

from aae_learnedprior.blocks import ResidualBlock, Square, need_images
from aaecore.architecture import Architecture, Decoder, Discriminator, Encoder, output_activation
from aaecore.recipe import Recipe
from aaecore.spec import Spec

BOTTOM = 4
"""Height and width of the last feature map."""

_CHANNELS: Any = and_(min_len(1), deep_iterable(and_(instance_of(int), ge(1))))


@frozen(kw_only=True)
class Residual(Architecture):
    """Residual encoder and decoder, strided convolutions to judge images, fully connected layers to judge codes.

    channels: of the encoder, first at full size, then after each halving; further levels double the last.
    decoder_share: share of these channels that the decoder has, in reverse.
    discriminator_channels: of the image discriminator, after each halving.
    discriminator_hidden: units of the image discriminator's fully connected layer.
    code_discriminator_hidden: units of the hidden layers that judge codes.
    slope: of the discriminators' leaky ReLUs.
    padding: what images are padded with to a square of 4 times a power of two; -1 is black where scaling is symmetric.
    """

    channels: tuple[int, ...] = field(default=(64, 128, 256, 512), validator=_CHANNELS)
    decoder_share: float = field(default=1.0, validator=gt(0))
    discriminator_channels: tuple[int, ...] = field(default=(64, 128, 256), validator=_CHANNELS)
    discriminator_hidden: int = field(default=1000, validator=ge(1))
    code_discriminator_hidden: tuple[int, ...] = field(default=(1000, 500, 200), validator=_CHANNELS)
    slope: float = field(default=0.2, validator=ge(0))
    padding: float = -1.0

    def encoder(self, shape: tuple[int, ...], heads: Mapping[str, int], noise: int = 0) -> Encoder:
        """conv3x3, a residual block, a halving residual block per level, average pool; heads FC 2n BN ReLU FC n."""
        stem, *sizes = _extended(self.channels, _levels(shape) + 1)
        first = nn.Sequential(
            self._square(shape), nn.Conv2d(shape[0] + noise, stem, 3, 1, 1), nn.ReLU(), ResidualBlock(stem, stem)
        )
        down = [ResidualBlock(i, o, down=True) for i, o in pairwise([stem, *sizes])]
        pool = nn.Sequential(nn.AvgPool2d(BOTTOM), nn.Flatten())
        made = {name: _head(sizes[-1], width) for name, width in heads.items()}
        return Encoder([first, *down, pool], made, noise_as_channels=True)

    def decoder(self, width: int, spec: Spec) -> Decoder:
        """upconv4x4 BN ReLU, a doubling residual block per level, conv3x3."""
        sizes = [max(1, round(self.decoder_share * c)) for c in self.channels]
        top, *up = reversed(_extended(sizes, _levels(spec.shape) + 1))
        first = nn.Sequential(
            nn.Unflatten(1, (width, 1, 1)),
            nn.ConvTranspose2d(width, top, BOTTOM, bias=False),
            nn.BatchNorm2d(top),
            nn.ReLU(),
        )
        image = nn.Sequential(
            nn.Conv2d(up[-1], spec.shape[0], 3, 1, 1),
            self._square(spec.shape, inverse=True),
            output_activation(spec.output),
        )
        return Decoder([first, *(ResidualBlock(i, o, up=True) for i, o in pairwise([top, *up])), image])

    def discriminator(self, shape: tuple[int, ...], condition: int = 0) -> Discriminator:
        """Of images: conv4x4 s2 per level, FC, FC; of codes: fully connected."""
        if len(shape) != 3:
            return self._code_discriminator(shape[0] + condition)
        sizes = [shape[0], *_extended(self.discriminator_channels, _levels(shape))]
        convolutions = [self._halving(i, o, norm=i != shape[0]) for i, o in pairwise(sizes)]
        convolutions[0].insert(0, self._square(shape))
        hidden = self.discriminator_hidden
        last = nn.Sequential(nn.Flatten(), nn.Linear(sizes[-1] * BOTTOM**2, hidden), nn.LeakyReLU(self.slope))
        return Discriminator([*convolutions, last], nn.Linear(hidden + condition, 1), condition_at_head=True)

    def check(self, recipe: Recipe, spec: Spec) -> None:
        """Needs images."""
        need_images(spec)

    def _halving(self, i: int, o: int, *, norm: bool) -> nn.Sequential:
        layers = [nn.Conv2d(i, o, 4, 2, 1), *([nn.BatchNorm2d(o)] if norm else []), nn.LeakyReLU(self.slope)]
        return nn.Sequential(*layers)

    def _code_discriminator(self, width: int) -> Discriminator:
        sizes = [width, *self.code_discriminator_hidden]
        blocks = [nn.Sequential(nn.Linear(i, o), nn.LeakyReLU(self.slope)) for i, o in pairwise(sizes)]
        return Discriminator(blocks, nn.Linear(sizes[-1], 1))

    def _square(self, shape: tuple[int, ...], *, inverse: bool = False) -> Square:
        return Square(shape, BOTTOM * 2 ** _levels(shape), self.padding, inverse=inverse)


def _head(features: int, width: int) -> nn.Module:
    return nn.Sequential(
        nn.Linear(features, 2 * width, bias=False), nn.BatchNorm1d(2 * width), nn.ReLU(), nn.Linear(2 * width, width)
    )


def _levels(shape: tuple[int, ...]) -> int:
    """How often an image (C, H, W), padded to a square, halves before it is 4 x 4; at least once."""
    return max(1, ceil(log2(max(shape[1:]) / BOTTOM)))


def _extended(channels: tuple[int, ...] | list[int], levels: int) -> list[int]:
    """The first `levels` channel numbers; beyond those given each doubles the last."""
    found = list(channels)
    while len(found) < levels:
        found.append(2 * found[-1])
    return found[:levels]
