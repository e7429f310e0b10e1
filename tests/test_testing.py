"""Each contract check rejects a part that breaks the contract, and says what to mend."""

from copy import deepcopy
from itertools import count

import pytest
import torch
from attrs import define, evolve, field, frozen
from torch import nn

from aaecore.defaults.architectures import MLP
from aaecore.defaults.losses import KL, HalfSquaredError
from aaecore.defaults.priors import Categorical, Gaussian
from aaecore.defaults.schedulers import Sequential
from aaecore.defaults.stackings import Single
from aaecore.errors import ConfigError
from aaecore.loss import AdversarialLoss, Loss, ReconstructionLoss, Regularizer
from aaecore.optimizer import Adam
from aaecore.phase import Phase
from aaecore.prior import Prior
from aaecore.scheduler import PhaseScheduler
from aaecore.stacking import Stacking, Stage
from aaecore.testing import (
    Bench,
    ContractError,
    check_architecture,
    check_loss,
    check_prior,
    check_recipe,
    check_scheduler,
    check_stacking,
)

COUNTER = count()
PLAIN = torch.Generator()


def part(base, *, of=frozen, doc="A part.", fields=None, **methods):
    """A part of one faulty method, or several."""
    cls = type("Faulty", (base,), {"__doc__": doc, **methods, **(fields or {})})
    cls.__annotations__ = {name: type(value) for name, value in (fields or {}).items()}
    return of(kw_only=True)(cls)


def prior(sample, base=Prior, **more):
    return part(base, sample=lambda self, n, code, *, labels, draw, net: sample(n, code, draw), **more)


def normal(n, code, draw):
    return draw.normal(n, code)


