"""The Wasserstein game with gradient penalty (the sheet's checks 1, 2, 6, 7 and 9)."""

from importlib.metadata import distributions

import pytest
import torch
from maagma.wgan import WGANGP, gradient_penalty, interpolate
from torch import nn

import aaecore
from aaecore import compose
from aaecore.architecture import Discriminator
from aaecore.data import DataConfig, load_data
from aaecore.errors import ConfigError
from aaecore.loss import Noisy
from aaecore.randomness import Draw
from aaecore.remarks import entangled


def samples(shape=(), n=16, seed=0):
    return Draw(seed).normal(n, *shape)


class Linear(nn.Module):
    """d(v) = w.v + b."""

    def __init__(self, w, b=0.7):
        super().__init__()
        self.w, self.b = nn.Parameter(w), nn.Parameter(torch.tensor(b))

    def forward(self, v):
        return v.flatten(1) @ self.w + self.b


@pytest.mark.parametrize("location", ["interpolate", "fake"])
@pytest.mark.parametrize("shape", [(5,), (1, 4, 3), (3, 8, 8)])
def test_the_penalty_of_a_linear_critic_is_its_slope_less_one_squared(shape, location):
    w = samples(n=torch.Size(shape).numel(), seed=3)
    game, d = WGANGP(gp_weight=10, gp_location=location), Linear(w)
    real, fake = samples(shape), samples(shape, seed=1) + 2
    expected = d(fake).mean() - d(real).mean() + 10 * (w.norm() - 1).square()
    torch.testing.assert_close(game.discriminator(d, real, [fake], Draw(0)), expected)


def test_a_norm_by_columns_would_be_another_penalty():
    w = torch.tensor([[1.0, 2.0], [0.5, -1.5], [0.1, 0.7]])
    d, v = Linear(w.flatten()), samples((1, 3, 2))
    assert gradient_penalty(d, v).item() == pytest.approx((w.norm().item() - 1) ** 2, rel=1e-5)
    assert gradient_penalty(d, v).item() != pytest.approx((w.norm(dim=0) - 1).square().mean().item(), rel=0.1)


def test_a_critic_of_unit_slope_costs_nothing_and_has_a_finite_gradient():
    w = samples(n=6)
    d = Linear(w / w.norm())
    loss = WGANGP().discriminator(d, samples((6,)), [samples((6,), seed=1)], Draw(0))
    loss.backward()
    assert gradient_penalty(d, samples((6,))).item() == pytest.approx(0, abs=1e-10)
    assert d.w.grad.isfinite().all()


def test_a_constant_critic_has_penalty_one_and_loss_lambda():
    d = Linear(torch.zeros(6))
    loss = WGANGP(gp_weight=7).discriminator(d, samples((6,)), [samples((6,), seed=1)], Draw(0))
    assert gradient_penalty(d, samples((6,))).item() == 1
    assert loss.item() == 7
    loss.backward()
    assert d.w.grad.isfinite().all()


def test_points_between_real_and_fake_take_one_number_per_sample():
    real, fake = torch.zeros(50, 3, 4, 4), torch.ones(50, 3, 4, 4)
    v = interpolate(real, fake, Draw(0)).flatten(1)
    assert v.std(dim=1).max() == 0
    assert len(v[:, 0].unique()) == 50
    assert 0 <= v.min() < 0.2
    assert 0.8 < v.max() <= 1


def test_the_literal_form_looks_at_the_fakes_only():
    def curved(v):
        return v.square().sum(1)

    real, fake = torch.full((4, 1), 100.0), torch.full((4, 1), 2.0)
    expected = 4 - 1e4 + 10 * (4 - 1) ** 2
    assert WGANGP(gp_location="fake").discriminator(curved, real, [fake], Draw(0)).item() == pytest.approx(expected)


def critic(width=6, seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(width, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1), nn.Flatten(0))


def test_several_fakes_are_as_many_games():
    d, real, one, two = critic(), samples((6,)), samples((6,), seed=1), samples((6,), seed=2)
    draw = Draw(0)
    alone = [WGANGP().discriminator(d, real, [fake], draw) for fake in (one, two)]
    torch.testing.assert_close(WGANGP().discriminator(d, real, [one, two], Draw(0)), sum(alone))


@pytest.mark.parametrize("fakes", [1, 2])
def test_a_constant_added_to_the_scores_changes_neither_loss_nor_gradients(fakes):
    d, real = critic(), samples((6,))
    made = [samples((6,), seed=k).requires_grad_() for k in range(1, fakes + 1)]

    def shifted(v):
        return d(v) + 5

    torch.testing.assert_close(
        WGANGP().discriminator(shifted, real, made, Draw(0)), WGANGP().discriminator(d, real, made, Draw(0))
    )
    grads = [torch.autograd.grad(WGANGP().generator(s(made[0])), made[0])[0] for s in (d, shifted)]
    assert grads[0].equal(grads[1])


def test_a_fake_that_comes_from_a_network_gets_no_gradient_through_the_penalty():
    fake = samples((6,)).requires_grad_()
    gradient_penalty(critic(), fake).backward()
    assert fake.grad is None


def test_the_gradient_is_by_the_sample_and_not_by_the_condition():
    network = Discriminator([nn.Flatten()], nn.Linear(5, 1))
    condition = samples((2,), seed=4)
    w = network.head.weight[0, :3]
    penalty = gradient_penalty(lambda v: network(v, condition), samples((3,)))
    torch.testing.assert_close(penalty, (w.norm() - 1).square())


