import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aaecore.defaults.priors import Categorical, Gaussian, Uniform
from aaecore.forward import Networks
from aaecore.randomness import Draw

NO_NETWORKS = Networks({}, lambda role: None)


def sample(prior, n=4000, code=3, labels=None, seed=0):
    return prior.sample(n, code, labels=labels, draw=Draw(seed), net=NO_NETWORKS)


@given(std=st.floats(0.1, 10))
@settings(max_examples=10)
def test_a_gaussian_has_mean_0_and_its_deviation(std):
    z = sample(Gaussian(std=std))
    assert z.shape == (4000, 3)
    assert (z.mean(0).abs() < 0.1 * std).all()
    assert torch.allclose(z.std(0), torch.full((3,), std), rtol=0.1)


@given(bound=st.floats(0.1, 10))
@settings(max_examples=10)
def test_a_uniform_fills_its_cube(bound):
    z = sample(Uniform(bound=bound))
    assert z.abs().max() <= bound
    assert (z.amax(0) > 0.95 * bound).all()
    assert (z.amin(0) < -0.95 * bound).all()


def test_categories_are_one_hot_and_equally_likely():
    y = sample(Categorical(), code=4)
    assert set(y.unique().tolist()) == {0, 1}
    assert (y.sum(1) == 1).all()
    assert torch.allclose(y.mean(0), torch.full((4,), 0.25), atol=0.03)


def test_a_labels_category_is_its_own_and_unlabelled_ones_are_any():
    labels = torch.tensor([0, 1, 2, 3] * 10 + [-1] * 200)
    y = sample(Categorical(), n=240, code=4, labels=labels)
    assert y[:40].argmax(1).tolist() == labels[:40].tolist()
    assert set(y[40:].argmax(1).tolist()) == {0, 1, 2, 3}


@pytest.mark.parametrize("prior", [Gaussian(), Uniform(), Categorical()])
def test_draws_are_a_function_of_the_seed(prior):
    assert torch.equal(sample(prior), sample(prior))
    assert not torch.equal(sample(prior), sample(prior, seed=1))


@pytest.mark.parametrize("wrong", [lambda: Gaussian(std=0), lambda: Uniform(bound=-1)])
def test_a_prior_without_width_is_refused(wrong):
    with pytest.raises(ValueError, match="must be > 0"):
        wrong()


@pytest.mark.parametrize("prior", [Gaussian(std=0.7), Uniform(bound=1.51)])
def test_a_density_integrates_to_one(prior):
    axis = torch.linspace(-5, 5, 501, dtype=torch.float64)
    z = torch.cartesian_prod(axis, axis)
    assert float(prior.log_density(z).exp().sum() * (axis[1] - axis[0]) ** 2) == pytest.approx(1, abs=0.01)
