"""Whole trajectories that must agree bit for bit (INDEX section 8, identities 3 and 4)."""

import pytest
import torch
from attrs import frozen

from aaecore import compose
from aaecore.config import structure
from aaecore.observer import Observer
from aaecore.posterior import GaussianPosterior
from aaecore.recipe import Recipe
from aaecore.runs.session import Session

OFF = [
    {"scheduler": {"name": "n-iter", "n": 1}},
    {"reconstruction": {"name": "feature", "share": 0}},
    {"regularizers": [{"name": "kl", "weight": 0}]},
    {"regularizers": [{"name": "kl", "weight": 0.1, "role": "discriminator"}]},
    {"architecture": {"name": "latent-mapping", "depth": 0}},
]


def same(a, b) -> bool:
    return a.keys() == b.keys() and all(v.equal(b[k]) for k, v in a.items())


@pytest.mark.parametrize("off", [*OFF, {k: v for setting in OFF for k, v in setting.items()}])
def test_an_improvement_turned_off_is_the_baseline_bit_for_bit(bench, off):
    plain, turned_off = bench(), bench(**off)
    plain.train(5)
    turned_off.train(5)
    assert same(plain.snapshot(), turned_off.snapshot())


def test_each_improvement_is_not_the_baseline(bench):
    plain = bench()
    plain.train(2)
    names = ("iaae-n-iter", "iaae-kld", "iaae-feature", "iaae-equal-linear", "iaae-latent-mapping")
    for b in map(bench, names):
        b.train(2)
        assert not same(plain.snapshot(), b.snapshot())


@frozen(kw_only=True)
class NoSigma(GaussianPosterior):
    """z = mu + 0 * eta."""

    def width(self, code: int) -> int:
        return code

    def mean(self, head):
        return head

    def std(self, head):
        return 0 * head


def test_without_sigma_and_dropout_on_squared_error_it_is_the_classic_deterministic_one(bench):
    pytest.importorskip("aae_classic", reason="aae-classic is not installed")
    shared = {
        "architecture": {"name": "normalized-mlp", "dropout": 0},
        "reconstruction": "l2-half-sum",
        **{f"{n}_optimizer": {"name": "adam", "lr": 1e-4} for n in ("reconstruction", "discriminator", "generator")},
    }
    ours = bench("iaae", posterior=NoSigma(), **shared)
    theirs = bench("classic", posterior="deterministic", code=10, scaling="symmetric", **shared)
    assert ours.train(5) == theirs.train(5)
    assert same(ours.snapshot(), theirs.snapshot())


def test_the_improvements_combine_freely(bench):
    for name, change in [
        ("iaae-n-iter", {"reconstruction": "feature"}),
        ("iaae-kld", {"architecture": {"name": "latent-mapping", "of": "equalized-mlp"}}),
        ("iaae-equal-linear", {"scheduler": "n-iter", "prior": "mapped"}),
        ("iaae-combined", {}),
    ]:
        recipe: Recipe = compose(name, **change)
        assert bench(name, **change).train(2)[-1]["rec/L_rec"] > 0, recipe


class Interrupt(Observer):
    """Ends training in its second epoch."""

    def step_end(self, t, losses) -> None:
        if t.progress.epoch == 1:
            raise KeyboardInterrupt


def test_a_resumed_run_with_dropout_goes_on_bit_for_bit(tmp_path, digits):
    recipe = compose("iaae-combined", batch=64, epochs=2)
    config = structure({"recipe": recipe, "run": {"checkpoint_epochs": 1}})
    whole, _ = Session(config=config, data=digits, keep=False, quiet=True).run()
    interrupted = Session(config=config, data=digits, out=tmp_path / "run", quiet=True, observers=[Interrupt()])
    with pytest.raises(KeyboardInterrupt):
        interrupted.run()
    torch.manual_seed(99)
    resumed, _ = Session(config=config, data=digits, out=tmp_path / "run", quiet=True, resume=True).run()
    for role, network in whole.networks.items():
        assert same(network.state_dict(), resumed.networks[role].state_dict())
