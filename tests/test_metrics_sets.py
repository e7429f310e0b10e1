"""Figures that compare two sets of samples, against what is known of them and against reference implementations."""

from statistics import NormalDist

import numpy as np
import pytest
import torch
from prdc import compute_prdc
from scipy.linalg import sqrtm

from aaecore.errors import DataError
from aaecore.metrics import (
    cluster_agreement,
    copying,
    discriminator_accuracy,
    diversity,
    frechet_distance,
    inception_score,
    kernel_distance,
    mmd,
    nearest,
    nearest_in,
    precision_recall_density_coverage,
    sharpness,
    signal_to_noise,
    sliced_wasserstein,
    structural_similarity,
)


def draws(n: int, shift: float = 0.0, seed: int = 0, width: int = 3) -> torch.Tensor:
    return torch.randn(n, width, generator=torch.Generator().manual_seed(seed)) + shift


def test_mmd_is_zero_in_expectation_for_equal_laws_and_grows_with_distance():
    same, near, far = (mmd(draws(1000), draws(1000, shift, seed=1)) for shift in (0.0, 0.5, 2.0))
    assert abs(same) < 2e-3
    assert same < near < far


def test_mmd_sees_beyond_the_first_two_moments():
    signs = torch.randint(2, (1000, 3), generator=torch.Generator().manual_seed(2)) * 2.0 - 1
    assert mmd(draws(1000), signs) > 0.02


def test_mmd_of_two_points_each_is_what_the_formula_gives():
    near, far = (np.mean([np.exp(-0.5 * (d / w) ** 2) for w in (0.25, 0.5, 1, 2, 4)]) for d in (1.0, 3.0))
    across = np.mean([np.exp(-0.5 * (d / w) ** 2) for d in (3.0, 4.0, 2.0, 3.0) for w in (0.25, 0.5, 1, 2, 4)])
    assert near != far
    assert mmd([[0.0], [1.0]], [[3.0], [4.0]]) == pytest.approx(2 * near - 2 * across)


def test_sliced_wasserstein_of_a_shift_is_its_length_on_a_line_and_less_in_space():
    x = draws(200, width=1)
    assert sliced_wasserstein(x, x + 3) == pytest.approx(3)
    assert sliced_wasserstein(x, x) == 0
    wide = draws(200, width=2)  # E|cos| over the circle is 2 / pi
    shifted = wide + torch.tensor([3.0, 0.0])
    assert sliced_wasserstein(wide, shifted, projections=4000) == pytest.approx(3 * 2 / np.pi, rel=0.03)


def test_sliced_wasserstein_takes_sets_of_different_size():
    assert sliced_wasserstein([[0.0], [1.0]], [[0.0], [0.5], [1.0]]) == pytest.approx(1 / 6)


def test_frechet_is_zero_for_equal_sets_and_the_squared_shift_of_the_mean():
    a = draws(500)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(a, a + torch.tensor([1.0, 2.0, 0.0])) == pytest.approx(5)


def test_frechet_is_its_formula_on_the_moments():
    a = draws(400, width=4).double() @ draws(4, seed=3, width=4).double()
    b = draws(300, shift=0.3, seed=1, width=4).double()
    c1, c2 = np.cov(a.numpy().T), np.cov(b.numpy().T)
    expected = float((a.mean(0) - b.mean(0)).square().sum()) + np.trace(c1 + c2 - 2 * sqrtm(c1 @ c2).real)
    assert frechet_distance(a, b) == pytest.approx(expected)


