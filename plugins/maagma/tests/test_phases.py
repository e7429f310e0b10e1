"""What each step moves, when and how often it runs, to minimise what (the sheet's checks 3, 4, 5 and 10)."""

import pytest
import torch
from maagma.recipe import OUT_FAKES
from torch.nn import functional as F

E, G, DZ, DX = "encoder", "decoder", "code_discriminator", "image_discriminator"
BOTH = {"d_em": {DZ}, "d_out": {DX}, "ae": {E, G}, "confuse": {G}}
ONE = {"d_em": {DZ}, "ae": {E, G}}
ALGORITHMS = {"maagma": BOTH, "maagma-code": BOTH, "maagma-lfw": BOTH, "maagma-aae": ONE, "maagma-lfw-aae": ONE}


def moved(b, *phases):
    before = b.snapshot()
    b.run(*phases)
    return {k for k, v in b.snapshot().items() if not v.equal(before[k])}


@pytest.mark.parametrize("name", ALGORITHMS)
def test_the_phases_are_those_of_the_paper_in_its_order(bench, name):
    assert {n: set(p.moves) for n, p in bench(name).phases.items()} == ALGORITHMS[name]
    assert list(bench(name).phases) == list(ALGORITHMS[name])


@pytest.mark.parametrize(("name", "phase"), [(n, p) for n, phases in ALGORITHMS.items() for p in phases])
def test_a_phase_moves_its_networks_and_leaves_the_others_bit_for_bit(bench, name, phase):
    b = bench(name)
    found = moved(b, phase)
    assert {k.split("/")[0] for k in found} == ALGORITHMS[name][phase]


def test_the_image_critic_never_moves_the_encoder_also_when_phases_follow_each_other(bench):
    alone, after = bench(), bench()
    alone.run("d_em", "ae")
    after.run("d_em", "d_out", "ae", "confuse")
    assert all(v.equal(after.snapshot()[k]) for k, v in alone.snapshot().items() if k.startswith(E))


def test_the_ablation_moves_the_encoder_too(bench):
    b = bench(critic_updates_encoder=True)
    assert {k.split("/")[0] for k in moved(b, "confuse")} == {E, G}


@pytest.mark.parametrize("name", ["maagma", "maagma-code"])
def test_each_critic_starts_in_its_epoch(bench, name):
    b = bench(name)
    start = b.snapshot()
    ran = {epoch: b.epoch(epoch) for epoch in (298, 299)}
    assert all(names == ["d_em"] * 5 + ["ae"] for names in ran.values())
    assert all(v.equal(start[k]) for k, v in b.snapshot().items() if k.startswith(DX))
    early = [b.epoch(epoch, steps=2) for epoch in range(295, 304)]
    assert [("d_out" in names, "confuse" in names) for names in early] == (
        [(False, False)] * 5 + [(True, False)] * 2 + [(True, True)] * 2
    )
    assert b.steps_of("d_out") == 2 * 4
    assert b.steps_of("confuse") == 2 * 2
    assert not all(v.equal(start[k]) for k, v in b.snapshot().items() if k.startswith(DX))


def test_lfw_has_one_step_each_and_confuses_from_epoch_20(bench):
    b = bench("maagma-lfw")
    assert b.epoch(0) == ["d_em", "d_out", "ae"]
    assert b.epoch(19) == ["d_em", "d_out", "ae"]
    assert b.epoch(20) == ["d_em", "d_out", "ae", "confuse"]


@pytest.mark.parametrize("n_em", [1, 5])
def test_n_em_is_the_number_of_steps_on_a_batch(bench, n_em):
    b = bench(scheduler={"name": "timetable", "repeats": {"d_em": n_em}})
    b.epoch(0, steps=3)
    assert b.steps_of("d_em") == 3 * n_em
    assert b.steps_of("ae") == 3


def test_every_repetition_sees_fresh_draws_and_the_same_codes(bench, monkeypatch):
    b, seen = bench(), []
    monkeypatch.setattr(
        type(b.recipe.adversarial),
        "discriminator",
        lambda _self, d, real, fakes, draw: (
            seen.append((real, fakes[0], draw.uniform(3))) or d(fakes[0]).mean() - d(real).mean()
        ),
    )
    b.run(*["d_em"] * 5)
    reals, fakes, numbers = zip(*seen, strict=True)
    assert len({t.sum().item() for t in reals}) == len({t.sum().item() for t in numbers}) == 5
    assert all(t.equal(fakes[0]) for t in fakes)
    assert not any(t.requires_grad for t in (*reals, *fakes))


