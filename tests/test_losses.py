from math import log
from types import SimpleNamespace

import pytest
import torch
from attrs import evolve

from aaecore.adversary import Adversary, equilibria
from aaecore.defaults.losses import (
    BCE,
    KL,
    HalfMeanSquaredError,
    HalfSquaredError,
    MeanAbsoluteError,
    MeanSquaredError,
    kl_gaussians,
    reverse_kl_gaussians,
)
from aaecore.defaults.priors import Gaussian, Uniform
from aaecore.errors import ConfigError
from aaecore.loss import AdversarialLoss
from aaecore.posterior import GaussianPosterior
from aaecore.randomness import Draw
from aaecore.spec import Spec

SPEC = Spec(shape=(1, 4, 4))


@pytest.mark.parametrize(
    ("loss", "value"),
    [
        (HalfSquaredError(), 0.5 * 0.25 * 12),
        (MeanSquaredError(), 0.25),
        (HalfMeanSquaredError(), 0.125),
        (MeanAbsoluteError(), 0.5),
    ],
)
def test_a_reconstruction_error_reduces_as_its_name_says(loss, value):
    x = torch.rand(5, 3, 2, 2)
    f = SimpleNamespace(x_rec=x + 0.5, target=x, n=5)
    assert loss(f) == pytest.approx(value, rel=1e-5)
    assert loss(SimpleNamespace(x_rec=x, target=x, n=5)) == 0


@pytest.mark.parametrize("form", ["nonsaturating", "saturating"])
@pytest.mark.parametrize("fakes", [1, 2, 3])
def test_the_equilibrium_is_the_best_a_discriminator_can_do(form, fakes):
    game, v = BCE(generator_form=form), torch.zeros(64)
    best = torch.tensor(-log(fakes), requires_grad=True)  # the logit of 1 / (1 + fakes)
    loss = game.discriminator(lambda x: best.expand(len(x)), v, [v] * fakes, Draw(0))
    assert loss.item() == pytest.approx(game.equilibrium("discriminator", fakes)[1], rel=1e-5)
    assert torch.autograd.grad(loss, best)[0].abs() < 1e-5
    deceived = game.generator(best.expand(64)).item()
    assert deceived == pytest.approx(game.equilibrium("generator", fakes)[1], rel=1e-5)


def test_the_classic_equilibrium_is_twice_and_once_ln_2():
    assert BCE().equilibrium("discriminator") == ("2 ln 2", pytest.approx(2 * log(2)))
    assert BCE().equilibrium("generator") == ("ln 2", pytest.approx(log(2)))


def test_the_phases_of_a_game_know_their_equilibrium(toy):
    phases = toy().all_phases(SPEC)
    found = equilibria(phases)
    assert {name: words for name, (words, _) in found.items()} == {"disc": "2 ln 2", "gen": "ln 2"}


@pytest.mark.parametrize("made", [("z",), ("z", "mu")])
def test_who_makes_some_of_the_fakes_is_judged_by_a_discriminator_that_sees_all(toy, made):
    game, other = (Adversary("code_discriminator", real="z_prior", fakes=f, loss=BCE()) for f in (("z", "mu"), made))
    _, disc, gen = toy().all_phases(SPEC)
    phases = [evolve(disc, terms={"L": game.discriminate}), evolve(gen, terms={"L": other.deceive})]
    assert equilibria(phases)["gen"][1] == pytest.approx(len(made) * log(3))
    assert equilibria(phases)["disc"][1] == pytest.approx(log(3) - 2 * log(2 / 3))


def test_a_game_without_an_equilibrium_has_no_reference(toy):
    class Other(AdversarialLoss):
        pass

    game = Adversary("code_discriminator", real="z_prior", fakes="z", loss=Other())
    disc = evolve(toy().all_phases(SPEC)[1], terms={"L_D": game.discriminate})
    assert equilibria([disc]) == {}


@pytest.mark.parametrize("form", ["nonsaturating", "saturating"])
def test_deceiving_pushes_the_scores_of_fakes_up(form):
    scores = torch.zeros(8, requires_grad=True)
    BCE(generator_form=form).generator(scores).backward()
    assert (scores.grad < 0).all()


def test_the_discriminator_separates_real_from_every_fake():
    scores = {n: torch.zeros(4, requires_grad=True) for n in ("real", "a", "b")}
    names = {id(v): n for n, v in scores.items()}
    BCE().discriminator(lambda v: scores[names[id(v)]], scores["real"], [scores["a"], scores["b"]], Draw(0)).backward()
    assert (scores["real"].grad < 0).all()
    assert (scores["a"].grad > 0).all()
    assert (scores["b"].grad > 0).all()


@pytest.mark.parametrize("kl", [kl_gaussians, reverse_kl_gaussians])
def test_a_divergence_is_0_at_the_prior_and_positive_elsewhere(kl):
    mu, sigma = torch.zeros(1, 3), torch.full((1, 3), 2.0)
    assert kl(mu, sigma, 2.0).item() == pytest.approx(0, abs=1e-6)
    assert kl(mu + 1, sigma, 2.0) > 0
    assert kl(mu, 0.5 * sigma, 2.0) > 0


def test_the_divergences_are_those_of_torch():
    q, p = torch.distributions.Normal(0.3, 0.7), torch.distributions.Normal(0.0, 1.5)
    mu, sigma = torch.full((1, 1), 0.3), torch.full((1, 1), 0.7)
    assert kl_gaussians(mu, sigma, 1.5).item() == pytest.approx(
        torch.distributions.kl_divergence(q, p).item(), rel=1e-5
    )
    reverse = torch.distributions.kl_divergence(p, q).item()
    assert reverse_kl_gaussians(mu, sigma, 1.5).item() == pytest.approx(reverse, rel=1e-5)


def test_a_negative_raw_sigma_is_as_good_as_its_opposite():
    mu, sigma = torch.randn(2, 3), torch.rand(2, 3) + 0.1
    assert torch.equal(kl_gaussians(mu, sigma), kl_gaussians(mu, -sigma))


def test_a_divergence_in_closed_form_needs_gaussians(toy):
    toy(posterior=GaussianPosterior(), prior=Gaussian(), regularizers=(KL(),)).validate(SPEC)
    with pytest.raises(ConfigError, match="posterior=gaussian"):
        toy(regularizers=(KL(),)).validate(SPEC)
    with pytest.raises(ConfigError, match="prior=gaussian"):
        toy(posterior=GaussianPosterior(), prior=Uniform(), regularizers=(KL(),)).validate(SPEC)
