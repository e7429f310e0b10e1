"""An autoencoder and its discriminator of images, cut into levels: what greedy training trains one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from attrs import frozen
from torch import nn
from torch.nn import Module

from aaecore.architecture import Decoder, Discriminator, Encoder
from aaecore.errors import ConfigError

AUTOENCODER = ("encoder", "decoder")
IMAGE_DISCRIMINATOR = "image_discriminator"
LEVEL_HEADS = "level_heads"
"""Role of the heads that only a stack which is not yet full has."""


class Ends(nn.Module):
    """What closes a stack at some depth: to the code, back from it, and to the discriminator's score."""

    def __init__(self, heads: Mapping[str, Module], uncode: Module, score: Module | None) -> None:
        super().__init__()
        self.heads = nn.ModuleDict(heads)
        self.uncode = uncode
        self.score = score


@frozen(eq=False)
class Level:
    """enc_k, dec_k and f_k, and what closes the stack on level k."""

    encoder: Sequence[Module]
    decoder: Sequence[Module]
    features: Sequence[Module]
    ends: Ends


def levels_of(networks: Mapping[str, Module], *, shapes_codes: bool) -> tuple[Level, ...]:
    """The levels, from the image inward, of networks that `check_levels` has passed.

    A code that no prior shapes has a level of its own, if anything is learnt between it and the last block's
    features; one that a prior shapes closes the stack at every depth.
    """
    encoder, decoder = autoencoder_of(networks)
    downs, ups = groups(encoder.blocks), list(reversed(decoder.blocks[1:]))
    own = has_code_level(encoder, shapes_codes)
    features, score = _discriminator(networks, len(downs) + own)
    real = Ends(dict(encoder.heads.items()), decoder.blocks[0], score)
    ends = [*_ends_between(networks), real]
    encoders: list[Sequence[Module]] = [*downs, *([()] if own else [])]
    decoders: list[Sequence[Module]] = [*([up] for up in ups), *([()] if own else [])]
    depths = [len(parts) for parts in (encoders, decoders, features, ends)]
    if len(set(depths)) > 1:
        counted = "encoder {}, decoder {}, discriminator of images {}, heads {}".format(*depths)
        problem = f"trains level by level, and these networks have different numbers of levels ({counted})"
        raise ConfigError("recipe.stacking", f"{problem}; give networks with as many blocks, or set stacking=single")
    return tuple(Level(*parts) for parts in zip(encoders, decoders, features, ends, strict=True))


def autoencoder_of(networks: Mapping[str, Module]) -> tuple[Encoder, Decoder]:
    """Encoder and decoder made of blocks; raises `ConfigError` if they are not."""
    encoder, decoder = networks.get("encoder"), networks.get("decoder")
    if not isinstance(encoder, Encoder) or not isinstance(decoder, Decoder):
        problem = (
            "trains level by level, and needs an encoder and a decoder that are stacks of blocks (aaecore.architecture)"
        )
        raise ConfigError("recipe.stacking", f"{problem}; set stacking=single, or another architecture")
    return encoder, decoder


def discriminating(networks: Mapping[str, Module]) -> list[Module]:
    """The discriminator of images and its heads at lower depths, if there are any."""
    scores = [end.score for end in _ends_between(networks)]
    return [m for m in (networks.get(IMAGE_DISCRIMINATOR), *scores) if m is not None]


def has_code_level(encoder: Encoder, shapes_codes: bool) -> bool:
    """Whether the step from the last block's features to the code is a level."""
    return not shapes_codes and has_parameters(encoder.heads)


def groups(blocks: Iterable[Module]) -> list[list[Module]]:
    """Blocks with something to learn, each with the blocks before it that have not (a flattening, say)."""
    found: list[list[Module]] = []
    waiting: list[Module] = []
    for block in blocks:
        waiting.append(block)
        if has_parameters(block):
            found.append(waiting)
            waiting = []
    if found:
        found[-1] += waiting
    return found


def has_parameters(module: Module) -> bool:
    """Whether there is anything to learn in it."""
    return next(module.parameters(), None) is not None


def _discriminator(networks: Mapping[str, Module], depth: int) -> tuple[list[list[Module]], Module | None]:
    """f_1 to f_m, the last with all that remains, and the real head."""
    network = networks.get(IMAGE_DISCRIMINATOR)
    if network is None:
        return [[] for _ in range(depth)], None
    if not isinstance(network, Discriminator):
        problem = "trains level by level, and needs a discriminator of images that is a stack of blocks"
        raise ConfigError("recipe.stacking", f"{problem} (aaecore.architecture.Discriminator); or set stacking=single")
    found = groups(network.blocks)
    rest = [block for group in found[depth - 1 :] for block in group]
    return [*found[: depth - 1], rest], network.head


def _ends_between(networks: Mapping[str, Module]) -> list[Ends]:
    given = networks.get(LEVEL_HEADS, nn.ModuleList())
    ends = [e for e in given if isinstance(e, Ends)] if isinstance(given, nn.ModuleList) else []
    if not isinstance(given, nn.ModuleList) or len(ends) != len(given):
        raise ConfigError(
            "recipe.stacking", f"your own {LEVEL_HEADS} are not a ModuleList of gasca's Ends; leave them out"
        )
    return ends
