"""What enters beside the noise, and what is refused."""

from pathlib import Path
from typing import Any

import pytest
import torch
from aae_learnedprior.architecture import Residual
from aae_learnedprior.networks import CodeGenerator
from aae_learnedprior.prior import Learned
from aae_learnedprior.recipe import (
    ConditionalSupervised,
    ConditionalUnsupervised,
    FixedPrior,
    FixedPriorSupervised,
    FixedPriorUnsupervised,
    LearnedPrior,
    TextConditional,
)
from attrs import evolve, frozen
from torch import nn

import aaecore
from aaecore.data import Data
from aaecore.defaults.architectures import MLP
from aaecore.defaults.priors import Gaussian
from aaecore.errors import AAEError, DataError
from aaecore.forward import Forward
from aaecore.model import Model
from aaecore.optimizer import Adam
from aaecore.phase import Phase
from aaecore.randomness import Draw
from aaecore.recipe import Recipe
from aaecore.spec import Spec
from aaecore.unused import unused_settings

SHORT = {"epochs": 1, "batch": 12}


def trained(recipe: Recipe, data: Data) -> Model:
    return aaecore.train(evolve(recipe, **SHORT), data, quiet=True, device="cpu")


@frozen(kw_only=True)
class Trained(Gaussian):
    """A prior with a network as wide as a code."""

    def networks(self, recipe, spec):
        return {"shift": lambda: nn.Linear(recipe.code, recipe.code)}

    def phases(self, recipe, spec):
        return [Phase("shift", "prior", ("shift",), {"L": lambda f: f.x_gen.square().mean()}, Adam())]

    def sample(self, n, code, *, labels, draw, net):
        return net.shift(draw.normal(n, code))


CONDITIONAL = [ConditionalSupervised, ConditionalUnsupervised, FixedPriorSupervised, FixedPriorUnsupervised]


@pytest.mark.parametrize("recipe", CONDITIONAL)
def test_samples_can_be_asked_for_by_label_and_images_recognized(
    recipe: type[LearnedPrior], small: Residual, data: Data
) -> None:
    model = trained(recipe(architecture=small), data)
    one, other = model.sample(4, labels=1), model.sample(4, labels=7)
    assert one.shape == (4, 1, 8, 8)
    assert not torch.equal(one, other)
    said = model.predict(data.x.take(range(3)))
    assert said.shape == (3, 10)
    assert torch.allclose(said.sum(1), torch.ones(3))


def test_unconditioned_samples_cannot_be_asked_for_by_label(small: Residual, data: Data) -> None:
    model = trained(LearnedPrior(architecture=small), data)
    with pytest.raises(AAEError, match="label"):
        model.sample(4, labels=1)
    with pytest.raises(AAEError, match="condition"):
        model.sample(4, condition=torch.zeros(5))


def test_dense_conditions_choose_the_sample_and_are_made_up_where_none_is_given(small: Residual, data: Data) -> None:
    model = trained(TextConditional(architecture=small), data)
    assert data.condition is not None
    each = model.sample(4, condition=data.condition[:4])
    alike = model.sample(4, condition=data.condition[2])
    assert torch.allclose(each[2], alike[2], atol=1e-6)
    assert not torch.allclose(each[1], alike[1], atol=1e-6)
    assert model.sample(4).shape == (4, 1, 8, 8)
    with pytest.raises(DataError, match=r"\(4, 5\)"):
        model.sample(4, condition=torch.zeros(4, 3))


def test_made_up_conditions_have_the_moments_of_the_data() -> None:
    cg = CodeGenerator(2, 2, 4, condition=3, projection=8)
    s = torch.randn(4000, 3) * torch.tensor([1.0, 5.0, 0.1]) + torch.tensor([0.0, 20.0, -3.0])
    for _ in range(100):
        cg(torch.randn(4000, 2), s)
    made = cg.typical_condition(20_000, None, Draw(0))
    assert made is not None
    assert torch.allclose(made.mean(0), s.mean(0), rtol=0.05, atol=0.1)
    assert torch.allclose(made.std(0), s.std(0), rtol=0.05)


