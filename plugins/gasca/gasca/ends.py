"""The heads of stacks that are not yet full, made to fit the shapes that networks on no device show."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import torch
from attrs import frozen
from torch import Tensor, nn
from torch.nn import Module

from aaecore.adversary import told
from aaecore.architecture import Discriminator
from aaecore.errors import ConfigError
from aaecore.part import parts_of
from aaecore.recipe import Recipe
from aaecore.spec import Spec
from aaecore.stacking import Stacking
from gasca.levels import AUTOENCODER, IMAGE_DISCRIMINATOR, Ends, autoencoder_of, groups, has_code_level
from gasca.networks import DISCRIMINATOR_SLOPE, StackedNetworks

PATH = "recipe.stacking"


@frozen
class Shapes:
    """What the levels' features look like."""

    levels: int
    """m."""
    features: tuple[tuple[int, ...], ...]
    """h_0 (a sample) to h_n, n the number of the encoder's blocks, without the batch's axis."""
    scored: tuple[int, ...] | None
    """How many numbers f_k says of one h_(k-1), for k from 1 to m - 1; None without a discriminator of images."""


def shapes_of(recipe: Recipe, spec: Spec) -> Shapes:
    """The shapes of a recipe's levels; raises `ConfigError` where it cannot be trained level by level."""
    if recipe.encoder_noise:
        problem = "feeds levels with features, and this posterior's noise enters beside the image"
        raise ConfigError(PATH, f"{problem}; set posterior=gaussian or deterministic, or stacking=single")
    if told(IMAGE_DISCRIMINATOR, recipe.own_phases(spec)) is not None:
        problem = "scores levels by their features alone, and this discriminator of images is told labels as well"
        networks_too = "" if isinstance(recipe.architecture, StackedNetworks) else " and architecture=gasca"
        raise ConfigError(PATH, f"{problem}; set conditional=false{networks_too}, or stacking=single")
    networks, remedy = _networks_without_weights(recipe, spec), _remedy(recipe, spec)
    encoder, decoder = autoencoder_of(networks)
    downs, ups = groups(encoder.blocks), list(reversed(decoder.blocks[1:]))
    if not downs or len(downs) != len(ups):
        problem = f"needs a block of the decoder for each of the encoder; there are {len(ups)} for {len(downs)}"
        raise ConfigError(PATH, f"{problem}; {remedy}")
    features = [torch.zeros(2, *spec.shape, device="meta")]
    for blocks in downs:
        features.append(_through(blocks, features[-1], "the encoder", remedy))
    for k, up in enumerate(ups):
        _check_mirrored(k, _through([up], features[k + 1], "the decoder", remedy), features[k], remedy)
    levels = len(downs) + has_code_level(encoder, recipe.shapes_codes)
    judge = networks.get(IMAGE_DISCRIMINATOR)
    scored = None if judge is None else _scored(judge, features, levels, remedy)
    return Shapes(levels, tuple(tuple(h.shape[1:]) for h in features), scored)


def build_ends(recipe: Recipe, spec: Spec, shapes: Shapes) -> nn.ModuleList:
    """What closes the stack on levels 1 to m - 1; frozen until a stage moves it."""
    made = [_initialised(recipe, _ends(recipe, spec, shapes, k)) for k in range(1, shapes.levels)]
    return nn.ModuleList(made).requires_grad_(False)


def _initialised(recipe: Recipe, ends: Ends) -> Ends:
    """As the networks' own ends are, where these are ours."""
    if isinstance(recipe.architecture, StackedNetworks):
        recipe.architecture.initialised(ends)
        if ends.score is not None:
            recipe.architecture.initialised(ends.score, DISCRIMINATOR_SLOPE)
    return ends


def _ends(recipe: Recipe, spec: Spec, shapes: Shapes, k: int) -> Ends:
    shape = shapes.features[k]
    score = nn.Sequential(nn.Flatten(), nn.Linear(shapes.scored[k - 1], 1)) if shapes.scored else None
    if not recipe.shapes_codes:
        return Ends({"code": nn.Flatten()}, nn.Unflatten(1, shape), score)
    heads = {n: nn.Sequential(nn.Flatten(), nn.Linear(prod(shape), w)) for n, w in recipe.heads(spec).items()}
    back = nn.Sequential(nn.Linear(recipe.decoder_width(spec), prod(shape)), nn.Unflatten(1, shape))
    return Ends(heads, back, score)


def _networks_without_weights(recipe: Recipe, spec: Spec) -> dict[str, Module]:
    builders = dict(recipe.own_networks(spec))
    for part in parts_of(recipe):
        if not isinstance(part, Stacking):  # which would ask for the shapes again
            builders = {**part.networks(recipe, spec), **builders}
    with torch.device("meta"):
        return {r: build() for r, build in builders.items() if r in (*AUTOENCODER, IMAGE_DISCRIMINATOR)}


def _remedy(recipe: Recipe, spec: Spec) -> str:
    """What would work in place of networks that do not."""
    if isinstance(recipe.architecture, StackedNetworks):
        return "set architecture.discriminator_hidden=64, or stacking=single"
    return "set architecture=gasca, or stacking=single" if spec.is_image else "set stacking=single"


def _scored(network: Module, features: Sequence[Tensor], levels: int, remedy: str) -> tuple[int, ...]:
    blocks = groups(network.blocks) if isinstance(network, Discriminator) else []
    if len(blocks) < levels:
        problem = f"needs a discriminator of images with a block for each of the {levels} levels, not {len(blocks)}"
        raise ConfigError(PATH, f"{problem}; {remedy}")
    assert isinstance(network, Discriminator)
    stack = [block for group in blocks for block in group]
    _through([*stack, network.head], features[0], "the discriminator of images", remedy)
    rest = [block for group in blocks[levels - 1 :] for block in group]
    _through([*rest, network.head], features[levels - 1], "the discriminator's last level", remedy)
    names = [f"level {k + 1} of the discriminator" for k in range(levels - 1)]
    said = [_through(blocks[k], features[k], name, remedy) for k, name in enumerate(names)]
    return tuple(prod(v.shape[1:]) for v in said)


def _check_mirrored(k: int, made: Tensor, wanted: Tensor, remedy: str) -> None:
    if made.shape != wanted.shape:
        problem = f"level {k + 1} of the decoder makes {tuple(made.shape[1:])} of what was {tuple(wanted.shape[1:])}"
        raise ConfigError(PATH, f"{problem}; {remedy}")


def _through(blocks: Sequence[Module], v: Tensor, what: str, remedy: str) -> Tensor:
    try:
        for block in blocks:
            v = block(v)
    except (RuntimeError, ValueError) as e:
        problem = f"{what} cannot take features of shape {tuple(v.shape[1:])}"
        raise ConfigError(PATH, f"{problem}; {remedy}") from e
    return v
