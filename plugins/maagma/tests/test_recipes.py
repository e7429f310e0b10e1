"""The variants as a user meets them: their numbers, what they refuse, trained, sampled, saved and resumed."""

import json

import pytest
import torch
from maagma import aaecore_recipes

import aaecore
from aaecore import compose
from aaecore.config import load_config
from aaecore.data import DataConfig, from_arrays, load_data
from aaecore.errors import ConfigError

RECIPES = list(aaecore_recipes())
TINY = {"units": 16, "decoder_channels": [8], "critic_channels": [8]}


def tiny(name, **settings):
    kind = "maagma-lfw" if "lfw" in name else "maagma-mnist"
    return compose(name, **{"architecture": {"name": kind, **TINY}, "batch": 20, "epochs": 2, **settings})


LATE = {"d_out": 300, "confuse": 302}
TABLE = {
    "maagma": ((1e-5, 1e-5, 1e-5, 1e-5), 0.002, 500, {"d_em": 5}, LATE, "auto"),
    "maagma-code": ((1e-5, 1e-5, 1e-5, 1e-5), 0.002, 500, {"d_em": 5}, LATE, "auto"),
    "maagma-lfw": ((1e-5, 1e-4, 1e-4, 1e-5), 0.001, 800, {}, {"confuse": 20}, "symmetric"),
    "maagma-aae": ((1e-5, 1e-5), None, 500, {"d_em": 5}, {}, "auto"),
    "maagma-lfw-aae": ((1e-5, 1e-4), None, 800, {}, {}, "symmetric"),
}


@pytest.mark.parametrize("name", TABLE)
def test_defaults_are_the_papers_table(name):
    lrs, output, epochs, repeats, starts, scaling = TABLE[name]
    r = compose(name)
    names = ("autoencoder", "code_critic", "image_critic", "confuse")
    adams = [getattr(r, f"{each}_optimizer") for each in names[: len(lrs)]]
    assert tuple(a.lr for a in adams) == lrs
    assert {(a.beta1, a.beta2) for a in adams} == {(0.5, 0.9)}
    assert (r.reconstruction_weight, r.embedding_weight, getattr(r, "output_weight", None)) == (1, 0.01, output)
    assert (r.epochs, r.batch, r.code, r.adversarial.gp_weight) == (epochs, 32, 10, 10)
    assert (r.scheduler.repeats, r.scheduler.starts, r.scaling) == (repeats, starts, scaling)
    assert getattr(r, "critic_input_noise", 0.01) == 0.01


def test_one_entry_of_a_timetable_is_set_beside_the_others():
    r = load_config("maagma", None, ("scheduler.starts.d_out=5", "scheduler.repeats.d_out=2"), {}).recipe
    assert r.scheduler.starts == {"d_out": 5, "confuse": 302}
    assert r.scheduler.repeats == {"d_em": 5, "d_out": 2}
    assert load_config("maagma", None, ("scheduler.starts={d_out=5}",), {}).recipe.scheduler.starts == {"d_out": 5}


@pytest.mark.parametrize("name", RECIPES)
def test_a_variant_trains_samples_and_comes_back_from_disk(digits, tmp_path, name):
    recipe = tiny(name, scheduler={"name": "timetable"})
    out = tmp_path / "run"
    model = aaecore.train(recipe, digits, quiet=True, device="cpu", out=out)
    again = aaecore.load(out)
    assert again.recipe == recipe
    assert model.sample(5, seed=1).shape == (5, 1, 8, 8)
    assert again.sample(5, seed=1).equal(model.sample(5, seed=1))
    x, y = digits.x.take(range(6)), digits.y[:6]
    assert again.reconstruct(x, labels=y).equal(model.reconstruct(x, labels=y))
    assert 0 <= model.sample(5).min() <= model.sample(5).max() <= 1


def test_conditional_samples_can_be_asked_for_by_label(digits):
    model = aaecore.train(tiny("maagma"), digits, quiet=True, device="cpu")
    assert model.recipe.sample_labels(model.spec) == 10
    assert not model.sample(4, labels=3, seed=0).equal(model.sample(4, labels=8, seed=0))
    assert tiny("maagma-lfw").sample_labels(model.spec) == 0


@pytest.mark.parametrize("name", ["maagma", "maagma-code", "maagma-aae"])
def test_data_without_labels_is_refused_with_what_would_work(name):
    data = from_arrays(torch.rand(40, 8, 8).numpy())
    with pytest.raises(ConfigError, match=r"recipe\.conditional.*conditional=false"):
        aaecore.train(tiny(name), data, quiet=True)