class Drifting(nn.Module):
    """A map with a number that no file keeps."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.drift = torch.randn(())

    def forward(self, z):
        return self.layer(z) + self.drift


def drifting(self, n, code, *, labels, draw, net):
    return net.drift(draw.normal(n, code))


def drift_phases(self, recipe, spec):
    return [Phase("drift", "prior", ("drift",), {"L": lambda f: f.z_prior.square().mean()}, Adam())]


PRIORS = {
    "one dimension too many": (prior(lambda n, code, draw: draw.normal(n, code + 1)), r"shape \(1, 5\) for n=1, not"),
    "ignores n": (prior(lambda n, code, draw: draw.normal(10, code)), r"gives shape \(10, 4\) for n=1"),
    "global generator": (prior(lambda n, code, draw: torch.randn(n, code)), "take all random numbers from the given"),
    "state": (prior(lambda n, code, draw: draw.normal(n, code) + next(COUNTER)), "keep no state"),
    "a generator of its own": (
        prior(lambda n, code, draw: torch.randn(n, code, generator=PLAIN.manual_seed(0))),
        "the same codes whatever the draw",
    ),
    "on the CPU": (prior(lambda n, code, draw: draw.normal(n, code) + torch.ones(code)), "device=x.device"),
    "double": (prior(lambda n, code, draw: draw.normal(n, code).double()), "float32"),
    "infinite": (prior(lambda n, code, draw: draw.normal(n, code) / 0), "NaN or infinite"),
    "batch not first": (prior(lambda n, code, draw: draw.normal(code, n).T), "micro-batches"),
    "unsaid labels": (
        part(Categorical, uses_labels=False, sample=Categorical.sample),
        "heeds labels and does not say so",
    ),
    "seeds": (prior(lambda n, code, draw: (torch.manual_seed(0), draw.normal(n, code))[1]), "changes torch's global"),
    "gradients": (prior(lambda n, code, draw: draw.normal(n, code).requires_grad_()), "drop requires_grad_"),
    "undecorated": (type("Mine", (Prior,), {"__doc__": "A part."}), r"decorate it with @attrs.frozen.kw_only=True."),
    "a number": (3, "int is no Prior; give an instance"),
    "the base": (Prior, "Prior is what every Prior derives from; give an instance"),
    "said labels": (prior(normal, uses_labels=True), "gives the same codes for 0 and 1"),
    "no help": (prior(normal, doc=None), "no docstring"),
    "unexplained field": (prior(normal, fields={"width": 1.0}), r"does not explain its fields \['width'\]"),
    "changeable": (
        prior(normal, of=define, doc="A.\n\n    width: w.", fields={"width": 1.0}),
        "decorate it with @attrs.f",
    ),
    "no attrs class": (type("Bare", (Gaussian,), {"__doc__": "A part."}), "not an attrs class"),
    "lost on disk": (
        part(Prior, sample=drifting, networks=lambda self, recipe, spec: {"drift": Drifting}, phases=drift_phases),
        "another 'sample' after it was saved and loaded",
    ),
    "refuses everything": (
        part(Gaussian, check=lambda self, recipe, spec: (_ for _ in ()).throw(ConfigError("recipe.code", "no; set 0"))),
        "works in no plain recipe .recipe.code: no; set 0.; say where it does",
    ),
    "raises": (prior(lambda n, code, draw: 1 // 0), "fails when it samples n=1 codes: ZeroDivisionError"),
}


@frozen(kw_only=True)
class Doubling(Gaussian):
    """A configuration that is another when it is read.

    scale: is stored twice as large.
    """

    scale: float = field(default=1.0, converter=lambda v: 2 * v)


@frozen(kw_only=True)
class Objects(Gaussian):
    """A configuration that no file can hold.

    made: anything.
    """

    made: object = field(factory=lambda: nn.Identity())


@pytest.mark.parametrize(("faulty", "said"), PRIORS.values(), ids=PRIORS)
def test_a_faulty_prior_is_told_what_to_mend(faulty, said):
    with pytest.raises(ContractError, match=said):
        check_prior(faulty)


@pytest.mark.parametrize("faulty", [Doubling, Objects])
def test_a_configuration_must_be_the_same_when_it_is_read_again(faulty):
    with pytest.raises(ContractError, match=r"read again from its own configuration|reads its field `scale` as 4\.0"):
        check_prior(faulty)


def test_a_prior_of_an_author_passes():
    check_prior(prior(normal))


# ---- losses


def term(compute, base=ReconstructionLoss, **more):
    return part(base, __call__=lambda self, f: compute(f), **more)


def squared(f):
    return (f.x_rec - f.target).square()


def steals(f):
    f.x_rec.square().mean().backward(retain_graph=True)
    return f.z.square().mean()


def moves(f):
    with torch.no_grad():
        next(f.net.decoder.parameters()).add_(1)
    return f.z.square().mean()


def mmd(f):
    return (f.x_rec.mean(0) - f.target.mean(0)).square().sum()


LOSSES = {
    "no mean": (term(lambda f: squared(f).flatten(1).mean(1)), "not one number"),
    "a sum": (term(lambda f: squared(f).sum()), "no mean over the batch: .* divide by f.n"),
    "pairwise": (term(mmd), "averages = False"),
    "global generator": (term(lambda f: (squared(f) * torch.rand(f.n, 1, 1, 1)).mean()), "from the given `draw`"),
    "detached": (term(lambda f: squared(f).mean().detach()), "detach nothing"),
    "on the CPU": (term(lambda f: (squared(f) + torch.zeros(f.x.shape)).mean()), "mixes devices"),
    "nan": (term(lambda f: squared(f).mean() * torch.nan), "is nan"),
    "backward": (term(steals, Regularizer), "leave backward.. to the trainer"),
    "in place": (term(moves, Regularizer), "changes the networks"),
    "changes codes": (term(lambda f: f.z.mul_(2).square().mean() + 0 * squared(f).mean(), Regularizer), "f.z in place"),
    "double": (term(lambda f: squared(f).double().mean()), "float64, not torch.float32"),
    "of another kind": (Gaussian(), "Gaussian is no ReconstructionLoss or"),
    "of no kind": (term(lambda f: squared(f).mean(), Loss), "is no ReconstructionLoss or .*derived from one of these"),
}


@pytest.mark.parametrize(("faulty", "said"), LOSSES.values(), ids=LOSSES)
def test_a_faulty_loss_is_told_what_to_mend(faulty, said):
    with pytest.raises(ContractError, match=said):
        check_loss(faulty)


def test_a_loss_that_compares_samples_says_so_and_passes():
    check_loss(term(mmd, averages=False))


@pytest.mark.parametrize("loss", [KL(weight=0.5), HalfSquaredError()])
def test_a_loss_is_tried_where_it_works(loss):
    check_loss(loss)


def game(discriminator=None, generator=None):
    def judge(d, real, fakes):
        return torch.stack([d(fake).square().mean() for fake in fakes]).sum() + (d(real) - 1).square().mean()

    return part(
        AdversarialLoss,
        discriminator=lambda self, d, real, fakes, draw: (discriminator or judge)(d, real, fakes),
        generator=lambda self, scores: (generator or (lambda s: (s - 1).square().mean()))(scores),
    )


GAMES = {
    "sides exchanged": (game(lambda d, real, fakes: d(real).mean() - d(fakes[0]).mean()), "learns to call fakes real"),
    "generator helps": (game(generator=lambda s: s.mean()), "rewards fakes for being called fake"),
    "sum": (game(lambda d, real, fakes: d(fakes[0]).sum() - d(real).sum()), "no mean over the batch"),
    "sum of scores": (game(generator=lambda s: -s.sum()), "generator's side that is no mean"),
    "detached": (game(generator=lambda s: -s.mean().detach()), "no gradient to the scores"),
    "blind": (game(lambda d, real, fakes: torch.zeros(())), "gives the discriminator no gradient"),
    "random": (game(lambda d, real, fakes: d(real + torch.randn(real.shape)).mean()), "from the given `draw`"),
    "on the CPU": (
        game(lambda d, real, fakes: (d(fakes[0]) - d(real) + torch.zeros(len(real))).mean()),
        "mixes devices",
    ),
}


@pytest.mark.parametrize(("faulty", "said"), GAMES.values(), ids=GAMES)
def test_a_faulty_game_is_told_what_to_mend(faulty, said):
    with pytest.raises(ContractError, match=said):
        check_loss(faulty)


def test_a_least_squares_game_passes():
    check_loss(game())


# ---- schedulers and stackings


def scheduler(plan, **more):
    return part(PhaseScheduler, plan=lambda self, phases, progress: plan(phases), **more)


SCHEDULERS = {
    "unknown phase": (scheduler(lambda phases: [evolve(phases[0], name="boost")]), "'boost' that does not exist"),
    "a name": (scheduler(lambda phases: ["rec"]), "plans 'rec', which is no phase"),
    "other terms": (scheduler(lambda phases: [evolve(phases[0], terms={})]), "changes more of phase 'rec' than"),
    "more networks": (scheduler(lambda p: [p[0].extended(moves=("code_discriminator",))]), "changes more of phase"),
    "ascends": (scheduler(lambda phases: [phases[0].weighted(-1)]), "weight below 0"),
    "state": (scheduler(lambda phases: phases[next(COUNTER) % 2 :]), "not the same .*: plan by `progress` alone"),
    "mentions": (
        scheduler(lambda phases: phases, phase_names=lambda self: ["discriminate"]),
        "mentions a phase that is not there .*choose from: cls, disc, gen, rec.*; say recipe=",
    ),
    "nothing": (scheduler(lambda phases: []), "runs no phase"),
}


@pytest.mark.parametrize(("faulty", "said"), SCHEDULERS.values(), ids=SCHEDULERS)
def test_a_faulty_scheduler_is_told_what_to_mend(faulty, said):
    with pytest.raises(ContractError, match=said):
        check_scheduler(faulty)


def stacking(stages):
    return part(Stacking, stages=lambda self, networks, phases, recipe: stages(networks, phases))


STACKINGS = {
    "no stage": (stacking(lambda n, p: iter(())), "gives no stage"),
    "one name": (stacking(lambda n, p: iter([Stage("a", n, p, 1)] * 2)), "two stages the name"),
    "no epoch": (stacking(lambda n, p: iter([Stage("a", n, p, 0)])), "0 epochs; give 1"),
    "no phase": (stacking(lambda n, p: iter([Stage("a", n, (), 1)])), "no phases"),
    "no network": (stacking(lambda n, p: iter([Stage("a", {}, p, 1)])), "has no network"),
    "a copy": (
        stacking(lambda n, p: iter([Stage("a", {**n, "decoder": deepcopy(n["decoder"])}, p, 1)])),
        "in none of the networks that are kept",
    ),
    "other stages when resumed": (stacking(lambda n, p: iter([Stage(f"{next(COUNTER)}", n, p, 1)])), "keep no state"),
}


@pytest.mark.parametrize(("faulty", "said"), STACKINGS.values(), ids=STACKINGS)
def test_a_faulty_stacking_is_told_what_to_mend(faulty, said):
    with pytest.raises(ContractError, match=said):
        check_stacking(faulty)


# ---- architectures


def tiny(**methods):
    """The core's own networks, small, with some of its methods replaced."""
    return part(MLP, fields={"hidden": (6,)}, **methods)


