import math

import numpy as np
import pytest
import torch

from aaecore.errors import AAEError, DataError
from aaecore.metrics import (
    classification_error,
    clustering_error,
    clustering_errors,
    dead_dimensions,
    labels_by_best_image,
    labels_by_majority,
    labels_one_to_one,
    moments,
    prior_gap,
    reconstruction_mse,
    sigma_collapse,
)


def rng():
    return np.random.default_rng(0)


def test_moments_are_those_of_each_dimension():
    mean, std = moments(torch.tensor([[1.0, 0.0], [3.0, 4.0]]))
    np.testing.assert_allclose(mean, [2, 2])
    np.testing.assert_allclose(std, [1, 2])


def test_moments_of_tensors_on_a_graph_and_in_half_precision():
    codes = torch.ones(4, 2, dtype=torch.bfloat16, requires_grad=True)
    np.testing.assert_allclose(moments(codes)[0], [1, 1])


def test_no_codes_have_no_moments():
    with pytest.raises(DataError, match="at least one code"):
        moments(np.zeros((0, 2)))


def test_codes_equal_to_the_prior_have_no_gap():
    z = rng().normal(size=(100, 3))
    assert set(prior_gap(z, z).values()) == {0.0}


def test_gap_names_the_worst_dimension_in_both_units():
    prior = np.array([[-2.0, -1.0], [2.0, 1.0]])  # stds 2 and 1
    gap = prior_gap(prior * [1.5, 1.0] + [1.0, 0.0], prior)
    assert gap == pytest.approx(
        {
            "prior_mean_gap": 1.0,
            "prior_mean_gap_average": 0.5,
            "prior_mean_gap_in_stds": 0.5,
            "prior_mean_gap_in_stds_average": 0.25,
            "prior_std_gap": 0.5,
            "prior_std_gap_average": 0.25,
        }
    )


def test_a_constant_dimension_of_the_prior_keeps_the_gap_finite():
    prior = rng().normal(size=(50, 2)) * [1, 0]
    gap = prior_gap(prior + np.array([0, 3]), prior)
    assert gap["prior_mean_gap"] == pytest.approx(3)
    assert gap["prior_mean_gap_in_stds"] == pytest.approx(0)


@pytest.mark.parametrize("draws", [np.zeros((5, 2)), np.ones((5, 3))], ids=["constant", "other size"])
def test_priors_that_cannot_be_compared_are_refused(draws):
    with pytest.raises(AAEError):
        prior_gap(rng().normal(size=(5, 2)), draws)


def test_dimensions_that_hardly_vary_are_dead():
    codes = rng().normal(size=(100, 3)) * [1, 1e-4, 0]
    assert dead_dimensions(codes) == [1, 2]
    assert dead_dimensions(np.ones((5, 2))) == [0, 1]


def test_sigma_collapse_adds_variances():
    mu = np.array([[-3.0], [3.0]])
    assert sigma_collapse(mu, np.full((2, 1), -4.0)) == pytest.approx(
        {"mean_abs_sigma": 4.0, "std_mu": 3.0, "std_z": 5.0}
    )


def test_mse_is_a_mean_over_pixels():
    x = np.zeros((2, 1, 4, 4))
    assert reconstruction_mse(x, x + 0.5) == pytest.approx(0.25)
    with pytest.raises(DataError, match="one shape"):
        reconstruction_mse(x, x[:1])


def test_unlabelled_samples_do_not_count_as_errors():
    assert classification_error([0, 1, 2, 5], [0, 1, 1, -1]) == pytest.approx(1 / 3)
    with pytest.raises(DataError, match="labelled"):
        classification_error([0], [-1])
    with pytest.raises(DataError, match="one each"):
        classification_error([0, 1], [0])


def balanced(n=200, classes=10):
    return np.arange(n) % classes


def test_clusters_that_are_the_classes_have_no_error():
    y = balanced()
    q = np.eye(10)[(y + 3) % 10]  # clusters need not be numbered like the classes
    assert set(clustering_errors(q, y, q, y).values()) == {0.0}


def test_one_cluster_for_all_is_nine_tenths_wrong():
    y = balanced()
    q = np.tile(np.eye(10)[4], (len(y), 1))
    assert set(clustering_errors(q, y, q, y).values()) == {0.9}


def test_the_papers_rule_asks_only_the_surest_image():
    q = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.1, 0.9]])
    y = np.array([5, 1, 1, 2])
    assert labels_by_best_image(q, y).tolist() == [5, 2]
    assert labels_by_majority(q, y).tolist() == [1, 2]
    assert clustering_error([5, 2], q, y) == 0.5


def test_a_cluster_of_no_image_is_named_by_its_best_image():
    q = np.array([[0.7, 0.0, 0.3], [0.1, 0.5, 0.4]])
    assert labels_by_best_image(q, [3, 8]).tolist() == [3, 8, 8]
    assert labels_by_majority(q, [3, 8]).tolist() == [3, 8, 8]


def test_one_to_one_gives_no_label_twice():
    q = np.eye(3)[[0, 0, 1, 1, 1, 2]]
    names = labels_one_to_one(q, [0, 0, 0, 0, 0, 1])
    assert sorted(names.tolist()) == [-1, 0, 1]
    assert names[1] == 0
    assert names[2] == 1


def test_unlabelled_images_name_no_cluster():
    q = np.array([[1.0, 0.0], [0.6, 0.4], [0.2, 0.8]])
    assert labels_by_best_image(q, [-1, 4, 2]).tolist() == [4, 2]
    with pytest.raises(DataError, match="labelled images"):
        labels_by_best_image(q, [-1, -1, -1])


def test_cluster_probabilities_must_be_a_table_of_as_many_rows_as_labels():
    with pytest.raises(DataError, match="one each"):
        labels_by_best_image(np.eye(2), [0])
    with pytest.raises(DataError, match="images, clusters"):
        clustering_error([0], np.zeros(3), [0, 0, 0])


def test_figures_are_plain_numbers():
    gap = prior_gap(rng().normal(size=(9, 2)), rng().normal(size=(9, 2)))
    assert all(type(v) is float and math.isfinite(v) for v in gap.values())
