"""Greedy layer-wise training (Bengio et al. 2006), and gradually fine-tuned (GANGGLW, Algorithm 1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from functools import partial
from typing import Literal

from attrs import evolve, field, frozen
from attrs.validators import ge, gt, in_, optional
from torch import Tensor
from torch.nn import Module

from aaecore.errors import ConfigError
from aaecore.part import path_of
from aaecore.phase import Phase
from aaecore.recipe import Recipe
from aaecore.spec import Spec
from aaecore.stacking import Stacking, Stage
from gasca.budget import share
from gasca.ends import PATH, Shapes, build_ends, shapes_of
from gasca.finetuning import TUNES, discriminator_phases, reconstruction_phases
from gasca.levels import IMAGE_DISCRIMINATOR, LEVEL_HEADS, discriminating, levels_of
from gasca.stacks import Below, Growth, Networks, Tower

Finetune = Literal["auto", "reconstruction", "adversarial", "all"]
FINETUNE = ("auto", "reconstruction", "adversarial", "all")
GROWTH = ("append", "replace", "fresh")


@frozen
class LevelStage(Stage):
    """A stage of level-wise training; its stack is G_k and D_k."""

    depth: int = field(default=0, kw_only=True)
    """k."""


@frozen(kw_only=True)
class LevelWise(Stacking):
    """Each level is trained on the frozen features of those below it, by the recipe's own phases.

    level_epochs: epochs of each level; by default an even share of the recipe's.
    finetune_epochs: epochs of each fine-tuning on images, T(G); 0 for none; by default an even share of the recipe's.
    discriminator_epochs: epochs of each T(D), which realigns the discriminators with G standing still; by default
        as many as T(G), or none where T(G) moves them already.
    finetune: what T(G) descends: reconstruction alone; adversarial, which adds the terms against discriminators that
        stand still; or all phases of the recipe, discriminators' too. auto is reconstruction where no prior shapes the
        codes, else all.
    finetune_rate: learning rates of T(G), as a multiple of those that its phases have elsewhere.
    d_stack: the discriminator of images at depth k: append, f_k after f_1 to f_(k-1); replace, f_k on the encoder's
        features, so that f_1 to f_(k-1) go unused and T(D) moves f_k and its head only; fresh, as append, from the
        initial weights of all depths before every fine-tuning.
    stage_target: what a level reconstructs, and its discriminator takes for real: the target's features, or the
        input's own.
    patience: epochs without a smaller held-out error after which a level or a T(G) ends; none for never. T(D), which
        changes no reconstruction, has none.
    """

    level_epochs: int | None = field(default=None, validator=optional(ge(1)))
    finetune_epochs: int | None = field(default=None, validator=optional(ge(0)))
    discriminator_epochs: int | None = field(default=None, validator=optional(ge(0)))
    finetune: Finetune = field(default="auto", validator=in_(FINETUNE))
    finetune_rate: float = field(default=1.0, validator=gt(0))
    d_stack: Growth = field(default="append", validator=in_(GROWTH))
    stage_target: Literal["target", "input"] = field(default="target", validator=in_(("target", "input")))
    patience: int | None = field(default=None, validator=optional(ge(1)))

    def tuned(self, levels: int) -> Sequence[int]:
        """After which levels there is fine-tuning."""
        raise NotImplementedError

    def networks(self, recipe: Recipe, spec: Spec) -> Mapping[str, Callable[[], Module]]:
        """The heads of stacks that are not yet full."""
        shapes = shapes_of(recipe, spec)
        return {LEVEL_HEADS: partial(build_ends, recipe, spec, shapes)} if shapes.levels > 1 else {}

    def stages(self, networks: Mapping[str, Module], phases: Sequence[Phase], recipe: Recipe) -> Iterator[Stage]:
        """Level k; where it is fine-tuned, the stack to level k as G, then its discriminator."""
        tower = Tower(networks, levels_of(networks, shapes_codes=recipe.shapes_codes))
        depth = len(tower.levels)
        budget = share(recipe.epochs, depth, self.tuned(depth), self.level_epochs, self.finetune_epochs)
        afresh = self._restart(networks)
        for k in range(1, depth + 1):
            stack = tower.stack(k, self.d_stack)
            below = self._below(tower, k, phases)
            level = tower.level(k)
            yield LevelStage(f"level-{k}", level, phases, budget.level, below, self.patience, depth=k, stack=stack)
            if k in budget.tune and (budget.tune[k] or self.discriminator_epochs):
                afresh()
                yield from self._finetune(stack, phases, recipe, k, budget.tune[k])

    def without_effect(self, recipe: Recipe, spec: Spec) -> Sequence[str]:
        """What belongs to fine-tuning or to a discriminator of images that there is not, or is shared out already."""
        found = ["finetune", "finetune_rate"] if self.finetune_epochs == 0 else []
        if IMAGE_DISCRIMINATOR not in recipe.own_networks(spec):
            found.append("d_stack")
        if not discriminator_phases(recipe.all_phases(spec)):
            found.append("discriminator_epochs")
        told = self.level_epochs is not None and self.finetune_epochs is not None
        return [*found, "recipe.epochs"] if told else found

    def check(self, recipe: Recipe, spec: Spec) -> None:
        """Needs mirrored stacks of blocks, and something to reconstruct."""
        shapes = shapes_of(recipe, spec)
        here = path_of(self, recipe)
        _check_features(recipe, spec, shapes)
        if self.stage_target == "input" and (self.finetune_epochs == 0 or not self.tuned(shapes.levels)):
            problem = "leaves the target to fine-tuning, and there is none"
            raise ConfigError(f"{here}.stage_target", f"{problem}; set it to target, or finetune_epochs=1 or more")
        if not reconstruction_phases(recipe.own_phases(spec)):
            problem = "fine-tunes reconstructions, and no phase of this recipe makes any"
            raise ConfigError(PATH, f"{problem}; set stacking=single")
        if self._tunes(shapes.levels) and not _weighs(self._tuning(recipe, recipe.own_phases(spec))):
            problem = "leaves T(G) nothing to minimise, as all its losses weigh 0"
            raise ConfigError(f"{here}.finetune", f"{problem}; set it to adversarial, or finetune_epochs=0")

    def _finetune(
        self, stack: Mapping[str, Module], phases: Sequence[Phase], recipe: Recipe, k: int, epochs: int
    ) -> Iterator[Stage]:
        """Lines 10 and 11 of Algorithm 1."""
        if epochs:
            tune = self._tuning(recipe, phases)
            yield LevelStage(f"finetune-{k}", stack, tune, epochs, None, self.patience, depth=k, stack=stack)
        realign = discriminator_phases(phases)
        default = 0 if self._finetunes(recipe) == "all" else epochs
        epochs = default if self.discriminator_epochs is None else self.discriminator_epochs
        if realign and epochs:
            yield LevelStage(f"realign-{k}", stack, realign, epochs, depth=k, stack=stack)

    def _tunes(self, levels: int) -> bool:
        """Whether there is a T(G) at all."""
        return self.finetune_epochs != 0 and levels > 1 and bool(self.tuned(levels))

    def _finetunes(self, recipe: Recipe) -> Finetune:
        """What `auto` is for this recipe."""
        automatic: Finetune = "all" if recipe.shapes_codes else "reconstruction"
        return automatic if self.finetune == "auto" else self.finetune

    def _tuning(self, recipe: Recipe, phases: Sequence[Phase]) -> Sequence[Phase]:
        """T(G)'s phases."""
        return [_at_rate(p, self.finetune_rate) for p in TUNES[self._finetunes(recipe)](phases)]

    def _below(self, tower: Tower, k: int, phases: Sequence[Phase]) -> Below | None:
        """xi_(k-1) for what this stage trains on; None where that is the images themselves."""
        supervised = any(p.role == "supervision" for p in phases)
        keys = ("x", "target", *(("x_labelled",) if supervised else ()))
        drops = ("target",) if self.stage_target == "input" else ()
        return Below(tower.encoders(k - 1), keys, drops) if k > 1 or drops else None

    def _restart(self, networks: Networks) -> Callable[[], None]:
        """What gives the discriminator of images, at any depth, its first weights back, where `d_stack` wants that."""
        if self.d_stack != "fresh":
            return lambda: None
        first = [(module, deepcopy(module.state_dict())) for module in discriminating(networks)]
        return lambda: _fill(first)


