"""Networks of some depth, sharing their blocks with the full ones: single levels, stacks, and what is frozen below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from attrs import frozen
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import Module

from aaecore.architecture import Decoder, Discriminator, Encoder
from gasca.levels import AUTOENCODER, IMAGE_DISCRIMINATOR, LEVEL_HEADS, Level

Networks = Mapping[str, Module]
Growth = Literal["append", "replace", "fresh"]


@frozen(eq=False)
class Tower:
    """The full networks, and their levels."""

    networks: Networks
    levels: tuple[Level, ...]

    def level(self, k: int) -> dict[str, Module]:
        """Autoencoder and discriminator of level k alone, on features of level k - 1 (k = 1: on images)."""
        level = self.levels[k - 1]
        return self._with([level], level, Discriminator(level.features, level.ends.score or nn.Identity()))

    def stack(self, k: int, growth: Growth) -> dict[str, Module]:
        """G_k and D_k on images."""
        below, level = self.levels[:k], self.levels[k - 1]
        score = level.ends.score or nn.Identity()
        if growth == "replace":
            discriminator: Module = Discriminator([AsConstants(self.encoders(k - 1)), *level.features], score)
        else:
            discriminator = Discriminator([block for each in below for block in each.features], score)
        return self._with(below, level, discriminator)

    def encoders(self, k: int) -> list[Module]:
        """xi_k = enc_k o ... o enc_1."""
        return [block for level in self.levels[:k] for block in level.encoder]

    def _with(self, levels: Sequence[Level], last: Level, discriminator: Module) -> dict[str, Module]:
        inward = [block for level in levels for block in level.encoder]
        outward = [block for level in reversed(levels) for block in level.decoder]
        made = {r: n for r, n in self.networks.items() if r not in (*AUTOENCODER, IMAGE_DISCRIMINATOR, LEVEL_HEADS)}
        made |= {
            "encoder": Encoder(inward, dict(last.ends.heads.items())),
            "decoder": Decoder([last.ends.uncode, *outward]),
        }
        return made | ({IMAGE_DISCRIMINATOR: discriminator} if IMAGE_DISCRIMINATOR in self.networks else {})


class AsConstants(nn.Module):
    """Blocks that are somebody else's: gradients pass to the input only, and statistics stay as they are."""

    def __init__(self, blocks: Sequence[Module]) -> None:
        super().__init__()
        self.blocks = tuple(blocks)  # a plain tuple: they are not this module's to move

    def forward(self, v: Tensor) -> Tensor:
        """The last block's features."""
        for block in self.blocks:
            constants = {name: weight.detach() for name, weight in block.named_parameters()}
            statistics = {name: buffer.clone() for name, buffer in block.named_buffers()}  # moved in the copy only
            v = functional_call(block, constants | statistics, (v,))
        return v


@frozen(eq=False)
class Below:
    """Maps a batch to what the frozen levels xi say of it, once, without a graph and in inference mode."""

    xi: Sequence[Module]
    keys: tuple[str, ...]
    """Which of the batch's tensors are mapped."""
    drops: tuple[str, ...] = ()
    """Which are left out."""

    @torch.no_grad()
    def __call__(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """a_k and b_k for x and the target."""
        kept = {k: v for k, v in batch.items() if k not in self.drops}
        return kept | {k: self._encode(kept[k]) for k in self.keys if k in kept}

    def _encode(self, x: Tensor) -> Tensor:
        for block in self.xi:
            x = block.eval()(x)
        return x