def test_kernel_distance_is_an_unbiased_estimate_under_the_cubic_kernel():
    a, b = draws(60).double().numpy(), draws(60, shift=1, seed=1).double().numpy()

    def kernel(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        return (u @ v.T / 3 + 1) ** 3

    off = ~np.eye(60, dtype=bool)
    expected = kernel(a, a)[off].mean() + kernel(b, b)[off].mean() - 2 * kernel(a, b).mean()
    mean, deviation = kernel_distance(a, b, subsets=3)
    assert mean == pytest.approx(expected)
    assert deviation == pytest.approx(0, abs=1e-9)  # each subset is all there are


def test_what_is_drawn_for_a_figure_leaves_the_callers_random_numbers_alone():
    a, b = draws(30), draws(30, seed=1)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first = kernel_distance(a, b, size=10), inception_score(a)
    assert torch.equal(torch.rand(3), expected)
    assert (kernel_distance(a, b, size=10), inception_score(a)) == first


def test_inception_score_is_one_for_doubt_and_k_for_certain_and_even_classes():
    assert inception_score(torch.zeros(100, 10))[0] == pytest.approx(1)
    certain = 60.0 * torch.eye(10).repeat(500, 1)
    assert inception_score(certain)[0] == pytest.approx(10, rel=0.01)
    assert inception_score(certain[:1].repeat(100, 1))[0] == pytest.approx(1)


@pytest.mark.parametrize("shift", [0.0, 0.7])
def test_precision_recall_density_coverage_are_those_of_prdc(shift, capsys):
    real, generated = draws(1300, width=8), draws(1100, shift, seed=1, width=8)
    expected = compute_prdc(real.double().numpy(), generated.double().numpy(), nearest_k=5)
    assert precision_recall_density_coverage(real, generated) == pytest.approx(expected)


def test_a_neighbourhood_needs_neighbours():
    with pytest.raises(DataError, match="more than 5 samples"):
        precision_recall_density_coverage(draws(5), draws(9))


def test_structural_similarity_of_even_images_is_that_of_their_brightness():
    a, b = (np.full((2, 1, 9, 9), value) for value in (0.2, 0.6))
    assert structural_similarity(a, b) == pytest.approx((2 * 0.2 * 0.6 + 1e-4) / (0.2**2 + 0.6**2 + 1e-4), rel=1e-5)


def test_structural_similarity_is_1_for_equal_images_and_lower_for_more_noise():
    x = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    found = [structural_similarity(x, x + std * torch.randn_like(x)) for std in (0.0, 0.1, 0.3)]
    assert found[0] == pytest.approx(1)
    assert found[0] > found[1] > found[2]


@pytest.mark.parametrize("shape", [(2, 1, 6, 9), (2, 81), (0, 1, 9, 9)])
def test_structural_similarity_needs_images_that_hold_its_window(shape):
    with pytest.raises(DataError, match="7 pixels"):
        structural_similarity(np.zeros(shape), np.zeros(shape))


def test_a_hundredth_of_squared_error_is_20_decibels():
    assert signal_to_noise(0.01) == pytest.approx(20)
    assert signal_to_noise(0.0) == float("inf")


def test_sharpness_is_the_variance_of_the_laplacian():
    image = torch.zeros(1, 1, 5, 5)
    image[0, 0, 2, 2] = 1.0  # its Laplacian: -4 in the middle, 1 on four sides
    assert sharpness(image) == pytest.approx(20 / 25)
    assert sharpness(torch.full((2, 3, 5, 5), 0.4)) == pytest.approx(0)
    assert sharpness(torch.cat([image, image * 0])) == pytest.approx(10 / 25)
    with pytest.raises(DataError, match=r"\(N, C, H, W\)"):
        sharpness(torch.zeros(4, 5))


def test_diversity_is_zero_for_copies_and_the_difference_of_flat_images():
    assert diversity(torch.ones(4, 1, 3, 3)) == 0
    assert diversity(torch.tensor([0.2, 0.7]).view(2, 1, 1, 1).expand(2, 1, 3, 3)) == pytest.approx(0.5)


def test_the_nearest_training_sample_is_found_in_any_part():
    training = torch.tensor([[0.0], [5.0], [9.0], [9.4]])
    distances, where = nearest([[5.5], [9.3], [-1.0]], training)
    assert distances.tolist() == pytest.approx([0.5, 0.1, 1.0], abs=1e-5)
    assert where.tolist() == [1, 3, 0]
    in_parts = nearest_in([[5.5], [9.3], [-1.0]], training.split(3))
    assert [t.tolist() for t in in_parts] == [distances.tolist(), where.tolist()]


def test_copies_are_told_from_samples_like_held_out_ones():
    heldout = draws(500, width=1).abs()
    assert copying(torch.zeros(100), heldout) == 1
    assert copying(heldout, heldout) == 0.5
    assert copying(heldout + 10, heldout) == 0


def test_sets_that_cannot_be_compared_are_refused():
    with pytest.raises(DataError, match="cannot be compared"):
        mmd(draws(5), draws(5, width=2))
    with pytest.raises(DataError, match="too few"):
        frechet_distance(draws(1), draws(5))
    with pytest.raises(DataError, match="not finite"):
        sliced_wasserstein(draws(3), draws(3) / 0)


def test_a_fresh_discriminator_is_at_chance_for_one_law_and_near_its_best_for_two():
    assert discriminator_accuracy(draws(2000, width=1), draws(2000, seed=1, width=1)) == pytest.approx(0.5, abs=0.05)
    best = NormalDist().cdf(1)  # a threshold half-way between N(0, 1) and N(2, 1)
    shifted = draws(2000, shift=2, seed=1, width=1)
    assert discriminator_accuracy(draws(2000, width=1), shifted) == pytest.approx(best, abs=0.03)
    with pytest.raises(DataError, match="too few"):
        discriminator_accuracy(draws(5), draws(50))


def test_agreement_of_clusters_and_classes_needs_no_names():
    y = np.arange(60) % 3
    permuted, none = np.eye(3)[(y + 1) % 3], np.eye(3)[np.zeros(60, dtype=int)]
    assert cluster_agreement(permuted, y) == pytest.approx({"clustering_nmi": 1, "clustering_ari": 1})
    assert cluster_agreement(none, y) == pytest.approx({"clustering_nmi": 0, "clustering_ari": 0})
    halves = np.eye(2)[(y > 0).astype(int)]  # of ln 3 nats of the classes, H(1/3) are told
    told, entropy = np.log(3) - 2 / 3 * np.log(2), np.log(3)
    assert cluster_agreement(halves, y)["clustering_nmi"] == pytest.approx(2 * told / (told + entropy))