def test_the_prior_is_given_the_samples_own_labels_in_training_and_random_ones_where_unlabelled(
    spec: Spec, small: Residual
) -> None:
    recipe = ConditionalSupervised(architecture=small)
    y = torch.tensor([3, -1] * 100)
    f = Forward(recipe, spec, recipe.build(spec), {"x": torch.zeros(200, 1, 8, 8), "y": y}, Draw(0, 0))
    prior = recipe.prior
    assert isinstance(prior, Learned)
    s = prior.s(f).argmax(1)
    assert (s[::2] == 3).all()
    assert len(s[1::2].unique()) == 10


def test_unlabelled_samples_do_not_disturb_the_recognizer(spec: Spec, small: Residual) -> None:
    recipe = ConditionalSupervised(architecture=small)
    batch = {"x": torch.randn(6, 1, 8, 8), "y": torch.full((6,), -1)}
    f = Forward(recipe, spec, recipe.build(spec), batch, Draw(0, 0))
    q = recipe.all_phases(spec)[-1]
    assert q.terms["L_cls"].loss(f).item() == 0


@pytest.mark.parametrize("recipe", [FixedPriorSupervised, FixedPriorUnsupervised])
def test_a_fixed_prior_is_the_noise_beside_the_condition(
    recipe: type[LearnedPrior], small: Residual, spec: Spec
) -> None:
    made = recipe(architecture=small)
    nets = made.build(spec)
    assert not list(nets["code_generator"].parameters())
    y = torch.arange(4000) % 10
    f = Forward(made, spec, nets, {"x": torch.zeros(4000, 1, 8, 8), "y": y}, Draw(0, 0))
    prior = made.prior
    assert isinstance(prior, Learned)
    noise, s = f.z_prior[:, :6], f.z_prior[:, 6:]
    assert torch.equal(s, prior.s(f))
    assert torch.equal(s.argmax(1), y) == (recipe is FixedPriorSupervised)
    assert torch.allclose(noise.mean(0), torch.zeros(6), atol=0.06)
    assert torch.allclose(noise.std(0), torch.ones(6), atol=0.06)


def test_a_fixed_prior_takes_dense_conditions_too(small: Residual, data: Data) -> None:
    prior = Learned(condition="dense", generator="identity")
    model = trained(LearnedPrior(architecture=small, code=12, prior=prior), data)
    assert data.condition is not None
    assert model.sample(4, condition=data.condition[:4]).shape == (4, 1, 8, 8)
    codes = model.prior(2000)[:, 7:]
    assert torch.allclose(codes.std(0), torch.ones(5), atol=0.2)


def test_the_standalone_sample_is_of_the_given_labels(spec: Spec, small: Residual) -> None:
    recipe = ConditionalSupervised(architecture=small)
    nets = {role: net.eval() for role, net in recipe.build(spec).items()}
    f = Forward(recipe, spec, nets, {"x": torch.zeros(4, 1, 8, 8)}, Draw(0, 0), training=False)
    k = torch.tensor([0, 1, 2, 3])
    made = recipe.prior.sample(4, recipe.code, labels=k, draw=Draw(5), net=f.net)
    again = recipe.prior.sample(4, recipe.code, labels=k, draw=Draw(5), net=f.net)
    other = recipe.prior.sample(4, recipe.code, labels=k.flip(0), draw=Draw(5), net=f.net)
    assert torch.equal(made, again)
    assert not torch.equal(made, other)


def test_a_saved_model_samples_as_before(tmp_path: Path, data: Data) -> None:
    recipe = aaecore.compose("learnedprior-supervised", architecture=MLP(hidden=(16,)), **SHORT)
    model = aaecore.train(recipe, data, quiet=True, device="cpu", out=tmp_path / "run")
    again = aaecore.load(tmp_path / "run")
    assert torch.equal(model.sample(5, labels=2), again.sample(5, labels=2))


