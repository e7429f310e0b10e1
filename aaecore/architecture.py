"""What builds the networks, as stacks of blocks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from aaecore.part import Part
from aaecore.spec import Spec


class Architecture(Part):
    """Builds encoders, decoders and discriminators for a data shape."""

    kind: ClassVar[str] = "architecture"

    def encoder(self, shape: tuple[int, ...], heads: Mapping[str, int], noise: int = 0) -> Encoder:
        """Samples (B, *shape), and noise (B, noise) if there is any, to a dict of heads by name, (B, width) each."""
        raise NotImplementedError

    def decoder(self, width: int, spec: Spec) -> nn.Module:
        """Codes with all that is appended to them, (B, width), to samples (B, *spec.shape) in `spec.output`'s range."""
        raise NotImplementedError

    def discriminator(self, shape: tuple[int, ...], condition: int = 0) -> Discriminator:
        """Samples (B, *shape), images or vectors, and a condition (B, condition) if there is one, to scores (B,)."""
        raise NotImplementedError


class Encoder(nn.Module):
    """Blocks, then one head for each thing the encoder says; noise joins at the input, flat or as channels."""

    def __init__(
        self, blocks: Iterable[nn.Module], heads: Mapping[str, nn.Module], *, noise_as_channels: bool = False
    ) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.heads = nn.ModuleDict(heads)
        self.noise_as_channels = noise_as_channels

    def forward(self, x: Tensor, noise: Tensor | None = None) -> dict[str, Tensor]:
        """The heads by name, (B, width) each."""
        if noise is not None and self.noise_as_channels:
            noise = noise[:, :, None, None].expand(-1, -1, *x.shape[2:])
        if noise is not None:
            x = torch.cat([x if self.noise_as_channels else x.flatten(1), noise], dim=1)
        h = self.features(x)
        return {name: head(h) for name, head in self.heads.items()}

    def features(self, x: Tensor) -> Tensor:
        """What the last block says."""
        for block in self.blocks:
            x = block(x)
        return x


class Decoder(nn.Module):
    """Blocks from a code to a sample; the last one ends with the data's range."""

    def __init__(self, blocks: Iterable[nn.Module]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)

    def forward(self, z: Tensor) -> Tensor:
        """A sample for each code."""
        for block in self.blocks:
            z = block(z)
        return z


class Discriminator(nn.Module):
    """Blocks, then a head that scores; a condition joins at the input of vectors, at the head of images."""

    def __init__(self, blocks: Iterable[nn.Module], head: nn.Module, *, condition_at_head: bool = False) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.head = head
        self.condition_at_head = condition_at_head

    def forward(self, v: Tensor, condition: Tensor | None = None) -> Tensor:
        """Logits or raw scores, (B,)."""
        if condition is not None and not self.condition_at_head:
            v = torch.cat([v.flatten(1), condition], dim=1)
        h = self.features(v)
        if condition is not None and self.condition_at_head:
            h = torch.cat([h.flatten(1), condition], dim=1)
        return self.head(h).squeeze(1)  # type: ignore[no-any-return]

    def features(self, v: Tensor, depth: int | None = None) -> Tensor:
        """The feature map after `depth` blocks (all of them, if None)."""
        for block in self.blocks[:depth]:
            v = block(v)
        return v


def output_activation(name: str) -> nn.Module:
    """The decoder's last layer for a data range: sigmoid, tanh or linear."""
    return {"sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "linear": nn.Identity}[name]()
