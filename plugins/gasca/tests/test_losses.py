"""The two losses: what they are worth, whom they move, and what the discriminator is shown (checks 5, 6, 11)."""

from math import log

import pytest
import torch
from attrs import evolve
from gasca import Gasca

from aaecore import train
from aaecore.forward import Forward
from aaecore.observer import Observer
from aaecore.optimizer import Adam
from aaecore.phase import Phase
from aaecore.randomness import Draw

D = "image_discriminator"


@pytest.fixture
def bench(tiny, untrained, turned):
    """A model, its phases by name, and what makes a `Forward` of its first batch."""
    model = untrained(tiny(), turned)
    phases = {p.name: p for p in model.recipe.all_phases(model.spec)}
    batch = {"x": turned.x.take(range(32)), "target": turned.target.take(range(32))}

    def forward(**other):
        return Forward(model.recipe, model.spec, model.networks, {**batch, **other}, Draw(0))

    return model, phases, forward


def total(phase, f):
    f.begin(phase.moves)
    return sum(t.weight * t.loss(f) for t in phase.terms.values())


def silence(discriminator):
    for parameter in discriminator.head.parameters():
        torch.nn.init.zeros_(parameter)


def test_the_discriminators_loss_is_2_ln_2_at_zero_logits(bench):
    model, phases, forward = bench
    silence(model.networks[D])
    assert total(phases["disc"], forward()).item() == pytest.approx(2 * log(2), abs=1e-6)


def test_discriminator_steps_raise_the_targets_scores_and_lower_the_reconstructions(bench):
    model, phases, forward = bench
    f = forward()
    d, real, fake = model.networks[D], f.target, f.x_rec.detach()

    def step(optimizer):
        total(phases["disc"], f).backward()
        optimizer.step()
        optimizer.zero_grad()

    silence(d)
    adam = torch.optim.Adam(d.parameters(), lr=1e-2)
    for _ in range(20):
        step(adam)
    before_real, before_fake = d(real).mean(), d(fake).mean()
    assert before_real > 0 > before_fake
    step(torch.optim.SGD(d.parameters(), lr=0.05))
    assert d(real).mean() > before_real
    assert d(fake).mean() < before_fake


def test_the_discriminators_loss_has_no_gradient_in_the_autoencoder(bench):
    model, phases, forward = bench
    total(phases["disc"], forward()).backward()
    assert all(p.grad is None for r in ("encoder", "decoder") for p in model.networks[r].parameters())
    assert all(p.grad is not None for p in model.networks[D].parameters())


def test_the_generators_loss_is_the_weighted_sum_of_error_and_deception(bench):
    model, phases, forward = bench
    f = forward()
    fake = f.x_rec
    error = (fake - f.target).square().mean()
    deception = torch.nn.functional.softplus(-model.networks[D](fake)).mean()
    assert total(phases["gen"], f).item() == pytest.approx((error + 1e-3 * deception).item(), rel=1e-5)


def test_weights_and_optimizers_are_each_phases_own(tiny, untrained, turned):
    moves = {"disc": Adam(lr=0.1), "gen": Adam(lr=0.2)}
    optimizers = {"discriminator_optimizer": moves["disc"], "generator_optimizer": moves["gen"]}
    model = untrained(tiny(rec_weight=0.7, adv_weight=0.3, **optimizers), turned)
    disc, gen = model.recipe.all_phases(model.spec)
    assert {disc.name: disc.optimizer, gen.name: gen.optimizer} == moves
    assert [disc.name, gen.name] == ["disc", "gen"]  # one step of D, then one of G
    assert {name: t.weight for name, t in gen.terms.items()} == {"L_rec": 0.7, "L_adv": 0.3}


@pytest.mark.parametrize("k", [1, 2, 3])
def test_every_levels_discriminator_is_at_2_ln_2_with_zero_logits(k, tiny, untrained, turned):
    recipe = tiny()
    model = untrained(recipe, turned)
    phases = recipe.all_phases(model.spec)
    stage = next(s for s in recipe.stacking.stages(model.networks, phases, recipe) if s.name == f"level-{k}")
    silence(stage.networks[D])
    batch = {"x": turned.x.take(range(8)), "target": turned.target.take(range(8))}
    f = Forward(recipe, model.spec, stage.networks, batch if stage.inputs is None else stage.inputs(batch), Draw(0))
    assert total(phases[0], f).item() == pytest.approx(2 * log(2), abs=1e-6)


def test_exchanging_input_and_target_changes_the_loss(bench):
    _, phases, forward = bench
    f = forward()
    swapped = forward(x=f.target, target=f.x)
    assert total(phases["gen"], f).item() != pytest.approx(total(phases["gen"], swapped).item(), rel=1e-4)


def test_the_discriminator_is_shown_targets_and_reconstructions_and_never_inputs(bench):
    model, phases, forward = bench
    shown = []
    model.networks[D].register_forward_pre_hook(lambda _, args: shown.append(args[0].detach()))
    f = forward()
    for phase in phases.values():
        total(phase, f)
        f.end()
    assert len(shown) == 3
    assert not any(torch.equal(v, f.x) for v in shown)
    assert any(torch.equal(v, f.target) for v in shown)


class Spectated(Gasca):
    """Without an adversarial term, with a discriminator that looks on."""

    def own_networks(self, spec):
        return evolve(self, adv_weight=1.0).own_networks(spec) if not self.adv_weight else super().own_networks(spec)

    def own_phases(self, spec):
        if self.adv_weight:
            return super().own_phases(spec)
        disc, _ = evolve(self, adv_weight=1.0).own_phases(spec)
        assert isinstance(disc, Phase)
        return (disc, *super().own_phases(spec))


def test_without_adversarial_weight_no_discriminator_matters(tiny, watch, turned):
    alone = watch(tiny(adv_weight=0.0), turned)
    spectated = watch(tiny(Spectated, adv_weight=0.0), turned)
    last, other = (list(run.after.values())[-1] for run in (alone, spectated))
    assert not any(name.startswith(D) for name in last)
    assert any(name.startswith(D) for name in other)
    assert all(torch.equal(tensor, other[name]) for name, tensor in last.items() if not name.startswith("level_heads"))
    assert not any("disc" in name or "realign" in name for name in alone.losses)


class OtherDiscriminator(Observer):
    """Begins with another discriminator than the seed's."""

    def train_begin(self, t):
        with torch.random.fork_rng():
            torch.manual_seed(99)
            for p in t.model.networks[D].parameters():
                torch.nn.init.normal_(p)


def test_the_autoencoder_goes_its_way_whatever_the_discriminator_begins_with_unless_it_weighs(tiny, turned):
    def autoencoder(weight, *observers):
        recipe = tiny(Spectated, adv_weight=weight)
        found = train(recipe, turned, quiet=True, device="cpu", observers=observers).networks
        return {f"{r}/{k}": v for r in ("encoder", "decoder") for k, v in found[r].state_dict().items()}

    def same(one, other):
        return all(torch.equal(tensor, other[name]) for name, tensor in one.items())

    assert same(autoencoder(0.0), autoencoder(0.0, OtherDiscriminator()))
    assert not same(autoencoder(1e-3), autoencoder(1e-3, OtherDiscriminator()))