@frozen(kw_only=True)
class Greedy(LevelWise):
    """Greedy layer-wise training: level by level, then one fine-tuning of the whole (GLW)."""

    def tuned(self, levels: int) -> Sequence[int]:
        """The last."""
        return (levels,)


@frozen(kw_only=True)
class GradualGreedy(LevelWise):
    """Gradual greedy layer-wise training: the whole stack is fine-tuned after every added level (GANGGLW)."""

    def tuned(self, levels: int) -> Sequence[int]:
        """All but the first, which is the whole stack when it has been trained."""
        return range(2, levels + 1)


def _check_features(recipe: Recipe, spec: Spec, shapes: Shapes) -> None:
    """Refuse what is at home with samples and codes only, where levels and lower stacks have features for both."""
    if shapes.levels > 1 and not recipe.shapes_codes and recipe.posterior.reparameterized:
        problem = "the codes of stacks that are not yet full are features, which have no sigma"
        raise ConfigError(PATH, f"{problem}; set posterior=deterministic, or stacking=single")
    try:
        for shape in shapes.features[1 : shapes.levels]:
            recipe.reconstruction.check(recipe, evolve(spec, shape=shape, output="linear"))
    except ConfigError as e:
        raise ConfigError(PATH, f"levels reconstruct features, and there {e.problem}; or set stacking=single") from e


def _at_rate(phase: Phase, rate: float) -> Phase:
    """The phase, with learning rates multiplied."""
    given = phase.optimizer
    final = None if given.final is None else rate * given.final
    return evolve(phase, optimizer=evolve(given, lr=rate * given.lr, final=final))


def _weighs(phases: Sequence[Phase]) -> bool:
    """Whether anything but supervision, which a pre-training leaves out, has a weight."""
    return any(t.weight for p in phases if p.role != "supervision" for t in p.terms.values())


def _fill(first: Iterable[tuple[Module, Mapping[str, Tensor]]]) -> None:
    for module, state in first:
        module.load_state_dict(state)
