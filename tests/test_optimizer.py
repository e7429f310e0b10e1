import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from aaecore.optimizer import SGD, Adam, RMSprop

ALL = [SGD, Adam, RMSprop]


@pytest.mark.parametrize("kind", ALL)
def test_an_optimizer_descends(kind):
    w = torch.nn.Parameter(torch.ones(3))
    optimizer = kind(lr=0.1).build([w])
    for _ in range(5):
        w.square().sum().backward()
        optimizer.step()
        optimizer.zero_grad()
    assert w.square().sum() < 3


@given(st.lists(st.integers(0, 50), max_size=4), st.integers(0, 60))
def test_each_milestone_passed_multiplies_the_rate(milestones, epoch):
    made = SGD(lr=1.0, milestones=tuple(milestones), gamma=0.5)
    assert made.rate(epoch, 61) == 0.5 ** sum(m <= epoch for m in milestones)


@pytest.mark.parametrize("power", [1.0, 0.75, 2.0])
def test_annealing_goes_from_the_first_rate_to_the_final_one(power):
    made = SGD(lr=1.0, final=0.2, power=power)
    assert made.rate(0, 8) == 1.0
    assert made.rate(2, 8) == pytest.approx(1 - 0.8 * 0.25**power)
    assert made.rate(7, 8) > made.rate(8, 8) == pytest.approx(0.2)


def test_milestones_multiply_an_annealed_rate():
    assert SGD(lr=1.0, final=0.5, milestones=(1,), gamma=0.1).rate(2, 4) == pytest.approx(0.075)


@pytest.mark.parametrize("kind", ALL)
def test_settings_reach_the_optimizer(kind):
    built = kind(lr=0.3, weight_decay=0.01).build([torch.nn.Parameter(torch.ones(1))])
    assert (built.defaults["lr"], built.defaults["weight_decay"]) == (0.3, 0.01)


def test_the_moments_of_adam_are_as_set():
    built = Adam(beta1=0.5, beta2=0.9).build([torch.nn.Parameter(torch.ones(1))])
    assert built.defaults["betas"] == (0.5, 0.9)


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize(
    "wrong", [{"lr": 0}, {"weight_decay": -1}, {"gamma": 0}, {"final": 0}, {"power": 0}, {"milestones": ("a",)}]
)
def test_nonsense_is_refused_by_the_field(kind, wrong):
    with pytest.raises((ValueError, TypeError), match=next(iter(wrong))):
        kind(**wrong)


def test_adams_defaults_are_the_published_ones():
    made = Adam(lr=1e-3)
    assert (made.beta1, made.beta2) == (0.9, 0.999)
