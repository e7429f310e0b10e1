import pytest
import torch

from aaecore.errors import AAEError
from aaecore.posterior import Deterministic, GaussianPosterior, Universal
from aaecore.use.posterior import DRAWS, posterior_noise


def test_a_deterministic_code_is_the_head_itself():
    head, q = torch.randn(3, 4), Deterministic()
    assert q.width(4) == 4
    assert q.noise(4) == 0
    assert torch.equal(q.mean(head), head)
    assert not q.std(head).any()


def test_a_gaussian_head_holds_mean_and_log_variance():
    q = GaussianPosterior()
    head = torch.tensor([[1.0, 2.0, 0.0, torch.log(torch.tensor(9.0))]])
    assert q.width(2) == 4
    assert q.mean(head).tolist() == [[1, 2]]
    assert torch.allclose(q.std(head), torch.tensor([[1.0, 3.0]]))


def test_a_raw_sigma_is_taken_as_it_is():
    assert GaussianPosterior(sigma="raw").std(torch.tensor([[0.0, -2.0]])).tolist() == [[-2]]


def test_another_meaning_of_sigma_is_refused():
    with pytest.raises(ValueError, match="sigma"):
        GaussianPosterior(sigma="softplus")  # type: ignore[arg-type]


def test_noise_enters_the_encoder_of_a_universal_approximator_only(toy, fit):
    assert Universal().noisy_input
    assert toy(posterior=Universal(width_of_noise=3)).encoder_noise == 3
    assert toy(posterior=GaussianPosterior()).encoder_noise == 0
    model = fit(toy(posterior=Universal(width_of_noise=3), epochs=1)).model
    assert model.networks["encoder"].blocks[1][0].in_features == 16 + 3
    x = torch.rand(20, 1, 4, 4)
    assert not torch.equal(model.encode(x, seed=0), model.encode(x, seed=1))


@pytest.mark.parametrize("sample", [False, True])
def test_codes_are_the_mean_unless_samples_are_asked_for(toy, fit, sample):
    model = fit(toy(posterior=GaussianPosterior(), epochs=1)).model
    x = torch.rand(20, 1, 4, 4)
    mu = model.compute(lambda f: f.mu, x)
    assert torch.equal(model.encode(x, sample=sample), mu) == (not sample)


class Noisy(torch.nn.Module):
    """z = the first two pixels + eta / 2."""

    def forward(self, x, noise):
        return {"code": x.flatten(1)[:, :2] + noise / 2}


def test_sigma_of_noise_that_goes_through_the_encoder_is_measured_over_draws(toy, fit):
    model = fit(toy(posterior=Universal(width_of_noise=2), code=2, epochs=1)).model
    model.networks["encoder"] = Noisy()
    x = torch.rand(2000, 1, 4, 4)
    found = posterior_noise(model, x)
    assert found["mean_abs_sigma"] == pytest.approx(0.952 * 0.5, rel=0.02)  # the deviation of 16 normal draws
    assert found["std_mu"] == pytest.approx((1 / 12 + 0.25 / DRAWS) ** 0.5, rel=0.05)
    assert found["std_z"] == pytest.approx((1 / 12 + 0.25) ** 0.5, rel=0.05)


def test_a_posterior_without_noise_has_no_sigma(toy, fit):
    with pytest.raises(AAEError, match="no noise"):
        posterior_noise(fit(toy(epochs=1)).model, torch.rand(20, 1, 4, 4))