REFUSED = [
    (LearnedPrior(prior=Learned(condition="dense")), {"condition": 0}, "condition vectors"),
    (ConditionalSupervised(), {"classes": 0}, "no labels"),
    (LearnedPrior(prior=Learned(condition="random")), {"classes": 0}, "prior.categories=10"),
    (LearnedPrior(prior=Learned(generator="identity", condition="labels")), {}, "code=18"),
    (FixedPriorSupervised(prior=Learned(generator="identity", condition="labels", noise=9)), {}, "prior.noise=6"),
    (LearnedPrior(prior=Learned(generator="identity", noise=5)), {}, "prior.noise=8"),
    (LearnedPrior(prior=Learned(base=Learned())), {}, "recipe.prior.base: brings the network 'code_generator'"),
    (LearnedPrior(prior=Learned(base=Trained(), noise=3)), {}, "prior.noise=0"),
    (FixedPriorSupervised(prior=Learned(base=Trained(), generator="identity", condition="labels")), {}, "gaussian"),
    (LearnedPrior(prior=Learned(matching=True)), {}, "prior.condition=dense"),
    (LearnedPrior(condition_dc=True), {}, "prior.condition=labels"),
    (ConditionalUnsupervised(condition_dc=True), {}, "prior.condition=labels"),
    (LearnedPrior(batch=1), {}, "batch=64"),
    (FixedPrior(), {"shape": (2,)}, "architecture=mlp"),
]


@pytest.mark.parametrize(("recipe", "given", "remedy"), REFUSED)
def test_what_cannot_work_is_refused_with_the_remedy(recipe: Recipe, given: dict[str, int], remedy: str) -> None:
    spec = evolve(Spec(shape=(1, 8, 8), classes=10, condition=5, output="tanh"), **given)
    with pytest.raises(AAEError, match=remedy) as error:
        recipe.build(spec)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("noise", [0, 4])
def test_the_noise_may_itself_be_trained(data: Data, noise: int) -> None:
    model = trained(LearnedPrior(code=4, prior=Learned(base=Trained(), noise=noise)), data)
    assert model.sample(3).isfinite().all()


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({}, []),
        ({"categories": 7}, ["prior.categories"]),
        ({"condition": "random", "categories": 7}, []),
        ({"generator": "identity", "hidden": 77}, ["prior.hidden"]),
        ({"hidden": 77}, []),
        ({"projection": 3, "information": 2.0}, ["prior.information", "prior.projection"]),
        ({"condition": "dense", "projection": 3, "information": 2.0}, []),
        ({"decoder_optimizer": Adam(lr=1.0)}, ["prior.decoder_optimizer"]),
        ({"decoder_optimizer": Adam(lr=1.0), "share_decoder_optimizer": False}, []),
    ],
)
def test_settings_of_another_condition_or_generator_are_remarked(changed: dict[str, Any], named: list[str]) -> None:
    spec = Spec(shape=(1, 8, 8), classes=4, condition=5, output="tanh")
    assert unused_settings(LearnedPrior(prior=Learned(**changed)), spec) == named


def test_an_own_code_generator_must_be_one_that_can_be_asked_for_conditions(data: Data) -> None:
    recipe = LearnedPrior(code=4, **SHORT)
    with pytest.raises(AAEError, match=r"your own code_generator is a Linear, .*; derive it from .*CodeGenerator"):
        aaecore.train(recipe, data, quiet=True, device="cpu", networks={"code_generator": nn.Linear(4, 4)})
    own = CodeGenerator(4, 4, 8, 0, 0)
    model = aaecore.train(recipe, data, quiet=True, device="cpu", networks={"code_generator": own})
    assert model.networks["code_generator"] is own
