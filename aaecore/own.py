"""A user's own networks in the place of those a recipe would build."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import Module
from torch.nn.parameter import is_lazy

from aaecore.adversary import games
from aaecore.errors import AAEError
from aaecore.modes import inference
from aaecore.randomness import Draw

if TYPE_CHECKING:
    from aaecore.phase import Phase
    from aaecore.recipe import Recipe
    from aaecore.spec import Spec

ROWS = 2
"""Samples that networks are tried on."""
Builders = Mapping[str, Callable[[], Module]]


def check_own(recipe: Recipe, spec: Spec, own: Mapping[str, Module], builders: Builders) -> None:
    """Refuse a user's own network that does not take or give what the recipe needs.

    Copies are tried, in training mode as they will be trained, so that the networks stay as they are.
    """
    for role, network in own.items():
        if not isinstance(network, Module):
            raise AAEError(f"the network {role!r} is {type(network).__name__}, not a torch.nn.Module; wrap it in one")
        if any(p.is_meta for p in network.parameters()):
            raise AAEError(f"your own {role} is on the meta device, without numbers; build it on the CPU")
    if not own:
        return
    with torch.random.fork_rng(devices=[]), inference(own.values()):
        tried = {role: _copied(network) for role, network in own.items()}
        with inference(tried.values()):
            _check_ends(recipe, spec, tried)
        for role, network in tried.items():
            network.train(network is not own[role])
        _rehearse(recipe, spec, tried, builders)


def _check_ends(recipe: Recipe, spec: Spec, own: Mapping[str, Module]) -> None:
    """Encoder and decoder, alone."""
    sample, noise = torch.zeros(ROWS, *spec.shape), torch.zeros(ROWS, recipe.encoder_noise)
    if "encoder" in own:
        given = (sample, noise) if recipe.encoder_noise else (sample,)
        _check_heads(recipe.heads(spec), _tried("encoder", own["encoder"], given))
    if "decoder" in own:
        found = _tried("decoder", own["decoder"], (torch.zeros(ROWS, recipe.decoder_width(spec)),))
        _check_shape("decoder", found, spec.shape)


def _rehearse(recipe: Recipe, spec: Spec, own: Mapping[str, Module], builders: Builders) -> None:
    """Refuse a network with which no phase can be computed that can be with the recipe's."""
    try:
        built = {role: build() for role, build in builders.items()}
        phases = recipe.all_phases(spec)
        _compute(recipe, spec, deepcopy(built), phases)
    except Exception:
        return  # what cannot be built or computed anyway is no fault of the own network, and is said elsewhere
    judges = {game.network for game, _ in games(phases)}
    problem = _problem(recipe, spec, built, own, phases, judges)
    if problem is None:
        return
    alone = ((role, _problem(recipe, spec, built, {role: own[role]}, phases, judges)) for role in own)
    found = next((((role,), p) for role, p in alone if p is not None), None)
    blamed, problem = found or (tuple(own), problem)  # several may go wrong together only
    classes = ", ".join(type(built[role]).__name__ for role in blamed)
    said = f"phase {problem.phase!r} cannot compute {problem.term!r} with your own {' and '.join(blamed)}"
    raise AAEError(f"{said}: {_reason(problem)}; take and give what the recipe's own does ({classes})")


def _problem(
    recipe: Recipe,
    spec: Spec,
    built: Mapping[str, Module],
    own: Mapping[str, Module],
    phases: Sequence[Phase],
    judges: Collection[str],
) -> _Failed | None:
    """Why phases cannot be computed with own networks; raises `AAEError` if a discriminator does not score."""
    device = _device(next(iter(own.values())))
    networks = {role: deepcopy(network).to(device) for role, network in built.items()} | dict(own)
    try:
        with ExitStack() as watching:
            for role in judges & own.keys():
                watching.enter_context(_scoring(role, own[role]))
            _compute(recipe, spec, networks, phases)
    except _Failed as e:
        return e
    return None


def _copied(network: Module) -> Module:
    """A copy; the network itself where the first samples give its parameters their shapes, or it cannot be copied."""
    if any(map(is_lazy, network.parameters())):
        return network
    try:
        return deepcopy(network)
    except Exception:
        return network


