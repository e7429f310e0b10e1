"""The priors of figures 3 and 4, with and without labels (check 6)."""

from math import pi, sqrt

import pytest
import torch
from aae_classic.priors import Mixture, SwissRoll

from aaecore import compose
from aaecore.defaults.priors import Categorical, Gaussian, Uniform
from aaecore.errors import AAEError
from aaecore.randomness import Draw
from aaecore.spec import Spec

N = 20_000


def drawn(prior, code=2, labels=None, seed=0, n=N):
    return prior.sample(n, code, labels=labels, draw=Draw(seed), net=None)


def all_of(label):
    return torch.full((N,), label)


@pytest.mark.parametrize("k", range(10))
def test_a_label_of_the_mixture_is_a_petal_at_its_angle(k):
    z = drawn(Mixture(), labels=all_of(k)).double()
    angle = torch.tensor(2 * pi * k / 10)
    centre = 1.4 * torch.stack([angle.cos(), angle.sin()]).double()
    assert (z.mean(0) - centre).norm() < 3 * sqrt((0.25 + 0.01) / N)
    eigenvalues, axes = torch.linalg.eigh(z.T.cov())
    torch.testing.assert_close(eigenvalues, torch.tensor([0.01, 0.25]).double(), rtol=0.04, atol=0)
    assert abs(axes[:, 1] @ centre / 1.4) > 0.999


@pytest.mark.parametrize("k", range(10))
def test_a_label_of_the_swiss_roll_is_a_segment_of_it(k):
    z = drawn(SwissRoll(), labels=all_of(k)).double()
    u = z.square().sum(1) / 9
    assert u.min() >= k / 10 - 1e-6
    assert u.max() <= (k + 1) / 10 + 1e-6
    theta = 4 * pi * u.sqrt()
    torch.testing.assert_close(z, 3 * u.sqrt()[:, None] * torch.stack([theta.cos(), theta.sin()], 1), atol=1e-4, rtol=0)
    torch.testing.assert_close(u.mean(), torch.tensor((k + 0.5) / 10).double(), atol=0.002, rtol=0)


@pytest.mark.parametrize("prior", [Mixture(), SwissRoll(), Mixture(modes=4)])
def test_without_a_label_every_segment_is_as_likely(prior):
    z = drawn(prior)
    unlabelled = drawn(prior, labels=all_of(-1))
    assert z.equal(unlabelled)
    mixed = torch.stack([drawn(prior, labels=all_of(k), seed=k + 1).mean(0) for k in range(prior.modes)])
    assert (z.mean(0) - mixed.mean(0)).abs().max() < 0.05


def test_labelled_and_unlabelled_stand_in_one_batch():
    labels = torch.arange(N) % 11 - 1
    z = drawn(SwissRoll(), labels=labels)
    segment = (z.square().sum(1) / 9 * 10).clamp(max=9.999).floor().long()
    known = labels >= 0
    assert (segment[known] == labels[known]).float().mean() > 0.999
    assert torch.bincount(segment[~known], minlength=10).min() > 0.08 * (~known).sum()


def test_dimensions_beyond_the_plane_are_gaussian():
    z = drawn(SwissRoll(rest=2.0), code=5)
    assert z.shape == (N, 5)
    assert (z[:, 2:].std(0) - 2).abs().max() < 0.05


@pytest.mark.parametrize("std", [1.0, 5.0, 10.0])
def test_the_gaussian_has_the_deviation_it_is_given(std):
    z = drawn(Gaussian(std=std), code=8)
    assert (z.std(0) / std - 1).abs().max() < 0.03
    assert z.mean(0).abs().max() < 0.05 * std


def test_the_uniform_prior_fills_its_cube():
    z = drawn(Uniform(), code=3)
    assert -1 <= z.min() < -0.99
    assert 0.99 < z.max() <= 1
    assert (z.std(0) - 1 / sqrt(3)).abs().max() < 0.02


def test_the_categorical_prior_is_one_hot_and_fair():
    z = drawn(Categorical(), code=16)
    assert z.sum(1).eq(1).all()
    assert set(z.unique().tolist()) == {0.0, 1.0}
    assert (z.mean(0) * 16 - 1).abs().max() < 0.12
    assert drawn(Categorical(), code=16, labels=all_of(3)).argmax(1).eq(3).all()


@pytest.mark.parametrize("prior", ["mixture", "swiss-roll", "uniform", "gaussian", "categorical"])
@pytest.mark.parametrize("recipe", ["classic", "classic-supervised", "classic-semi-supervised"])
def test_any_prior_works_in_any_variant(bench, recipe, prior):
    losses = bench(recipe, prior=prior, code=4).run()
    assert all(value == value for value in losses.values())


@pytest.mark.parametrize(
    ("recipe", "settings", "said"),
    [
        ("classic", {"prior": "mixture", "code": 1}, "set code=2"),
        ("classic-label-prior", {"prior": "gaussian"}, "categorical, mixture, swiss-roll"),
        ("classic-label-prior", {"prior": Mixture(modes=4)}, "prior.modes=10"),
        ("classic-vae", {"prior": "mixture"}, "prior=gaussian"),
    ],
)
def test_a_prior_that_cannot_work_is_refused_with_what_would(recipe, settings, said):
    with pytest.raises(AAEError, match=said) as e:
        compose(recipe, **settings).build(Spec(shape=(1, 8, 8), classes=10))
    assert "\n" not in str(e.value)


def test_the_density_of_the_mixture_is_that_of_its_draws():
    prior = Mixture(modes=5, rest=0.5)
    axis = torch.linspace(-4, 4, 801)
    z = torch.cartesian_prod(axis, axis)
    plane = Mixture(modes=5).log_density(z).exp() * (axis[1] - axis[0]) ** 2
    assert float(plane.sum()) == pytest.approx(1, abs=1e-3)
    drawn = Mixture(modes=5).sample(100_000, 2, labels=None, draw=Draw(0), net=None)
    near = ((drawn - torch.tensor([1.4, 0.0])).norm(dim=1) < 0.3).float().mean()
    assert float(plane[(z - torch.tensor([1.4, 0.0])).norm(dim=1) < 0.3].sum()) == pytest.approx(float(near), abs=0.01)
    beyond = torch.distributions.Normal(0, 0.5).log_prob(torch.tensor(1.0))
    three = torch.tensor([[1.4, 0.0, 1.0]])
    assert torch.allclose(prior.log_density(three), Mixture(modes=5).log_density(three[:, :2]) + beyond)
