"""The paper's fully connected networks, with batch normalisation or with equalized layers."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from math import prod

from attrs import field, frozen
from attrs.validators import deep_iterable, ge, instance_of, lt, min_len
from torch import nn

from aaecore.architecture import Architecture, Decoder, Discriminator, Encoder, output_activation
from aaecore.nn import Dropout
from aaecore.spec import Spec
from iaae.equal import EqualLinear

SLOPE = 0.2
"""Of the leaky rectifiers, everywhere."""


@frozen(kw_only=True)
class FlatMLP(Architecture):
    """Fully connected networks, also for images; the discriminator has dropout.

    hidden: units of the encoder's hidden layers; the decoder has them in reverse.
    discriminator_hidden: units of the discriminators' hidden layers.
    dropout: share dropped after each of them; 0 for none.
    """

    hidden: tuple[int, ...] = field(default=(128, 64), validator=[min_len(1), deep_iterable([instance_of(int), ge(1)])])
    discriminator_hidden: tuple[int, ...] = field(
        default=(64, 128, 128, 64), validator=[min_len(1), deep_iterable([instance_of(int), ge(1)])]
    )
    dropout: float = field(default=0.3, validator=[ge(0), lt(1)])

    def linear(self, inputs: int, outputs: int) -> nn.Module:
        """A linear layer of encoder or decoder."""
        raise NotImplementedError

    def norm(self, units: int) -> list[nn.Module]:
        """What follows the last hidden layer of encoder and decoder."""
        raise NotImplementedError

    def encoder(self, shape: tuple[int, ...], heads: Mapping[str, int], noise: int = 0) -> Encoder:
        """Flattened samples and noise through the hidden layers to the heads."""
        blocks = [nn.Flatten(), *self._layers([prod(shape) + noise, *self.hidden])]
        return Encoder(blocks, {name: self.linear(self.hidden[-1], width) for name, width in heads.items()})

    def decoder(self, width: int, spec: Spec) -> Decoder:
        """Codes through the hidden layers in reverse to samples."""
        blocks = self._layers([width, *reversed(self.hidden)])
        out = self.linear(self.hidden[0], spec.features)
        return Decoder([*blocks, nn.Sequential(out, output_activation(spec.output), nn.Unflatten(1, spec.shape))])

    def discriminator(self, shape: tuple[int, ...], condition: int = 0) -> Discriminator:
        """Flattened samples, the condition appended, to a logit; plain linear layers whatever the others are."""
        sizes = [prod(shape) + condition, *self.discriminator_hidden]
        blocks = [nn.Sequential(nn.Linear(i, o), nn.LeakyReLU(SLOPE), *self._drop()) for i, o in pairwise(sizes)]
        return Discriminator([nn.Flatten(), *blocks], nn.Linear(sizes[-1], 1))

    def _drop(self) -> list[nn.Module]:
        return [Dropout(self.dropout)] if self.dropout else []

    def _layers(self, sizes: list[int]) -> list[nn.Module]:
        layers = [nn.Sequential(self.linear(i, o), nn.LeakyReLU(SLOPE)) for i, o in pairwise(sizes)]
        layers[-1] = nn.Sequential(layers[-1][0], *self.norm(sizes[-1]), layers[-1][1])
        return list(layers)


@frozen(kw_only=True)
class NormalizedMLP(FlatMLP):
    """The baseline's networks: batch normalisation after the last hidden layer of encoder and decoder.

    batch_norm: whether there is any.
    """

    batch_norm: bool = True

    def linear(self, inputs: int, outputs: int) -> nn.Module:
        """PyTorch's layer and initialisation."""
        return nn.Linear(inputs, outputs)

    def norm(self, units: int) -> list[nn.Module]:
        """Batch normalisation, if wanted."""
        return [nn.BatchNorm1d(units)] if self.batch_norm else []


@frozen(kw_only=True)
class EqualizedMLP(FlatMLP):
    """Equalized linear layers in encoder and decoder instead of batch normalisation; plain discriminators.

    scale_bias: multiply biases by gamma as weights are (the paper), or not (the authors' code).
    """

    scale_bias: bool = True

    def linear(self, inputs: int, outputs: int) -> nn.Module:
        """y = x (gamma A)^T + gamma b."""
        return EqualLinear(inputs, outputs, scale_bias=self.scale_bias)

    def norm(self, units: int) -> list[nn.Module]:
        """Nothing."""
        return []