def test_the_terms_are_the_papers_equations(bench):
    b = bench(critic_input_noise=0)
    f = b.forward()
    with torch.no_grad():
        z = b.networks[E](f.x)["code"]
        y = F.one_hot(f.labels, 10).float()
        x_rec = b.networks[G](torch.cat([z, y], 1))
        rec, on_codes = 0.5 * (f.x - x_rec).square().mean(), -b.networks[DZ](z).mean()
        on_images = -b.networks[DX](x_rec, y).mean()
    torch.testing.assert_close(b.loss("ae", "L_rec").detach(), rec)
    torch.testing.assert_close(b.loss("ae", "L_e").detach(), on_codes)
    torch.testing.assert_close(b.loss("confuse", "L_d").detach(), on_images)
    weights = {t: term.weight for p in b.phases.values() for t, term in p.terms.items()}
    assert weights == {"C_em": 1, "C_out": 1, "L_rec": 1, "L_e": 0.01, "L_d": 0.002}


def test_the_critics_losses_are_fake_minus_real_and_the_penalty(bench):
    b = bench(critic_input_noise=0, adversarial={"name": "wgan-gp", "gp_weight": 0})
    f = b.forward()
    with torch.no_grad():
        d = b.networks[DX]
        expected = d(f.x_rec, f.y).mean() - d(f.x, f.y).mean()
    torch.testing.assert_close(b.loss("d_out", "C_out").detach(), expected)


@pytest.mark.parametrize("name", ["maagma", "maagma-code"])
def test_only_the_label_conditioned_code_critic_heeds_labels(bench, name):
    b = bench(name)
    scores = []
    for shift in (0, 1):
        f = b.forward()
        f.batch["y"] = (f.labels + shift) % 10
        scores.append(b.loss("d_em", "C_em", f).item())
    assert (scores[0] != scores[1]) == (name == "maagma-code")


def test_the_noise_is_on_real_and_fake_images_in_both_phases_and_not_on_the_points_of_the_penalty(bench):
    b, seen = bench(critic_input_noise=0.25), []
    b.networks[DX].register_forward_pre_hook(lambda _, given: seen.append(given[0].detach()))
    b.loss("d_out", "C_out")
    f = b.forward()
    real, fake, point = seen
    x, x_rec = f.target, f.x_rec.detach()
    for noisy, clean in ((real, x), (fake, x_rec)):
        assert (noisy - clean).std().item() == pytest.approx(0.25, rel=0.1)
    share = ((point - x_rec) / (x - x_rec)).flatten(1).median(1).values.view(-1, 1, 1, 1)
    torch.testing.assert_close(point, x_rec + share * (x - x_rec))
    seen.clear()
    b.loss("confuse", "L_d")
    assert (seen[0] - x_rec).std().item() == pytest.approx(0.25, rel=0.1)


@pytest.mark.parametrize("out_fake", OUT_FAKES)
def test_the_image_critic_is_shown_the_fakes_that_were_chosen(bench, out_fake):
    b = bench(out_fake=out_fake)
    assert b.phases["d_out"].terms["C_out"].loss.__self__.fakes == OUT_FAKES[out_fake]
    assert {k.split("/")[0] for k in moved(b, "d_out", "confuse")} == {DX, G}


def test_real_images_and_decoded_draws_stand_beside_the_same_labels(bench):
    f = bench(out_fake="prior").forward()
    assert f.y_prior.equal(f.y)


def test_the_decoders_second_step_has_moments_of_its_own_unless_shared(bench):
    apart, together = bench(), bench(share_decoder_optimizer=True)
    for b in (apart, together):
        b.run("ae", "confuse")
        b.run("ae", "confuse", step=1)
    assert apart.stepper.optimizers["confuse"] is not apart.stepper.optimizers["ae"]
    assert together.stepper.optimizers["confuse"] is together.stepper.optimizers["ae"]
    adam = together.stepper.optimizers["ae"]
    steps = {r: int(adam.state[next(together.networks[r].parameters())]["step"]) for r in (E, G)}
    assert steps == {E: 2, G: 4}


def trajectory(b, epochs):
    for epoch in range(epochs):
        b.epoch(epoch, steps=2)
    return {k: v for k, v in b.snapshot().items() if not k.startswith(DX)}


@pytest.mark.parametrize("starts", [{"d_out": 300, "confuse": 302}, {"d_out": 0, "confuse": 300}, {}])
def test_without_weight_on_the_image_critic_the_run_is_the_baselines_bit_for_bit(bench, starts):
    scheduler = {"name": "timetable", "repeats": {"d_em": 5}, "starts": starts}
    silent = trajectory(bench(output_weight=0, scheduler=scheduler), 3)
    baseline = trajectory(bench("maagma-aae"), 3)
    assert silent.keys() == baseline.keys()
    assert all(v.equal(baseline[k]) for k, v in silent.items())


def test_with_weight_it_is_not(bench):
    scheduler = {"name": "timetable", "repeats": {"d_em": 5}}
    assert any(
        not v.equal(trajectory(bench("maagma-aae"), 1)[k]) for k, v in trajectory(bench(scheduler=scheduler), 1).items()
    )
