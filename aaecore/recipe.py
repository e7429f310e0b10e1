"""A named composition of parts: one paper's algorithm with its hyper-parameter table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import count
from typing import ClassVar, Literal, get_args

import torch
from attrs import evolve, field, frozen
from attrs.validators import deep_iterable, ge, in_, instance_of, lt
from torch import Tensor
from torch.nn import Module

from aaecore.architecture import Architecture
from aaecore.checks import check_nested, check_phases, check_scheduler, check_separate
from aaecore.defaults.architectures import MLP
from aaecore.defaults.losses import BCE, HalfSquaredError
from aaecore.defaults.priors import Gaussian
from aaecore.defaults.schedulers import Sequential
from aaecore.defaults.stackings import Single
from aaecore.errors import AAEError, ConfigError, suggest
from aaecore.forward import Forward
from aaecore.loss import AdversarialLoss, ReconstructionLoss, Regularizer
from aaecore.memory import fitting
from aaecore.own import check_own
from aaecore.part import Part, parts_of
from aaecore.phase import Phase, Term
from aaecore.posterior import Deterministic, Posterior
from aaecore.prior import Prior
from aaecore.published import Published
from aaecore.randomness import Draw
from aaecore.scheduler import PhaseScheduler
from aaecore.spec import Spec
from aaecore.stacking import Stacking

Builders = Mapping[str, Callable[[], Module]]
ScalingName = Literal["auto", "unit", "symmetric", "standard", "pixelwise"]
SCALINGS: tuple[str, ...] = get_args(ScalingName)


@frozen(kw_only=True)
class Recipe(Part):
    """An adversarial autoencoder: networks, and the phases that train them.

    code: size of a code z.
    prior: what codes should look like.
    posterior: what the encoder's output means.
    architecture: what builds the networks.
    reconstruction: how far a reconstruction is from its target.
    adversarial: the game that discriminators play.
    regularizers: further penalties on the posterior.
    scheduler: which phases run on a batch, how often, with what weight.
    stacking: how the networks grow.
    scaling: range of the data the networks see; auto is unit ([0, 1]) for images, standard (mean 0, std 1) for vectors;
        pixelwise standardises each pixel of images by itself, as standard does each channel.
    input_noise: standard deviation of Gaussian noise added to the encoder's input in training.
    input_dropout: share of the encoder's input set to zero in training.
    batch: samples per step.
    epochs: passes over the training data.
    """

    kind: ClassVar[str] = "recipe"
    forward: ClassVar[type[Forward]] = Forward
    """The quantities of one batch; a paper with new symbols extends it."""
    shapes_codes: ClassVar[bool] = True
    """Whether codes are made to look like draws from the prior; otherwise there is nothing to sample."""
    published: ClassVar[tuple[Published, ...]] = ()
    """Figures that papers state for this very recipe; those of a base class are not inherited."""

    code: int = field(default=8, validator=ge(1))
    prior: Prior = Gaussian()
    posterior: Posterior = Deterministic()
    architecture: Architecture = MLP()
    reconstruction: ReconstructionLoss = HalfSquaredError()
    adversarial: AdversarialLoss = BCE()
    regularizers: tuple[Regularizer, ...] = field(default=(), validator=deep_iterable(instance_of(Regularizer)))
    scheduler: PhaseScheduler = Sequential()
    stacking: Stacking = Single()
    scaling: ScalingName = field(default="auto", validator=in_(SCALINGS))
    input_noise: float = field(default=0.0, validator=ge(0))
    input_dropout: float = field(default=0.0, validator=[ge(0), lt(1)])
    batch: int = field(default=100, validator=ge(1))
    epochs: int = field(default=100, validator=ge(1))

    # ---- what a paper defines

    def own_networks(self, spec: Spec) -> Builders:
        """What builds the recipe's networks, by role."""
        return {
            "encoder": partial(self.architecture.encoder, spec.shape, self.heads(spec), self.encoder_noise),
            "decoder": partial(self.architecture.decoder, self.decoder_width(spec), spec),
        }

    def own_phases(self, spec: Spec) -> Sequence[Phase]:
        """The algorithm box."""
        raise NotImplementedError

    def heads(self, spec: Spec) -> dict[str, int]:
        """What the encoder says, by name, and its width."""
        return {"code": self.posterior.width(self.code)}

    def decoder_width(self, spec: Spec) -> int:
        """How many numbers the decoder is given for one sample."""
        return self.code

    def code_of_data(self, f: Forward) -> Tensor:
        """All the decoder is given to reconstruct the batch, (B, decoder_width)."""
        return f.z

    def code_of_prior(self, f: Forward) -> Tensor:
        """All the decoder is given to make new samples, (B, decoder_width)."""
        return f.z_prior

    def prior_labels(self, f: Forward) -> Tensor | None:
        """The classes of the codes drawn from the prior, (B,), -1 for any; None if the prior heeds no labels."""
        return f.asked_labels

    @property
    def predicts(self) -> Literal["classes", "clusters", "nothing"]:
        """What `predict` gives probabilities of."""
        return "nothing"

    def predict(self, f: Forward) -> Tensor:
        """Probabilities of the classes (or clusters), (B, K)."""
        raise AAEError("this recipe predicts no classes; choose one with a label head, say a semi-supervised one")

    def own_labels(self, spec: Spec) -> int:
        """How many labels the recipe itself heeds in new samples, whatever its prior; 0 if it heeds none."""
        return 0

    def sample_labels(self, spec: Spec) -> int:
        """How many labels samples can be asked for by, 0 to sample_labels - 1; 0 if nothing heeds any."""
        return self.own_labels(spec) or (spec.classes if self.conditional_prior else self.prior.own_labels(spec))

    @property
    def conditional_prior(self) -> bool:
        """Whether the prior's codes of a label mean that class, since training gave the prior the labels."""
        return False

    def representation(self, f: Forward) -> Tensor:
        """What `Model.encode` gives for the batch, (B, code)."""
        return f.z

    def prior_representation(self, f: Forward) -> Tensor:
        """What representations should look like, drawn from the priors, (B, code)."""
        return f.z_prior

    def projection(self, networks: Mapping[str, Module]) -> Tensor | None:
        """A linear map (code, 2) under which representations are shown; None for what the pictures choose."""
        return None

    def labelled_per_step(self) -> int:
        """Labelled samples per step, for recipes that take a labelled batch beside the batch."""
        return 0

    # ---- what all share

    @property
    def encoder_noise(self) -> int:
        """How many noise numbers enter the encoder beside a sample."""
        return self.posterior.noise(self.code) if self.posterior.noisy_input else 0

    @property
    def corrupts(self) -> bool:
        """Whether the encoder's input is corrupted in training."""
        return bool(self.input_noise or self.input_dropout)

    def corrupt(self, x: Tensor, draw: Draw) -> Tensor:
        """The encoder's input in training: dropout, then Gaussian noise."""
        if self.input_dropout:
            x = x * (draw.uniform(*x.shape) >= self.input_dropout) / (1 - self.input_dropout)
        return x + self.input_noise * draw.normal(*x.shape) if self.input_noise else x

    def sample_prior(self, f: Forward) -> Tensor:
        """Draws from the prior for one batch, (B, code)."""
        return self.prior.sample_for(f, self.prior_labels(f))

    def builders(self, spec: Spec) -> dict[str, Callable[[], Module]]:
        """What builds all networks: the recipe's own first, then those its parts bring."""
        found = dict(self.own_networks(spec))
        for part in parts_of(self):
            for role, build in part.networks(self, spec).items():
                found.setdefault(role, build)
        return found

    def all_phases(self, spec: Spec) -> tuple[Phase, ...]:
        """All phases in order: the recipe's own with the regularizers in them, then those its parts bring."""
        found = list(self.own_phases(spec))
        for part in parts_of(self):
            found += [p for p in part.phases(self, spec) if p.name not in {known.name for known in found}]
        for regularizer in self.regularizers:
            changed = self._regularized(found, regularizer)
            found = [changed if p.name == changed.name else p for p in found]
        return tuple(map(self._evaluating, found))

    def _evaluating(self, phase: Phase) -> Phase:
        """`phase` with what the parts want in inference mode there."""
        roles = dict.fromkeys(role for part in parts_of(self) for role in part.evaluated(phase))
        new = tuple(role for role in roles if role not in phase.moves and role not in phase.evaluates)
        return evolve(phase, evaluates=phase.evaluates + new) if new else phase

    def _regularized(self, phases: Sequence[Phase], regularizer: Regularizer) -> Phase:
        candidates = [p for p in phases if p.role == regularizer.role]
        if not candidates:
            roles = ", ".join(sorted({p.role for p in phases}))
            raise ConfigError(
                "recipe.regularizers",
                f"no phase of role {regularizer.role!r} here; set its role to one of: {roles}",
            )
        phase = next((p for p in candidates if "encoder" in p.moves), candidates[0])
        name = _free(type(regularizer).__name__.lower(), phase.terms)
        return phase.extended(terms={name: Term(regularizer, regularizer.weight)})

    def build(self, spec: Spec, *, seed: int = 0, networks: Mapping[str, Module] | None = None) -> dict[str, Module]:
        """All networks by role, each initialised from `seed` and its role alone; `networks` replaces some.

        Raises `AAEError` if a part cannot work in this recipe or on such data.
        """
        self.validate(spec)
        own, builders = networks or {}, self.builders(spec)
        if not isinstance(own, Mapping) or any(not isinstance(role, str) for role in own):
            raise AAEError('networks are given by their roles, as networks={"encoder": module}')
        if unknown := own.keys() - builders:
            raise AAEError(f"no network of this recipe is called {min(unknown)!r}; {suggest(min(unknown), builders)}")
        check_own(self, spec, own, builders)
        built = {role: own[role] if role in own else _seeded(b, seed, role) for role, b in builders.items()}
        phases = self.all_phases(spec)
        check_phases(phases, built)
        check_separate(built)
        check_scheduler(self.scheduler, phases)
        return built

    def validate(self, spec: Spec) -> None:
        """Raise `AAEError` unless all parts work together on such data."""
        if not self.shapes_codes and self.prior.networks(self, spec):
            raise ConfigError(
                "recipe.prior", "this recipe's codes follow no prior, so none can be trained; leave it out"
            )
        for part in [self, *sorted(parts_of(self), key=_turn)]:
            part.check(self, spec)
        check_nested(self, self, spec, "recipe")


def _turn(part: Part) -> int:
    """Architectures are checked first and stackings last: others look at the networks that those build or cut."""
    return 0 if isinstance(part, Architecture) else 2 if isinstance(part, Stacking) else 1


def _free(name: str, taken: Mapping[str, object]) -> str:
    """`name`, or `name_2` and so on where it is taken: no term may replace another."""
    numbered = (name if n == 1 else f"{name}_{n}" for n in count(1))
    return next(free for free in numbered if free not in taken)


def _seeded(build: Callable[[], Module], seed: int, role: str) -> Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(Draw(seed).purpose("init." + role).generator.initial_seed())
        with fitting(f"the network {role!r} does", "make code or architecture smaller"):
            return build()
