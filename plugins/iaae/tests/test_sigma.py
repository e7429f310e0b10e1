"""The collapse of sigma: expected, logged and drawn (checks 8 and 9)."""

import json

import pytest
import torch

from aaecore import compose, train
from aaecore.observer import Observer
from aaecore.posterior import GaussianPosterior

FIGURES = {"mean_abs_sigma", "std_mu", "std_z"}


class Diagnosed(Observer):
    """Keeps the diagnostics of each epoch."""

    def __init__(self) -> None:
        self.epochs: list[dict[str, float]] = []

    def epoch_end(self, t) -> None:
        self.epochs.append(t.diagnostics)


def test_a_negative_raw_sigma_is_the_same_law():
    torch.manual_seed(0)
    head = torch.tensor([0.3, -1.0, -0.7, 0.4]).expand(100_000, 4)
    posterior = GaussianPosterior(sigma="raw")
    eta = torch.randn(100_000, 2)
    z = posterior.mean(head) + posterior.std(head) * eta
    assert z.mean(0).tolist() == pytest.approx([0.3, -1.0], abs=0.01)
    assert z.std(0).tolist() == pytest.approx([0.7, 0.4], abs=0.01)


POSTERIORS = [{}, {"posterior": {"name": "gaussian", "sigma": "logvar"}}, {"posterior": "universal"}]


@pytest.mark.parametrize("settings", POSTERIORS)
def test_every_epoch_logs_it_and_a_picture_shows_it(tmp_path, digits, settings):
    train(compose("iaae", batch=64, epochs=3, **settings), digits, out=tmp_path / "run", quiet=True, device="cpu")
    lines = [json.loads(line) for line in (tmp_path / "run" / "history.jsonl").read_text().splitlines()]
    logged = [line for line in lines if line.keys() >= FIGURES]
    assert [line["epoch"] for line in logged] == [0, 1, 2]
    assert json.loads((tmp_path / "run" / "metrics.json").read_text()).keys() >= FIGURES
    assert (tmp_path / "run" / "sigma.png").stat().st_size > 0


def test_a_posterior_without_noise_has_nothing_to_log(tmp_path, digits):
    train(
        compose("iaae", batch=64, epochs=1, posterior="deterministic"),
        digits,
        out=tmp_path / "run",
        quiet=True,
        device="cpu",
    )
    assert "mean_abs_sigma" not in (tmp_path / "run" / "history.jsonl").read_text()
    assert not (tmp_path / "run" / "sigma.png").exists()


def test_on_mnist_sigma_collapses_while_the_codes_stay_spread(mnist):
    watching = Diagnosed()
    train(compose("iaae", epochs=20), mnist, quiet=True, observers=[watching])
    last = watching.epochs[-1]
    assert last["mean_abs_sigma"] < 0.15
    assert last["mean_abs_sigma"] < watching.epochs[0]["mean_abs_sigma"] / 2
    assert 0.8 < last["std_z"] < 1.2


def test_on_mnist_a_kl_in_the_encoders_step_prevents_it(mnist):
    watching = Diagnosed()
    train(compose("iaae-kld", epochs=30), mnist, quiet=True, observers=[watching])
    assert watching.epochs[-1]["mean_abs_sigma"] > 0.5