class _Failed(Exception):  # noqa: N818 - it never leaves this module
    """A term that could not be computed."""

    def __init__(self, phase: str, term: str, reason: Exception) -> None:
        super().__init__(str(reason) or type(reason).__name__)
        self.phase, self.term = phase, term


def _compute(recipe: Recipe, spec: Spec, networks: Mapping[str, Module], phases: Sequence[Phase]) -> None:
    """All that phases minimise, and the slopes by which they move, once, of random samples."""
    device = _device(next(iter(networks.values())))
    draw = Draw(0, 0, device=device)
    batch = _batch(recipe, spec, draw.purpose("rehearsal"))
    f = recipe.forward(recipe, spec, networks, batch, draw)
    with torch.enable_grad():
        for phase in phases:
            f.begin(phase.moves)
            moved = [p for role in phase.moves for p in networks[role].parameters() if p.requires_grad]
            reached = not moved
            for name, term in phase.terms.items():
                try:
                    loss = term.loss(f)
                    if moved and loss.requires_grad:
                        slopes = torch.autograd.grad(loss, moved, allow_unused=True, retain_graph=True)
                        reached = reached or any(slope is not None for slope in slopes)
                except AAEError:
                    raise
                except Exception as e:
                    raise _Failed(phase.name, name, e) from e
            if not reached:
                reason = RuntimeError(f"no gradient reaches {' or '.join(phase.moves)}; detach nothing")
                raise _Failed(phase.name, name, reason)
            f.end()


def _batch(recipe: Recipe, spec: Spec, draw: Draw) -> dict[str, Tensor]:
    """A batch as the loader would give it."""
    batch = {"x": draw.uniform(ROWS, *spec.shape)}
    if spec.classes:
        batch["y"] = draw.integers(spec.classes, ROWS)
    if spec.condition:
        batch["condition"] = draw.normal(ROWS, spec.condition)
    if recipe.labelled_per_step():
        batch |= {"x_labelled": batch["x"], "y_labelled": batch["y"]}
    return batch


@contextmanager
def _scoring(role: str, network: Module) -> Iterator[None]:
    """Demand one score for each sample of a discriminator meanwhile."""
    hook = network.register_forward_hook(lambda _, given, found: _check_shape(role, found, (), len(given[0])))
    try:
        yield
    finally:
        hook.remove()


def _check_heads(heads: Mapping[str, int], found: object) -> None:
    said = found if isinstance(found, Mapping) else {"code": found}
    for name, width in heads.items():
        if name not in said:
            raise AAEError(f"your own encoder must say {', '.join(heads)}; return a dict of tensors by these names")
        _check_shape("encoder" if len(heads) == 1 else f"encoder's head {name!r}", said[name], (width,))


def _check_shape(what: str, found: object, wanted: tuple[int, ...], rows: int = ROWS) -> None:
    got = _shape(found.shape, rows) if isinstance(found, Tensor) else type(found).__name__
    if got != (needed := _shape((rows, *wanted), rows)):
        raise AAEError(f"your own {what} must give {needed} here, not {got}")


def _shape(shape: Sequence[int], rows: int) -> str:
    """A shape in words, with B for the samples' axis."""
    axes = [*("B" if n == rows else str(n) for n in shape[:1]), *map(str, shape[1:])]
    return f"({', '.join(axes)}{',' * (len(axes) == 1)})"


def _tried(role: str, network: Module, given: tuple[Tensor, ...]) -> object:
    """What a network says of some samples."""
    device = _device(network)
    try:
        with torch.no_grad():
            return network(*(t.to(device) for t in given))
    except Exception as e:
        shapes = " and ".join(str(tuple(t.shape)) for t in given)
        raise AAEError(f"your own {role} does not take {shapes}: {_reason(e)}") from e


def _device(network: Module) -> torch.device:
    """Where a network is; that of one without parameters is the CPU."""
    return next((p.device for p in network.parameters()), torch.device("cpu"))


def _reason(e: Exception) -> str:
    return (" ".join(str(e).split()) or type(e).__name__)[:200]
