"""Which parameters each phase of each variant moves, bit for bit, and what its losses are worth (checks 1, 2, 3)."""

from math import log

import pytest
import torch

from aaecore.optimizer import SGD
from aaecore.phase import Phase

E, G, D, DY, W = "encoder", "decoder", "code_discriminator", "label_discriminator", "cluster_heads"

ALGORITHMS = {
    "classic": {"rec": {E, G}, "disc": {D}, "gen": {E}},
    "classic-label-prior": {"rec": {E, G}, "disc": {D}, "gen": {E}},
    "classic-supervised": {"rec": {E, G}, "disc": {D}, "gen": {E}},
    "classic-semi-supervised": {"rec": {E, G}, "disc": {D, DY}, "gen": {E}, "cls": {E}},
    "classic-clustering": {"rec": {E, G}, "disc": {D, DY}, "gen": {E}},
    "classic-dim-reduction": {"rec": {E, G, W}, "disc": {D, DY}, "gen": {E}, "head": {W}, "cls": {E}},
    "classic-vae": {"vae": {E, G}},
    "classic-dcgan": {"disc": {"image_discriminator"}, "gen": {G}},
}


@pytest.mark.parametrize("recipe", ALGORITHMS)
def test_the_phases_are_those_of_the_paper_in_its_order(bench, recipe):
    phases = bench(recipe).phases
    assert {name: set(p.moves) for name, p in phases.items()} == ALGORITHMS[recipe]
    assert list(phases) == list(ALGORITHMS[recipe])


@pytest.mark.parametrize(
    ("recipe", "phase"), [(recipe, phase) for recipe, phases in ALGORITHMS.items() for phase in phases]
)
def test_a_phase_changes_its_own_networks_and_leaves_the_others_bit_for_bit(bench, recipe, phase):
    b = bench(recipe)
    own = {k for k in b.snapshot() if k.split("/")[0] in ALGORITHMS[recipe][phase]}
    spared = {k for k in own if phase == "cls" and k.startswith("encoder/heads.code")}
    assert b.moved_by(phase) == own - spared


@pytest.mark.parametrize("recipe", ALGORITHMS)
def test_phases_leave_the_others_alone_also_when_they_follow_each_other(bench, recipe, monkeypatch):
    b = bench(recipe)
    before, moved = b.snapshot(), []
    descend = b.stepper._descend

    def watched(phase: Phase, forwards):
        losses = descend(phase, forwards)
        after = b.snapshot()
        moved.append((phase.name, {k.split("/")[0] for k, v in after.items() if not v.equal(before[k])}))
        before.update(after)
        return losses

    monkeypatch.setattr(b.stepper, "_descend", watched)
    b.run()
    assert moved == list(ALGORITHMS[recipe].items())


@pytest.mark.parametrize("recipe", [r for r in ALGORITHMS if D in ALGORITHMS[r].get("disc", ())])
@pytest.mark.parametrize("phase", ["disc", "gen"])
def test_undecided_discriminators_cost_ln_2_for_each_answer(bench, recipe, phase):
    b = bench(recipe)
    for role in {D, DY} & b.networks.keys():
        for p in b.networks[role].head.parameters():
            torch.nn.init.zeros_(p)
    answers = {"disc": 2, "gen": 1}[phase]
    for term in b.phases[phase].terms:
        assert b.loss(phase, term).item() == pytest.approx(answers * log(2), abs=1e-6)


@pytest.mark.parametrize("recipe", [r for r in ALGORITHMS if D in ALGORITHMS[r].get("disc", ())])
def test_the_discriminators_loss_has_no_gradient_for_the_encoder(bench, recipe):
    b = bench(recipe)
    for term in b.phases["disc"].terms:
        b.loss("disc", term).backward()
    assert all(p.grad is None for p in b.networks[E].parameters())
    assert all(p.grad.abs().sum() > 0 for p in b.networks[D].parameters())


def test_the_saturating_form_descends_log_1_minus_d(bench):
    b = bench("classic", adversarial={"name": "bce", "generator_form": "saturating"})
    f = b.forward()
    expected = torch.log(1 - b.networks[D](f.z).sigmoid()).mean()
    torch.testing.assert_close(b.loss("gen", "L_G"), expected)
    other = bench("classic").loss("gen", "L_G")
    torch.testing.assert_close(other, -torch.log(b.networks[D](f.z).sigmoid()).mean())


def test_a_joint_step_descends_the_sum_of_both_gradients(bench):
    sgd = {"reconstruction_optimizer": SGD(lr=1.0), "generator_optimizer": SGD(lr=1.0)}
    weights = {"reconstruction_weight": 0.5, "adversarial_weight": 3.0}
    joint = bench("classic", joint_generator_step=True, **sgd, **weights)
    assert {n: p.moves for n, p in joint.phases.items()} == {"gen": (E, G), "disc": (D,)}
    start = joint.snapshot()
    joint.run("gen")
    after = joint.snapshot()
    alone = {}
    for phase in ("rec", "gen"):
        b = bench("classic", **sgd, **weights)
        b.run(phase)
        alone[phase] = b.snapshot()
    for name, value in start.items():
        both = value + sum(alone[phase][name] - value for phase in ("rec", "gen"))
        torch.testing.assert_close(after[name], both, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("recipe", ["classic-semi-supervised", "classic-dim-reduction"])
def test_a_joint_step_works_in_the_variants(bench, recipe):
    b = bench(recipe, joint_generator_step=True)
    assert list(b.phases)[:2] == ["gen", "disc"]
    assert {"L_rec", "L_G", "L_G_y"} == b.phases["gen"].terms.keys()
    losses = b.run()
    assert all(value == value for value in losses.values())


def test_every_phase_has_an_optimizer_of_its_own(bench):
    b = bench("classic-semi-supervised", classification_optimizer=SGD(lr=0.1, momentum=0.9))
    assert len({id(o) for o in b.stepper.optimizers.values()}) == 4
    b.run("rec")
    assert b.stepper.optimizers["rec"].state
    assert not b.stepper.optimizers["gen"].state
    assert not b.stepper.optimizers["cls"].state


def test_the_reconstruction_error_is_half_the_squares_sum_over_pixels(bench):
    b = bench("classic")
    f = b.forward()
    expected = 0.5 * (f.x - f.x_rec).square().sum() / 20
    torch.testing.assert_close(b.loss("rec", "L_rec"), expected)
