"""What each step moves, on which noise, to minimise what (the sheet's checks 1 and 7)."""

import math
from collections.abc import Sequence

import pytest
import torch
from attrs import field, frozen
from iaae.scheduler import NIter

from aaecore import compose
from aaecore.defaults.losses import BCE
from aaecore.phase import Phase

VARIANTS = [
    "iaae",
    "iaae-latent-mapping",
    "iaae-n-iter",
    "iaae-kld",
    "iaae-feature",
    "iaae-equal-linear",
    "iaae-combined",
]


@pytest.mark.parametrize("name", VARIANTS)
def test_each_step_moves_its_networks_only_and_all_of_them(bench, name):
    b = bench(name, adversarial={"name": "bce"})
    assert b.moved_by("rec") == {"encoder", "decoder"}
    assert b.moved_by("disc") == {"code_discriminator"}


@pytest.mark.parametrize("name", VARIANTS)
def test_the_third_step_moves_the_encoder_only(bench, name):
    assert bench(name).moved_by("gen") == {"encoder"}


def test_the_optimizers_are_three_adams_with_moments_of_their_own(bench):
    b = bench()
    b.train(1)
    moments = {n: o.state[o.param_groups[0]["params"][0]]["exp_avg"] for n, o in b.stepper.optimizers.items()}
    assert b.stepper.optimizers.keys() == {"rec", "disc", "gen"}
    assert all(o.param_groups[0]["lr"] == 1e-4 for o in b.stepper.optimizers.values())
    assert not moments["rec"].equal(moments["gen"])


@pytest.mark.parametrize(("scheduler", "steps"), [("sequential", 1), ("n-iter", 3), (NIter(n=5), 5)])
def test_n_iter_steps_the_discriminator_n_times_a_batch(bench, scheduler, steps):
    b = bench(scheduler=scheduler)
    b.train(2)
    counts = {n: int(o.state[o.param_groups[0]["params"][0]]["step"]) for n, o in b.stepper.optimizers.items()}
    assert counts == {"rec": 2, "disc": 2 * steps, "gen": 2}


def test_n_iter_repeats_every_discriminator_of_any_recipe_where_it_stands():
    phases = [
        Phase(n, r, (), {}, None) for n, r in [("a", "generator"), ("b", "discriminator"), ("c", "discriminator")]
    ]
    assert [p.name for p in NIter(n=2).plan(phases, None)] == ["a", "b", "b", "c", "c"]


@frozen(kw_only=True)
class Watched(BCE):
    """A game that keeps what it was shown."""

    seen: list = field(factory=list)

    def discriminator(self, d, real, fakes: Sequence, draw):
        self.seen.append((real.detach(), fakes[0].detach()))
        return super().discriminator(d, real, fakes, draw)


def test_every_discriminator_iteration_sees_fresh_draws_and_fresh_codes(bench):
    game = Watched()
    bench("iaae-n-iter", adversarial=game).train(1)
    reals, fakes = zip(*game.seen, strict=True)
    assert len(game.seen) == 3
    for several in (reals, fakes):
        assert len({t.sum().item() for t in several}) == 3


def test_every_phase_draws_its_codes_anew(bench):
    b = bench()
    f = b.forward()
    seen = []
    for phase in b.phases.values():
        f.begin(phase.moves)
        f.redraw(phase.redraws)
        seen.append(f.eta)
        f.end()
    assert len({t.sum().item() for t in seen}) == 3


def test_a_discriminator_of_zero_logits_has_loss_two_ln_two(bench):
    b = bench()
    head = b.networks["code_discriminator"].head
    torch.nn.init.zeros_(head.weight)
    torch.nn.init.zeros_(head.bias)
    assert b.loss("disc", "L_D").item() == pytest.approx(2 * math.log(2))
    assert b.loss("gen", "L_G").item() == pytest.approx(math.log(2))


def test_one_discriminator_step_raises_the_prior_and_lowers_codes_that_lie_beside_it(bench):
    b = bench(architecture={"name": "normalized-mlp", "dropout": 0}, batch=256)
    with torch.no_grad():
        b.networks["encoder"].heads["code"].bias[:10] += 0.5  # mu; sigma stays
    d, f = b.networks["code_discriminator"], b.forward()
    with torch.no_grad():
        real, fake = f.z_prior, f.z
        before_real, before_fake = d(real).mean(), d(fake).mean()
    b.stepper.run([b.phases["disc"]], [b.forward()])
    with torch.no_grad():
        assert d(real).mean() > before_real
        assert d(fake).mean() < before_fake


def test_the_baseline_has_the_papers_numbers():
    recipe = compose("iaae")
    assert (recipe.code, recipe.batch, recipe.epochs, recipe.scaling) == (10, 1024, 100, "symmetric")
    assert recipe.posterior.sigma == "raw"


def test_each_step_has_its_own_optimizer(bench):
    rates = {"reconstruction": 0.1, "discriminator": 0.2, "generator": 0.3}
    b = bench(**{f"{step}_optimizer": {"name": "adam", "lr": rate} for step, rate in rates.items()})
    assert {name: phase.optimizer.lr for name, phase in b.phases.items()} == {"rec": 0.1, "disc": 0.2, "gen": 0.3}


def test_the_encoders_step_makes_its_codes_look_like_the_prior(bench):
    b = bench(
        architecture={"name": "normalized-mlp", "dropout": 0, "batch_norm": False},
        posterior="deterministic",
        generator_optimizer={"name": "sgd", "lr": 0.1},
    )
    d = b.networks["code_discriminator"]
    with torch.no_grad():
        before = d(b.forward().z).mean()
    b.stepper.run([b.phases["gen"]], [b.forward()])
    with torch.no_grad():
        assert d(b.forward().z).mean() > before