def test_instance_noise_is_on_what_is_scored_and_not_where_the_slope_is_held():
    seen = []

    def d(v):
        seen.append(v.detach().clone())
        return v.square().sum(1)

    real, fake = torch.zeros(2000, 1), torch.ones(2000, 1)
    WGANGP(gp_location="fake").discriminator(Noisy(d, 0.1, Draw(1)), real, [fake], Draw(0))
    on_real, on_fake, held = seen
    assert on_real.std().item() == pytest.approx(0.1, rel=0.1)
    assert on_fake.std().item() == pytest.approx(0.1, rel=0.1)
    assert not (on_fake - 1).equal(on_real)
    assert held.equal(fake)


def test_the_penalty_is_the_same_under_mixed_precision():
    d, v = critic(), samples((6,))
    with torch.autocast("cpu", torch.bfloat16):
        assert d(v).dtype == torch.bfloat16
        mixed = gradient_penalty(d, v)
    assert mixed.dtype == torch.float32
    assert mixed.equal(gradient_penalty(d, v))


def test_the_critic_learns_to_score_real_above_fake_and_the_encoder_to_be_scored_higher(bench):
    b = bench(
        code_critic_optimizer={"name": "adam", "lr": 1e-3, "beta1": 0.5, "beta2": 0.9},
        prior={"name": "gaussian", "std": 3},
        reconstruction_weight=0,
    )
    for step in range(50):
        b.run("d_em", step=step)
    d = b.networks["code_discriminator"]

    def score(name):
        with torch.no_grad():
            return d(getattr(b.forward(), name)).mean()

    assert score("z_prior") > score("z") + 0.5
    before = score("z")
    b.run("ae")
    assert score("z") > before


def test_the_image_critic_learns_to_score_images_above_reconstructions_and_the_decoder_to_be_scored_higher(bench):
    b = bench(
        conditional=False,
        critic_input_noise=0,
        image_critic_optimizer={"name": "adam", "lr": 1e-3, "beta1": 0.5, "beta2": 0.9},
    )
    for step in range(50):
        b.run("d_out", step=step)
    d = b.networks["image_discriminator"]

    def score(name):
        with torch.no_grad():
            return d(getattr(b.forward(), name)).mean()

    assert score("x") > score("x_rec")
    before = score("x_rec")
    b.run("confuse")
    assert score("x_rec") > before


@pytest.mark.parametrize(("distance", "weight"), [(3, 10), (2, 5)])
def test_the_gap_on_the_line_settles_a_little_above_the_distance(distance, weight):
    """At a uniform slope it is W (1 + W / (2 lambda)), 3.45 for 3 and 10; the true optimum is slightly above."""
    torch.manual_seed(0)
    d = nn.Sequential(nn.Linear(1, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1), nn.Flatten(0))
    adam, game = torch.optim.Adam(d.parameters(), lr=1e-3), WGANGP(gp_weight=weight)
    for step in range(600):
        draw = Draw(0, step)
        loss = game.discriminator(d, draw.normal(256, 1), [draw.normal(256, 1) + distance], draw)
        adam.zero_grad()
        loss.backward()
        adam.step()
    z = Draw(1).normal(20_000, 1)
    gap, uniform = (d(z) - d(z + distance)).mean().item(), distance * (1 + distance / (2 * weight))
    assert 0.99 * uniform < gap < 1.1 * uniform


def test_batch_normalisation_under_the_penalty_is_said_before_training(bench):
    b = bench()
    assert entangled(b.phases.values(), b.networks) == []
    b.networks["code_discriminator"].blocks.append(nn.BatchNorm1d(16))
    assert entangled(b.phases.values(), b.networks) == ["code_discriminator"]
    assert entangled(bench(adversarial="bce").phases.values(), b.networks) == []


def test_no_loss_of_a_critic_means_that_real_and_fake_are_alike():
    """What it has learnt of slopes decides: a gap of 0 costs up to the penalty's weight."""
    assert WGANGP().equilibrium("discriminator") is None
    assert WGANGP().equilibrium("generator") is None


@pytest.mark.parametrize("settings", [{"gp_weight": -1}, {"gp_location": "real"}])
def test_settings_that_make_no_sense_are_refused(settings):
    with pytest.raises(ConfigError, match=next(iter(settings))):
        compose("maagma", adversarial={"name": "wgan-gp", **settings})


CLASSIC = any(d.metadata["Name"] == "aae-classic" for d in distributions())
RECIPES = ["", "-label-prior", "-supervised", "-semi-supervised", "-clustering", "-dim-reduction", "-vae", "-dcgan"]


@pytest.mark.skipif(not CLASSIC, reason="aae-classic is not installed")
@pytest.mark.parametrize("recipe", ["classic" + r for r in RECIPES])
def test_it_works_in_every_recipe_of_the_classic_plugin(recipe):
    batches = {"labelled_batch": 10} if recipe in ("classic-semi-supervised", "classic-dim-reduction") else {}
    small = {"name": "dcgan", "width": 8} if recipe == "classic-dcgan" else {"name": "mlp", "hidden": [16]}
    made = compose(recipe, adversarial="wgan-gp", architecture=small, batch=20, **batches)
    model = aaecore.train(made, load_data(DataConfig(limit=60), 0), epochs=1, quiet=True, device="cpu")
    assert all(p.isfinite().all() for net in model.networks.values() for p in net.parameters())
