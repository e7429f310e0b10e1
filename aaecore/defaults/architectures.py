"""Architectures every paper needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from math import prod
from typing import Literal, TypeVar

from attrs import field, frozen
from attrs.validators import deep_iterable, ge, in_, instance_of, optional
from torch import nn

from aaecore.architecture import Architecture, Decoder, Discriminator, Encoder, output_activation
from aaecore.spec import Spec

M = TypeVar("M", bound=nn.Module)

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "leaky-relu": nn.LeakyReLU, "tanh": nn.Tanh}


def hidden_layers(sizes: list[int], activation: nn.Module, batch_norm: bool = False) -> list[nn.Module]:
    """Fully connected layers as blocks, each with its activation."""
    norm: Callable[[int], list[nn.Module]] = (lambda n: [nn.BatchNorm1d(n)]) if batch_norm else (lambda _: [])
    return [nn.Sequential(nn.Linear(i, o), *norm(o), activation) for i, o in pairwise(sizes)]


@frozen(kw_only=True)
class MLP(Architecture):
    """Fully connected networks; the reference of Makhzani et al. 2015 has two layers of 1000 ReLU units.

    hidden: units of each hidden layer; the decoder has them in reverse.
    activation: relu, leaky-relu (slope 0.2) or tanh.
    batch_norm: none, encoder (its hidden layers) or autoencoder (the decoder's too); never the discriminator's.
    batch_norm_heads: whether the encoder's heads end with batch normalisation as well.
    init_std: standard deviation of the initial weights, biases zero; without it PyTorch's default.
    """

    hidden: tuple[int, ...] = field(default=(1000, 1000), validator=deep_iterable([instance_of(int), ge(1)]))
    activation: Literal["relu", "leaky-relu", "tanh"] = field(default="relu", validator=in_(ACTIVATIONS))
    batch_norm: Literal["none", "encoder", "autoencoder"] = field(
        default="none", validator=in_(("none", "encoder", "autoencoder"))
    )
    batch_norm_heads: bool = False
    init_std: float | None = field(default=None, validator=optional(ge(0)))

    def encoder(self, shape: tuple[int, ...], heads: Mapping[str, int], noise: int = 0) -> Encoder:
        """Flattened samples and noise through the hidden layers to the heads."""
        blocks = self._layers([prod(shape) + noise, *self.hidden], self.batch_norm != "none")
        last = [prod(shape) + noise, *self.hidden][-1]
        made = {name: self._head(last, width) for name, width in heads.items()}
        return self._initialised(Encoder([nn.Flatten(), *blocks], made))

    def decoder(self, width: int, spec: Spec) -> nn.Module:
        """Codes through the hidden layers in reverse to samples."""
        sizes = [width, *reversed(self.hidden)]
        out = nn.Sequential(
            nn.Linear(sizes[-1], spec.features), output_activation(spec.output), nn.Unflatten(1, spec.shape)
        )
        return self._initialised(Decoder([*self._layers(sizes, self.batch_norm == "autoencoder"), out]))

    def discriminator(self, shape: tuple[int, ...], condition: int = 0) -> Discriminator:
        """Flattened samples, the condition appended, through the hidden layers to a logit."""
        sizes = [prod(shape) + condition, *self.hidden]
        blocks = [nn.Flatten(), *self._layers(sizes, False)]
        return self._initialised(Discriminator(blocks, nn.Linear(sizes[-1], 1)))

    def _layers(self, sizes: list[int], batch_norm: bool) -> list[nn.Module]:
        activation = nn.LeakyReLU(0.2) if self.activation == "leaky-relu" else ACTIVATIONS[self.activation]()
        return hidden_layers(sizes, activation, batch_norm)

    def _head(self, last: int, width: int) -> nn.Module:
        linear = nn.Linear(last, width)
        return nn.Sequential(linear, nn.BatchNorm1d(width)) if self.batch_norm_heads else linear

    def _initialised(self, network: M) -> M:
        if self.init_std is not None:
            initialise_normal(network, self.init_std)
        return network


def initialise_normal(network: nn.Module, std: float) -> None:
    """Weights of linear and convolution layers from N(0, std^2), their biases zero."""
    for module in network.modules():
        if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.normal_(module.weight, std=std)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
