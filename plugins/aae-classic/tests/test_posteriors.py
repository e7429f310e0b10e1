"""The three posteriors in every variant (check 4)."""

import pytest
import torch

from aaecore.errors import AAEError
from aaecore.posterior import GaussianPosterior


def test_deterministic_codes_are_the_same_in_every_pass_and_others_are_not(bench, digits):
    x = digits.x.take(range(30))
    for posterior, same in (("deterministic", True), ("gaussian", False), ("universal", False)):
        model = bench("classic", posterior=posterior).model
        first, second = (model.encode(x, sample=True, seed=seed) for seed in (0, 1))
        assert first.equal(second) is same, posterior
        assert first.equal(model.encode(x, sample=True, seed=0))


@pytest.mark.parametrize("sigma", ["logvar", "raw"])
def test_a_gaussian_posterior_without_sigma_is_the_deterministic_one(bench, sigma):
    plain = bench("classic", code=3)
    gaussian = bench("classic", code=3, posterior=GaussianPosterior(sigma=sigma))
    weights = plain.networks["encoder"].state_dict()
    nothing = -1e5 if sigma == "logvar" else 0.0
    weights["heads.code.weight"] = torch.cat([weights["heads.code.weight"], torch.zeros(3, 24)])
    weights["heads.code.bias"] = torch.cat([weights["heads.code.bias"], torch.full((3,), nothing)])
    gaussian.networks["encoder"].load_state_dict(weights)
    assert gaussian.forward().sigma.eq(0).all()
    torch.testing.assert_close(gaussian.forward().z, plain.forward().z)
    for phase in ("rec", "disc", "gen"):
        assert gaussian.run(phase) == pytest.approx(plain.run(phase), rel=1e-3)


def test_one_noise_vector_a_sample_serves_all_phases_of_a_step(bench):
    b = bench("classic", posterior="universal")
    f = b.forward()
    before = f.eta
    b.run(f=f)
    assert f.eta.equal(before)
    assert b.forward(step=1).eta.ne(before).all()


@pytest.mark.parametrize("architecture", ["mlp", "cnn"])
def test_universal_noise_enters_the_first_layer_beside_the_image(bench, architecture):
    def inputs(posterior):
        encoder = bench("classic", architecture, posterior=posterior).networks["encoder"]
        return next(encoder.parameters()).shape[1]

    assert inputs({"name": "universal", "width_of_noise": 7}) - inputs("deterministic") == 7


RECIPES = (
    "classic",
    "classic-label-prior",
    "classic-supervised",
    "classic-semi-supervised",
    "classic-clustering",
    "classic-dim-reduction",
    "classic-dcgan",
)


@pytest.mark.parametrize("posterior", ["deterministic", "gaussian", "universal"])
@pytest.mark.parametrize("architecture", ["mlp", "cnn"])
@pytest.mark.parametrize("recipe", RECIPES)
def test_every_variant_trains_with_every_posterior_and_architecture(bench, recipe, posterior, architecture):
    changes = {"input_dropout": 0.2} if recipe == "classic-clustering" else {}
    b = bench(recipe, architecture, posterior=posterior, **changes)
    for step in range(2):
        losses = b.run(f=b.forward(step))
        assert losses
        assert torch.tensor(list(losses.values())).isfinite().all()


@pytest.mark.parametrize("architecture", ["mlp", "cnn"])
def test_the_vae_trains_with_a_gaussian_posterior_and_refuses_the_others(bench, architecture):
    assert torch.tensor(list(bench("classic-vae", architecture).run().values())).isfinite().all()
    for posterior in ("deterministic", "universal"):
        with pytest.raises(AAEError, match="posterior=gaussian"):
            bench("classic-vae", architecture, posterior=posterior)