def after(layer, method="decoder"):
    """A network of the core's with a layer behind it."""
    return lambda self, *given: nn.Sequential(getattr(MLP(hidden=(6,)), method)(*given), layer())


class Wide(nn.Module):
    def forward(self, scores):
        return scores[:, None]


class OnCPU(nn.Module):
    def forward(self, x):
        return x + torch.zeros(x.shape)


class Raised(nn.Module):
    def forward(self, x):
        return x + 0.5


class Remembering(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = torch.rand(())

    def forward(self, x):
        return x * self.scale


ONE = MLP(hidden=(6,)).discriminator((12,))
ARCHITECTURES = {
    "head": (tiny(encoder=lambda self, s, heads, noise=0: MLP().encoder(s, {**heads, "code": 9}, noise)), r"\(6, 9\)"),
    "no head": (tiny(encoder=lambda self, s, heads, noise=0: MLP().encoder(s, {"code": 4}, noise)), "'label' is None"),
    "no dict": (tiny(encoder=lambda self, shape, heads, noise=0: nn.Sequential(nn.Flatten())), "no dict of heads"),
    "noise": (tiny(encoder=lambda self, s, heads, noise=0: Deaf(MLP().encoder(s, heads))), "ignores the noise"),
    "shape": (tiny(decoder=after(nn.Flatten)), r"gives \(6, 64\), not \(6, 1, 8, 8\)"),
    "range": (tiny(decoder=after(Raised)), r"leaves \[0, 1\] for output='sigmoid'; end with output_activation"),
    "scores": (tiny(discriminator=after(Wide, "discriminator")), "not one score a sample"),
    "condition": (tiny(discriminator=lambda self, s, condition=0: Deaf(MLP().discriminator(s))), "ignores its cond"),
    "dropout": (tiny(decoder=after(nn.Dropout)), "aaecore.nn"),
    "on the CPU": (tiny(decoder=after(OnCPU)), "mixes devices"),
    "state": (tiny(decoder=after(Remembering)), "keep all in parameters and buffers"),
    "one for all": (tiny(discriminator=lambda self, shape, condition=0: ONE), "the same weights|fails"),
}


class Deaf(nn.Module):
    """Hears its first input only."""

    def __init__(self, of):
        super().__init__()
        self.of = of

    def forward(self, x, beside=None):
        return self.of(x)


@pytest.mark.parametrize(("faulty", "said"), ARCHITECTURES.values(), ids=ARCHITECTURES)
def test_a_faulty_architecture_is_told_what_to_mend(faulty, said):
    with pytest.raises(ContractError, match=said):
        check_architecture(faulty)


def test_an_architecture_of_an_author_passes():
    check_architecture(tiny())


# ---- recipes


def with_phases(change, **more):
    return part(Bench, own_phases=lambda self, spec: change(Bench.own_phases(self, spec)), **more)


def meddle(f):
    with torch.no_grad():
        next(f.net.decoder.parameters()).mul_(0.5)
    return f.z.square().mean()


RECIPES = {
    "moves too much": (
        with_phases(lambda p: [evolve(p[0], moves=(*p[0].moves, "code_discriminator")), *p[1:]]),
        "leaves 'code_discriminator' as it is in phase 'rec', which should move it",
    ),
    "meddles": (
        with_phases(lambda p: [*p[:2], p[2].extended(terms={"more": meddle})]),
        "changes the network 'decoder' in phase 'gen'",
    ),
    "no probabilities": (part(Bench, predict=lambda self, f: f.encoded["label"]), "end with softmax"),
    "samples ignore n": (part(Bench, code_of_prior=lambda self, f: f.z_prior.repeat(2, 1)), r"sample gives \(10, 1"),
    "unexplained": (part(Bench, fields={"more": 1}), "does not explain its fields"),
}


@pytest.mark.parametrize(("faulty", "said"), RECIPES.values(), ids=RECIPES)
def test_a_faulty_recipe_is_told_what_to_mend(faulty, said):
    with pytest.raises(ContractError, match=said):
        check_recipe(faulty)


def test_a_message_is_one_line_that_names_the_part():
    with pytest.raises(ContractError) as e:
        check_prior(PRIORS["double"][0])
    assert str(e.value).startswith("Faulty gives torch.float64")
    assert "\n" not in str(e.value)


def test_the_core_keeps_its_own_contracts():
    check_scheduler(Sequential)
    check_stacking(Single)
    check_recipe(Bench)
