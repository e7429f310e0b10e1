"""Distances between sets of samples."""

import pytest
import torch
from aae_learnedprior.measures import frechet, mmd


def draws(n: int, shift: float = 0.0, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, 3, generator=torch.Generator().manual_seed(seed)) + shift


def test_mmd_is_zero_in_expectation_for_equal_laws_and_grows_with_distance() -> None:
    same, near, far = (mmd(draws(1000), draws(1000, shift, seed=1)) for shift in (0.0, 0.5, 2.0))
    assert abs(same) < 2e-3
    assert same < near < far


def test_mmd_sees_beyond_the_first_two_moments() -> None:
    signs = torch.randint(2, (1000, 3), generator=torch.Generator().manual_seed(2)) * 2.0 - 1
    assert mmd(draws(1000), signs) > 0.02


def test_frechet_is_zero_for_equal_sets_and_the_squared_shift_of_the_mean() -> None:
    a = draws(500)
    assert frechet(a, a) == pytest.approx(0, abs=1e-6)
    assert frechet(a, a + torch.tensor([1.0, 2.0, 0.0])) == pytest.approx(5)


def test_frechet_of_scaled_samples_is_the_squared_difference_of_deviations() -> None:
    a = draws(500)
    centred = a - a.mean(0)
    assert frechet(centred, 3 * centred) == pytest.approx(4 * float(centred.double().var(0).sum()), rel=1e-5)
