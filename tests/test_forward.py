import pytest
import torch
from torch import nn

from aaecore.forward import Forward, detached, quantity
from aaecore.posterior import GaussianPosterior
from aaecore.randomness import Draw
from aaecore.spec import Spec

SPEC = Spec(shape=(4,))


class Counting(nn.Module):
    """A linear layer that counts its calls."""

    def __init__(self, i, o):
        super().__init__()
        self.layer = nn.Linear(i, o)
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        return self.layer(x)


@pytest.fixture
def networks():
    return {"encoder": Counting(4, 4), "decoder": Counting(2, 4)}


@pytest.fixture
def f(toy, networks):
    recipe = toy(posterior=GaussianPosterior())
    return Forward(recipe, SPEC, networks, {"x": torch.rand(5, 4)}, Draw(0))


def test_a_quantity_is_computed_once(f, networks):
    assert f.x_rec is not None
    assert torch.equal(f.z, f.z)
    assert torch.equal(f.mu, f.mu)
    assert networks["encoder"].calls == 1
    assert networks["decoder"].calls == 1


def test_a_quantity_is_forgotten_when_a_network_it_came_from_has_moved(f, networks):
    f.begin(("decoder",))
    z, x_rec, x_gen, z_prior = f.z, f.x_rec, f.x_gen, f.z_prior
    f.end()
    assert f.z is not z  # detached alike, but
    assert networks["encoder"].calls == 1
    assert torch.equal(f.z, z)
    assert torch.equal(f.z_prior, z_prior)
    assert f.x_rec is not x_rec
    assert f.x_gen is not x_gen
    assert networks["decoder"].calls == 4


def test_a_moved_encoder_takes_everything_that_came_from_it(f, networks):
    f.begin(("encoder",))
    before = f.x_rec
    f.end()
    assert torch.equal(f.x_rec, before)
    assert (networks["encoder"].calls, networks["decoder"].calls) == (2, 2)


def test_a_phase_is_given_constants_for_what_it_does_not_move(f):
    f.begin(("decoder",))
    assert not f.z.requires_grad
    assert f.x_rec.requires_grad
    f.end()
    f.begin(("encoder",))
    assert f.z.requires_grad
    assert not f.z_prior.requires_grad


def test_gradients_reach_a_moved_network_through_one_that_is_not(f, networks):
    f.begin(("encoder",))
    loss = f.x_rec.square().mean()
    loss.backward(inputs=list(networks["encoder"].parameters()))
    assert networks["encoder"].layer.weight.grad.abs().sum() > 0
    assert networks["decoder"].layer.weight.grad is None


def test_outside_a_phase_everything_is_a_constant(f):
    assert not f.x_rec.requires_grad


def test_a_redrawn_noise_changes_what_it_is_in_and_nothing_else(f, networks):
    z, z_prior, mu = f.z, f.z_prior, f.mu
    f.redraw(("eta",))
    assert not torch.equal(f.z, z)
    assert torch.equal(f.z_prior, z_prior)
    f.redraw()
    assert not torch.equal(f.z_prior, z_prior)
    assert torch.equal(f.mu, mu)
    assert networks["encoder"].calls == 1


def test_noise_is_the_same_for_the_same_step(toy, networks):
    def codes(*key):
        return Forward(toy(), SPEC, networks, {"x": torch.rand(5, 4)}, Draw(*key)).z_prior

    assert torch.equal(codes(0, 7), codes(0, 7))
    assert not torch.equal(codes(0, 7), codes(0, 8))
    assert not torch.equal(codes(0, 7), codes(1, 7))


def test_the_encoder_sees_corrupted_samples_in_training_only(toy, networks):
    x = torch.ones(5, 4)
    recipe = toy(posterior=GaussianPosterior(), input_noise=0.5, input_dropout=0.5)
    assert torch.equal(Forward(recipe, SPEC, networks, {"x": x}, Draw(0), training=False).x_in, x)
    f = Forward(recipe, SPEC, networks, {"x": x}, Draw(0))
    assert not torch.equal(f.x_in, x)
    assert torch.equal(f.target, x)


def test_dropout_of_the_input_keeps_its_mean(toy):
    x = toy(input_dropout=0.25).corrupt(torch.ones(100, 100), Draw(0))
    assert x.unique().tolist() == pytest.approx([0, 4 / 3])
    assert x.mean() == pytest.approx(1, abs=0.02)


def test_a_target_stands_in_for_the_sample_itself(toy, networks):
    batch = {"x": torch.zeros(2, 4), "target": torch.ones(2, 4)}
    assert Forward(toy(), SPEC, networks, batch, Draw(0)).target.all()


def test_a_plain_encoder_says_the_code(f, networks):
    assert torch.equal(f.encode(f.x)["code"], networks["encoder"](f.x))
    assert "encoder" in f.net
    assert "critic" not in f.net
    assert f.net["encoder"] is f.net.encoder


def test_a_paper_adds_a_symbol_by_a_quantity(toy, networks):
    class Symbols(Forward):
        @quantity
        def z_norm(self):
            return self.z.norm()

    f = Symbols(toy(posterior=GaussianPosterior()), SPEC, networks, {"x": torch.rand(5, 4)}, Draw(0))
    f.begin(("encoder",))
    assert f.z_norm.requires_grad
    first = f.z_norm
    assert f.z_norm is first
    f.end()
    assert f.z_norm is not first


def test_a_failed_quantity_leaves_nothing_behind(f):
    def broken(f):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        f.quantity("broken", broken)
    assert f._open == []
    assert f.quantity("broken", lambda f: 3) == 3


def test_constants_are_cut_inside_containers():
    w = torch.ones(2, requires_grad=True)
    found = detached({"a": w, "b": (w, [w], "word")})
    assert not found["a"].requires_grad
    assert not found["b"][0].requires_grad
    assert found["b"][2] == "word"


def test_labels_are_one_hot_with_a_place_for_none(toy, networks):
    batch = {"x": torch.rand(3, 4), "y": torch.tensor([2, -1, 0])}
    f = Forward(toy(), Spec(shape=(4,), classes=3), networks, batch, Draw(0))
    assert f.y_known.tolist() == [[0, 0, 1, 0], [0, 0, 0, 1], [1, 0, 0, 0]]
    assert f.y.tolist() == [[0, 0, 1], [0, 0, 0], [1, 0, 0]]


def test_new_samples_have_the_labels_asked_for_or_any(toy, networks):
    asked = torch.tensor([2, 1] + 300 * [-1])
    f = Forward(toy(), Spec(shape=(4,), classes=3), networks, {"asked_labels": asked}, Draw(0))
    assert f.y_prior[:2].argmax(1).tolist() == [2, 1]
    assert set(f.y_prior[2:].argmax(1).tolist()) == {0, 1, 2}
