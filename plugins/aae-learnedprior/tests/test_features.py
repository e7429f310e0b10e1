"""The learned similarity metric."""

from collections.abc import Callable

import pytest
import torch
from aae_learnedprior.architecture import Residual
from aae_learnedprior.features import FeatureError, distance
from aae_learnedprior.recipe import LearnedPrior

from aaecore.defaults.losses import HalfSquaredError
from aaecore.errors import AAEError
from aaecore.forward import Forward
from aaecore.spec import Spec

Make = Callable[..., Forward]


def test_norms_are_what_they_say() -> None:
    a, b = torch.zeros(2, 3, 2), torch.ones(2, 3, 2)
    b[1] = 2
    assert distance(a, b, "half-sum").item() == pytest.approx(0.5 * (6 + 24) / 2)
    assert distance(a, b, "half-mean").item() == pytest.approx(0.5 * (6 + 24) / 12)
    assert distance(a, b, "norm").item() == pytest.approx((6**0.5 + 24**0.5) / 2)


def test_without_blocks_it_is_the_pixel_error(spec: Spec, small: Residual, forward: Make) -> None:
    recipe = LearnedPrior(architecture=small)
    nets = recipe.build(spec)
    in_pixels = HalfSquaredError()(forward(recipe, nets))
    assert FeatureError(layer=0)(forward(recipe, nets)).item() == pytest.approx(in_pixels.item())


def test_the_default_layer_is_the_last_convolution(spec: Spec) -> None:
    judge = Residual().discriminator((1, 32, 32))
    assert judge.features(torch.zeros(2, 1, 32, 32), FeatureError().layer).shape == (2, 256, 4, 4)


def test_a_layer_that_does_not_exist_is_refused(spec: Spec, small: Residual) -> None:
    with pytest.raises(AAEError, match="from -2 to 2"):
        LearnedPrior(architecture=small, reconstruction=FeatureError(layer=7)).build(spec)


def test_a_discriminator_of_fewer_blocks_gives_the_features_of_all(spec: Spec, small: Residual, forward: Make) -> None:
    """As that of a level has, where networks grow."""
    recipe = LearnedPrior(architecture=small)
    nets = recipe.build(spec)
    all_blocks = FeatureError(layer=2)(forward(recipe, nets))
    assert FeatureError(layer=3)(forward(recipe, nets)).item() == pytest.approx(all_blocks.item())


def test_a_recipe_without_reconstructions_is_refused(spec: Spec, small: Residual) -> None:
    class Generator(LearnedPrior):
        def own_networks(self, spec: Spec) -> dict[str, Callable[[], torch.nn.Module]]:
            return {"decoder": LearnedPrior.own_networks(self, spec)["decoder"]}

    with pytest.raises(AAEError, match="no encoder"):
        FeatureError().check(Generator(architecture=small), spec)
