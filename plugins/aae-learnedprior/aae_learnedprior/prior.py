"""The code generator as a prior for any recipe."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Literal

from attrs import field, frozen
from attrs.validators import ge, in_
from torch import Tensor
from torch.nn import Module
from torch.nn.functional import one_hot

from aae_learnedprior import improvement
from aae_learnedprior.networks import (
    IMAGE,
    CodeGenerator,
    Conditioned,
    Matcher,
    NoGenerator,
    check_features,
    feature_width,
    known_or_random,
    recognizer,
)
from aaecore.adversary import told
from aaecore.defaults.priors import Gaussian
from aaecore.errors import AAEError, ConfigError
from aaecore.forward import Forward, Networks
from aaecore.optimizer import Adam, Optimizer
from aaecore.phase import Phase
from aaecore.prior import Prior
from aaecore.randomness import Draw
from aaecore.recipe import Recipe
from aaecore.spec import Spec

CONDITIONS = ("none", "labels", "random", "dense")


@frozen(kw_only=True)
class Learned(Prior):
    """A code generator maps noise to codes, and learns to make them decode well (Wang et al. 2019).

    Brings the prior-improvement phase: `D_I`, `CG`, `dec_gen`, and `Q` where there is a condition.

    base: the noise that enters the code generator.
    noise: how many numbers of it; 0 for as many as a code has.
    generator: mlp, or identity for noise and condition side by side as a fixed prior (the paper's baseline).
    hidden: units of the code generator's hidden layer; 0 for twice its noise.
    condition: what enters beside the noise: none; labels, the samples' classes; random, a category drawn at random;
        dense, the vectors given with the data.
    categories: how many categories `random` has; 0 for the number of classes in the data.
    projection: units that a dense condition is projected to.
    information: weight of the mutual information between the condition and the decoded sample.
    matching: the image discriminator is told dense conditions, and samples with others' conditions are fakes too.
    discriminate_recon: whether reconstructions are fakes for the image discriminator, beside decoded draws.
    recognizer_trunk: whether `Q` moves the trunk it shares with the image discriminator, or its own layer only.
    discriminator_optimizer: moves the image discriminator in `D_I`.
    generator_optimizer: moves the code generator in `CG`.
    share_decoder_optimizer: whether `dec_gen` steps with the optimizer, and its moments, by which the recipe's
        reconstruction moves the decoder, so that the weights of the two losses count against each other.
    decoder_optimizer: moves the decoder in `dec_gen` otherwise.
    recognizer_optimizer: moves the recognizer in `Q`.
    """

    base: Prior = Gaussian()
    noise: int = field(default=0, validator=ge(0))
    generator: Literal["mlp", "identity"] = field(default="mlp", validator=in_(("mlp", "identity")))
    hidden: int = field(default=0, validator=ge(0))
    condition: Literal["none", "labels", "random", "dense"] = field(default="none", validator=in_(CONDITIONS))
    categories: int = field(default=0, validator=ge(0))
    projection: int = field(default=128, validator=ge(1))
    information: float = field(default=1.0, validator=ge(0))
    matching: bool = False
    discriminate_recon: bool = True
    recognizer_trunk: bool = True
    discriminator_optimizer: Optimizer = Adam(lr=2e-4, beta1=0.5)
    generator_optimizer: Optimizer = Adam(lr=2e-4, beta1=0.5)
    share_decoder_optimizer: bool = True
    decoder_optimizer: Optimizer = Adam(lr=2e-4, beta1=0.5)
    recognizer_optimizer: Optimizer = Adam(lr=2e-4, beta1=0.5)

    # ---- sampling

    def sample(self, n: int, code: int, *, labels: Tensor | None, draw: Draw, net: Networks) -> Tensor:
        """z_c = CG(z, s), (n, code); s is as `labels` say, random where they do not."""
        cg = _generator(net)
        z = self.base.sample(n, cg.noise, labels=None, draw=draw, net=net)
        return cg(z, cg.typical_condition(n, labels, draw))  # type: ignore[no-any-return]

    def sample_for(self, f: Forward, labels: Tensor | None) -> Tensor:
        """z_c = CG(z, s) with the batch's own s."""
        cg = _generator(f.net)
        z = self.base.sample(f.n, cg.noise, labels=None, draw=f.draw("z_prior"), net=f.net)
        return cg(z, None if self.condition == "none" else self.s(f))  # type: ignore[no-any-return]

    def s(self, f: Forward) -> Tensor:
        """The condition of the batch's draws from the prior, (B, width): one-hot or dense."""
        return f.quantity("s", self._condition)

    def _condition(self, f: Forward) -> Tensor:
        if self.condition == "dense":
            given = f.batch.get("condition")
            if given is not None:
                return given
            typical = _generator(f.net).typical_condition(f.n, None, f.draw("s"))
            assert typical is not None
            return typical
        k = self.condition_width(f.spec)
        return one_hot(known_or_random(self._labels(f), k, f.n, f.draw("s")), k).float()

    def _labels(self, f: Forward) -> Tensor | None:
        """The classes asked for, unless these are the recipe's own; in training the samples', where they condition."""
        if f.recipe.own_labels(f.spec):
            return None
        own = f.labels if f.training and self.condition == "labels" else None
        return f.asked_labels if own is None else own

    def standardised(self, f: Forward, s: Tensor) -> Tensor:
        """Conditions as all networks but CG see them: dense ones by the moments that CG has seen."""
        return _generator(f.net).standardised(s)

    def condition_width(self, spec: Spec) -> int:
        """How many numbers s has."""
        if self.condition == "random":
            return self.categories or spec.classes
        return {"none": 0, "labels": spec.classes, "dense": spec.condition}[self.condition]

    def own_labels(self, spec: Spec) -> int:
        """The classes or categories that are the condition."""
        return self.condition_width(spec) if self.condition in ("labels", "random") else 0

    def own_condition(self, spec: Spec) -> int:
        """The vectors given with the data."""
        return spec.condition if self.condition == "dense" else 0

    # ---- training

    def networks(self, recipe: Recipe, spec: Spec) -> Mapping[str, Callable[[], Module]]:
        """CG (without weights where it is the identity), D_I, and Q and the matcher where needed."""
        found: dict[str, Callable[[], Module]] = {
            IMAGE: partial(recipe.architecture.discriminator, spec.shape),
            "code_generator": partial(self._code_generator, recipe.code, spec),
        }
        if self.condition != "none":
            found["recognizer"] = lambda: recognizer(feature_width(recipe, spec), self.condition_width(spec))
        if self.matching:
            found["matcher"] = lambda: Matcher(feature_width(recipe, spec), spec.condition, self.projection)
        return found

    def _code_generator(self, code: int, spec: Spec) -> Conditioned:
        dense, s = self.condition == "dense", self.condition_width(spec)
        if self.generator == "identity":
            return NoGenerator(code - s, s, dense=dense)
        n = self.noise or code
        return CodeGenerator(n, code, self.hidden or 2 * n, s, self.projection if dense else 0)

    def phases(self, recipe: Recipe, spec: Spec) -> Sequence[Phase]:
        """Prior improvement (phase b of the paper): D_I, CG, dec_gen, Q."""
        return improvement.phases(self, recipe, spec)

    def evaluated(self, phase: Phase) -> Sequence[str]:
        """CG keeps its statistics outside prior improvement."""
        return () if phase.name in improvement.NAMES else ("code_generator",)

    def without_effect(self, recipe: Recipe, spec: Spec) -> Sequence[str]:
        """What belongs to a code generator, to a condition of another kind, or to an optimizer that is shared."""
        found = [] if self.generator == "mlp" else ["hidden", "generator_optimizer"]
        if self.condition == "none":
            found += ["information", "recognizer_trunk", "recognizer_optimizer"]
        if self.condition != "random":
            found.append("categories")
        if self.condition != "dense" or (self.generator != "mlp" and not self.matching):
            found.append("projection")
        return [*found, "decoder_optimizer"] if improvement.owner(self, recipe, spec) else found

    def check(self, recipe: Recipe, spec: Spec) -> None:
        """Needs what its condition is made of, and samples to make."""
        if problem := _problem(self, recipe, spec):
            raise ConfigError(*problem)
        if self.condition != "none":
            check_features(recipe, spec, "recipe.prior.condition")


def _generator(net: Networks) -> Conditioned:
    cg = net.code_generator
    if not isinstance(cg, Conditioned):
        said = f"your own code_generator is a {type(cg).__name__}, which cannot be asked for a condition"
        raise AAEError(f"{said}; derive it from aae_learnedprior.networks.CodeGenerator")
    return cg


def _problem(prior: Learned, recipe: Recipe, spec: Spec) -> tuple[str, str] | None:
    """The setting that cannot be, and what would."""
    if "decoder" not in recipe.own_networks(spec):
        return "recipe.prior", "a learned prior is judged by decoded samples, and this recipe has no decoder"
    if recipe.batch < 2:
        return "recipe.batch", "batch normalisation of codes needs at least two; set batch=64"
    if prior.condition == "labels" and recipe.own_labels(spec):
        said = "this recipe gives labels to its networks itself, and codes do not depend on them"
        return "recipe.prior.condition", f"{said}; set prior.condition=none or random"
    if prior.matching and told(IMAGE, recipe.own_phases(spec)) is not None:
        return "recipe.prior.matching", "this recipe's image discriminator is told labels already; set matching=false"
    return (
        _condition_problem(prior, spec) or _identity_problem(prior, recipe, spec) or _base_problem(prior, recipe, spec)
    )


def _base_problem(prior: Learned, recipe: Recipe, spec: Spec) -> tuple[str, str] | None:
    """A base that is trained has networks as wide as a code."""
    if not prior.base.networks(recipe, spec):
        return None
    if prior.generator == "identity" and prior.condition_width(spec):
        said = "is trained to fill a whole code, which leaves no room in it for the condition"
        return "recipe.prior.base", f"{said}; set prior.base=gaussian, or prior.generator=mlp"
    if prior.noise not in (0, recipe.code):
        said = f"the base is trained, and gives as many numbers as a code has, {recipe.code}"
        return "recipe.prior.noise", f"{said}; set prior.noise=0, or prior.base=gaussian"
    return None


def _identity_problem(prior: Learned, recipe: Recipe, spec: Spec) -> tuple[str, str] | None:
    if prior.generator == "mlp":
        return None
    s = prior.condition_width(spec)
    if recipe.code <= s:
        said = f"without a code generator a code is the noise and the {s} numbers of the condition"
        return "recipe.code", f"{said}, more than {recipe.code}; set code={s + recipe.code}"
    if prior.noise not in (0, recipe.code - s):
        said = "without a code generator the noise is what the condition leaves of the code"
        return "recipe.prior.noise", f"{said}; set prior.noise={recipe.code - s}"
    return None


def _condition_problem(prior: Learned, spec: Spec) -> tuple[str, str] | None:
    if prior.matching and prior.condition != "dense":
        return "recipe.prior.matching", "is for dense conditions; set prior.condition=dense, or leave it out"
    if prior.condition == "none" or prior.condition_width(spec):
        return None
    if prior.condition == "dense":
        return "data", "has no condition vectors; give them as `condition` (N, width) in the .npz"
    if prior.condition == "labels":
        return "data", "has no labels to condition the prior on; give some, or set prior.condition=random"
    return "recipe.prior.categories", "data without labels does not say how many; set prior.categories=10"
