"""The stacked convolutional autoencoder's networks: a level halves the image, its mirror doubles it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Literal, TypeVar

from attrs import Attribute, field, frozen
from attrs.validators import deep_iterable, ge, in_, instance_of, min_len
from torch import nn

from aaecore.architecture import Architecture, Decoder, Discriminator, Encoder, output_activation
from aaecore.defaults.architectures import MLP
from aaecore.errors import ConfigError
from aaecore.recipe import Recipe
from aaecore.spec import Spec
from gasca.layers import KERNEL, BoundedRectifier, Crop, GlobalConv2d, Pad, SymmetricConv2d, initialise_kaiming, padded
from gasca.levels import IMAGE_DISCRIMINATOR

SLOPE, DISCRIMINATOR_SLOPE = 0.1, 0.2
M = TypeVar("M", bound=nn.Module)


@frozen(kw_only=True)
class StackedNetworks(Architecture):
    """Levels of one 3 x 3 convolution each, mirrored in the decoder, repeated in the discriminator of images.

    channels: of each level, from the image inward.
    activation: leaky-relu (slope 0.1), or bounded, min(max(v, lower), upper).
    lower: lower bound of the bounded rectifier.
    upper: upper bound of the bounded rectifier.
    pooling: max (after the convolution) or stride (of the convolution).
    symmetric: kernels are their own mirror images, left to right.
    mix_global: every convolution also sees the whole image's mean.
    batch_norm: between every convolution and its rectifier, batch normalisation.
    discriminator_hidden: units of the fully connected level of the discriminator of images; 0 for none.
    init: weights kaiming (He et al. 2015, biases zero) or pytorch (its default).
    """

    channels: tuple[int, ...] = field(
        default=(16, 32, 64), validator=[min_len(1), deep_iterable([instance_of(int), ge(1)])]
    )
    activation: Literal["leaky-relu", "bounded"] = field(default="leaky-relu", validator=in_(("leaky-relu", "bounded")))
    lower: float = 0.0
    upper: float = field(default=1.0)
    pooling: Literal["max", "stride"] = field(default="max", validator=in_(("max", "stride")))
    symmetric: bool = False
    mix_global: bool = False
    batch_norm: bool = False
    discriminator_hidden: int = field(default=64, validator=ge(0))
    init: Literal["kaiming", "pytorch"] = field(default="kaiming", validator=in_(("kaiming", "pytorch")))

    @upper.validator
    def _above(self, attribute: Attribute[float], value: float) -> None:
        if value <= self.lower:
            raise ValueError(f"'{attribute.name}' must be above lower={self.lower:g}, not {value:g}")

    def encoder(self, shape: tuple[int, ...], heads: Mapping[str, int], noise: int = 0) -> Encoder:
        """Levels, then the heads on their features; a head of width 0 is the features themselves, flat."""
        sizes = [shape[0] + noise, *self.channels]
        blocks = [nn.Sequential(*self._down(i, o), self._rectifier(), *self._pool()) for i, o in pairwise(sizes)]
        blocks[0].insert(0, Pad(shape, self._multiple))
        made = {name: self._head(shape, width) for name, width in heads.items()}
        return self.initialised(Encoder(blocks, made, noise_as_channels=True))

    def decoder(self, width: int, spec: Spec) -> Decoder:
        """From a code, or from flat features if `width` is 0, up the levels to an image."""
        sizes = [*reversed(self.channels), spec.shape[0]]
        inner = [nn.Sequential(*self._up(i, o), *self._norm(o), self._rectifier()) for i, o in pairwise(sizes[:-1])]
        crop = Crop(spec.shape, self._multiple)
        image = nn.Sequential(*self._up(sizes[-2], sizes[-1]), crop, output_activation(spec.output))
        return self.initialised(Decoder([self._uncode(spec.shape, width), *inner, image]))

    def discriminator(self, shape: tuple[int, ...], condition: int = 0) -> Discriminator:
        """Of images: the encoder's levels with a slope of 0.2, a fully connected one, a logit; of vectors: the MLP."""
        if len(shape) != 3:
            return MLP(activation="leaky-relu").discriminator(shape, condition)
        blocks = [
            nn.Sequential(*self._down(i, o), nn.LeakyReLU(DISCRIMINATOR_SLOPE), *self._pool())
            for i, o in pairwise([shape[0], *self.channels])
        ]
        blocks[0].insert(0, Pad(shape, self._multiple))
        width = self.features(shape)
        if self.discriminator_hidden:
            dense = nn.Linear(width, self.discriminator_hidden)
            blocks.append(nn.Sequential(nn.Flatten(), dense, nn.LeakyReLU(DISCRIMINATOR_SLOPE)))
            width = self.discriminator_hidden
        head = nn.Sequential(nn.Flatten(), nn.Linear(width + condition, 1))
        return self.initialised(Discriminator(blocks, head, condition_at_head=True), DISCRIMINATOR_SLOPE)

    def feature_shape(self, shape: tuple[int, ...]) -> tuple[int, int, int]:
        """What the last level says of an image, (C, H, W)."""
        rows, columns = (padded(side, self._multiple) // self._multiple for side in shape[1:])
        return self.channels[-1], rows, columns

    def features(self, shape: tuple[int, ...]) -> int:
        """How many numbers that is."""
        channels, rows, columns = self.feature_shape(shape)
        return channels * rows * columns

    def without_effect(self, recipe: Recipe, spec: Spec) -> Sequence[str]:
        """The bounds of another rectifier, and units of a discriminator of images that is not there."""
        bounds = () if self.activation == "bounded" else ("lower", "upper")
        return bounds if IMAGE_DISCRIMINATOR in recipe.builders(spec) else (*bounds, "discriminator_hidden")

    def check(self, recipe: Recipe, spec: Spec) -> None:
        """Needs images."""
        if not spec.is_image:
            problem = f"convolutions need images, the data are vectors of {spec.features}; set architecture=mlp"
            raise ConfigError("recipe.architecture", problem)

    @property
    def _multiple(self) -> int:
        return 1 << len(self.channels)

    def _convolution(self, i: int, o: int, stride: int = 1) -> nn.Module:
        plain = nn.Conv2d(i, o, KERNEL, stride, KERNEL // 2)
        local = SymmetricConv2d(i, o, stride) if self.symmetric else plain
        return GlobalConv2d(local, i, o) if self.mix_global else local

    def _down(self, i: int, o: int) -> list[nn.Module]:
        return [self._convolution(i, o, 1 if self.pooling == "max" else 2), *self._norm(o)]

    def _norm(self, channels: int) -> list[nn.Module]:
        return [nn.BatchNorm2d(channels)] if self.batch_norm else []

    def _pool(self) -> list[nn.Module]:
        return [nn.MaxPool2d(2)] if self.pooling == "max" else []

    def _up(self, i: int, o: int) -> list[nn.Module]:
        return [nn.Upsample(scale_factor=2), self._convolution(i, o)]

    def _rectifier(self) -> nn.Module:
        return nn.LeakyReLU(SLOPE) if self.activation == "leaky-relu" else BoundedRectifier(self.lower, self.upper)

    def _head(self, shape: tuple[int, ...], width: int) -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(self.features(shape), width)) if width else nn.Flatten()

    def _uncode(self, shape: tuple[int, ...], width: int) -> nn.Module:
        unflatten = nn.Unflatten(1, self.feature_shape(shape))
        if not width:
            return unflatten
        return nn.Sequential(nn.Linear(width, self.features(shape)), unflatten, self._rectifier())

    def initialised(self, network: M, slope: float = SLOPE) -> M:
        """The network with weights as `init` says, for leaky rectifiers of this slope."""
        if self.init == "kaiming":
            initialise_kaiming(network, slope)
        return network
