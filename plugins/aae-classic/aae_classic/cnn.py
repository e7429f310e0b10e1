"""Convolutional encoder and decoder with the report's three switches (Patni, section VIII)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from attrs import field, frozen
from attrs.validators import deep_iterable, ge, instance_of, min_len
from torch import nn

from aae_classic.geometry import BOTTOM, Crop, Pad, channels_for, levels_for
from aaecore.architecture import Architecture, Decoder, Discriminator, Encoder, output_activation
from aaecore.defaults.architectures import MLP
from aaecore.errors import ConfigError
from aaecore.recipe import Recipe
from aaecore.spec import Spec


@frozen(kw_only=True)
class CNN(Architecture):
    """Convolutions that halve images to 4 x 4 and back; the discriminator of codes stays fully connected.

    channels: of the levels from the image inward; further levels double the last.
    all_conv: resample by strided (transposed) convolutions; otherwise max-pool, nearest upsampling, 3 x 3 convolutions.
    no_fc: code by a 4 x 4 convolution instead of a fully connected layer, likewise in the decoder.
    batch_norm: normalise after every convolution but the code layer and the image layer.
    discriminator_hidden: units of the hidden layers of discriminators.
    """

    channels: tuple[int, ...] = field(
        default=(64, 128, 256), validator=[min_len(1), deep_iterable([instance_of(int), ge(1)])]
    )
    all_conv: bool = True
    no_fc: bool = True
    batch_norm: bool = True
    discriminator_hidden: tuple[int, ...] = field(default=(1000, 1000), validator=deep_iterable(ge(1)))

    def encoder(self, shape: tuple[int, ...], heads: Mapping[str, int], noise: int = 0) -> Encoder:
        """A level per halving, then the heads on 4 x 4 features; noise enters as constant channels."""
        sizes = [shape[0] + noise, *self._channels(shape)]
        blocks = [nn.Sequential(*self._down(i, o)) for i, o in pairwise(sizes)]
        blocks[0].insert(0, Pad(shape))
        made = {name: self._code_layer(sizes[-1], width) for name, width in heads.items()}
        return Encoder(blocks, made, noise_as_channels=True)

    def decoder(self, width: int, spec: Spec) -> Decoder:
        """From a code to 4 x 4 features, then a level per doubling."""
        sizes = [*reversed(self._channels(spec.shape)), spec.shape[0]]
        bias = not self.batch_norm
        inner = [nn.Sequential(*self._up(i, o, bias), *self._norm(o), nn.ReLU()) for i, o in pairwise(sizes[:-1])]
        image = nn.Sequential(*self._up(sizes[-2], sizes[-1], True), Crop(spec.shape), output_activation(spec.output))
        return Decoder([self._uncode_layer(width, sizes[0]), *inner, image])

    def discriminator(self, shape: tuple[int, ...], condition: int = 0) -> Discriminator:
        """Fully connected, without normalisation."""
        return MLP(hidden=self.discriminator_hidden).discriminator(shape, condition)

    def check(self, recipe: Recipe, spec: Spec) -> None:
        """Needs images."""
        need_images(spec)

    def _channels(self, shape: tuple[int, ...]) -> list[int]:
        return channels_for(self.channels, levels_for(shape))

    def _norm(self, channels: int) -> list[nn.Module]:
        return [nn.BatchNorm2d(channels)] if self.batch_norm else []

    def _down(self, i: int, o: int) -> list[nn.Module]:
        bias = not self.batch_norm
        if self.all_conv:
            return [nn.Conv2d(i, o, 4, 2, 1, bias=bias), *self._norm(o), nn.LeakyReLU(0.2)]
        return [nn.Conv2d(i, o, 3, 1, 1, bias=bias), *self._norm(o), nn.LeakyReLU(0.2), nn.MaxPool2d(2)]

    def _up(self, i: int, o: int, bias: bool) -> list[nn.Module]:
        if self.all_conv:
            return [nn.ConvTranspose2d(i, o, 4, 2, 1, bias=bias)]
        return [nn.Upsample(scale_factor=2), nn.Conv2d(i, o, 3, 1, 1, bias=bias)]

    def _code_layer(self, channels: int, width: int) -> nn.Module:
        if self.no_fc:
            return nn.Sequential(nn.Conv2d(channels, width, BOTTOM), nn.Flatten())
        return nn.Sequential(nn.Flatten(), nn.Linear(channels * BOTTOM**2, width))

    def _uncode_layer(self, width: int, channels: int) -> nn.Module:
        if self.no_fc:
            layers = [
                nn.Unflatten(1, (width, 1, 1)),
                nn.ConvTranspose2d(width, channels, BOTTOM, bias=not self.batch_norm),
            ]
        else:
            layers = [nn.Linear(width, channels * BOTTOM**2), nn.Unflatten(1, (channels, BOTTOM, BOTTOM))]
        return nn.Sequential(*layers, *self._norm(channels), nn.ReLU())


def need_images(spec: Spec) -> None:
    """Refuse plain vectors."""
    if not spec.is_image:
        raise ConfigError(
            "recipe.architecture",
            f"convolutions need images, the data are vectors of {spec.features}; set architecture=mlp",
        )