def test_faces_need_no_labels():
    data = from_arrays(torch.rand(40, 8, 8).numpy())
    assert aaecore.train(tiny("maagma-lfw"), data, quiet=True, device="cpu", epochs=1).sample(2).shape == (2, 1, 8, 8)


def test_images_without_a_label_do_not_keep_the_decoder_from_learning():
    data = load_data(DataConfig(limit=100, labels=50), 0)
    assert (data.y == -1).any()
    assert aaecore.train(tiny("maagma"), data, quiet=True, device="cpu", epochs=1).metrics["reconstruction_mse"] > 0


def test_an_encoder_cannot_learn_from_fakes_that_do_not_come_from_it(digits):
    with pytest.raises(ConfigError, match="out_fake=recon or both"):
        aaecore.train(tiny("maagma", critic_updates_encoder=True, out_fake="prior"), digits, quiet=True)


@pytest.mark.parametrize("share", [False, True])
def test_a_resumed_run_is_the_uninterrupted_one_bit_for_bit(digits, tmp_path, share):
    start = {"name": "timetable", "repeats": {"d_em": 2}}
    recipe = tiny("maagma", scheduler=start, epochs=4, share_decoder_optimizer=share)
    whole = aaecore.train(recipe, digits, quiet=True, device="cpu")
    out = tmp_path / "run"

    class Stop(aaecore.observer.Observer):
        def step_end(self, t, losses):
            if t.step == 17:
                t.stop()

    with pytest.raises(KeyboardInterrupt):
        aaecore.train(recipe, digits, quiet=True, device="cpu", out=out, observers=[Stop()])
    resumed = aaecore.train(recipe, digits, quiet=True, device="cpu", out=out, resume=True)
    for role, network in whole.networks.items():
        for a, b in zip(network.parameters(), resumed.networks[role].parameters(), strict=True):
            assert a.equal(b)


@pytest.mark.parametrize("settings", [{"posterior": "gaussian"}, {"posterior": "universal"}, {"prior": "uniform"}])
def test_other_posteriors_and_priors_work(digits, settings):
    for name in ("maagma", "maagma-lfw"):
        aaecore.train(tiny(name, **settings, epochs=1), digits, quiet=True, device="cpu")


def test_training_brings_reconstructions_nearer_and_codes_towards_the_prior(digits):
    adam = {"name": "adam", "lr": 1e-3, "beta1": 0.5, "beta2": 0.9}
    names = ("autoencoder_optimizer", "code_critic_optimizer", "image_critic_optimizer", "confuse_optimizer")
    settings = dict.fromkeys(names, adam) | {"architecture": {"name": "maagma-mnist", "units": 64}}
    start = {"name": "timetable", "repeats": {"d_em": 5}, "starts": {"d_out": 0.6, "confuse": 0.7}}
    recipe = tiny("maagma", **settings, scheduler=start, embedding_weight=0.1)
    before = aaecore.train(recipe, digits, quiet=True, device="cpu", epochs=1).metrics
    after = aaecore.train(recipe, digits, quiet=True, device="cpu", epochs=12).metrics
    assert after["reconstruction_mse"] < 0.7 * before["reconstruction_mse"]
    assert after["codes_prior_std_gap"] < 0.6


def test_the_history_has_a_line_for_each_step_with_all_losses_that_ran(digits, tmp_path):
    start = {"name": "timetable", "starts": {"confuse": 1}}
    aaecore.train(tiny("maagma", scheduler=start), digits, quiet=True, device="cpu", out=tmp_path / "run")
    lines = [json.loads(line) for line in (tmp_path / "run" / "history.jsonl").read_text().splitlines()]
    text = [json.dumps(line) for line in lines]
    assert sum("confuse/L_d" in t for t in text) == sum("ae/L_rec" in t for t in text) / 2


def test_mnist_trains(mnist):
    recipe = tiny("maagma", scheduler={"name": "timetable"}, epochs=1)
    assert aaecore.train(recipe, mnist, quiet=True, device="cpu").sample(2).shape == (2, 1, 28, 28)


def test_mixed_precision_trains(digits):
    recipe = tiny("maagma", scheduler={"name": "timetable"}, epochs=1)
    model = aaecore.train(recipe, digits, quiet=True, device="cpu", precision="bf16")
    assert all(p.isfinite().all() for net in model.networks.values() for p in net.parameters())
