import warnings

import numpy as np
import pytest
from PIL import Image

from aaecore.errors import DataError
from aaecore.pictures import codes
from aaecore.pictures.codes import POINTS, _thinned
from aaecore.pictures.palette import PLAIN, UNLABELLED, class_colours, colours_of
from aaecore.pictures.panels import legend_entries
from aaecore.pictures.plane import on_plane


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def normal(n, size, seed=0):
    return np.random.default_rng(seed).normal(size=(n, size))


@pytest.mark.parametrize("size", [1, 2, 8, 64])
@pytest.mark.parametrize("n", [1, 2, 50])
def test_codes_of_any_size_and_number_can_be_drawn(tmp_path, n, size):
    codes(normal(n, size), np.arange(n) % 3 - 1, normal(n, size, 1), tmp_path / "c.png")
    with Image.open(tmp_path / "c.png") as picture:
        assert picture.width > 1000


@pytest.mark.parametrize("size", [1, 2, 5])
def test_collapsed_codes_can_be_drawn(tmp_path, size):
    codes(np.zeros((20, size)), None, np.zeros((20, size)), tmp_path / "c.png")


def test_two_dimensions_are_shown_as_they_are():
    z, p = normal(30, 2), normal(40, 2, 1)
    plane = on_plane(z, p)
    np.testing.assert_array_equal(plane.codes, z)
    np.testing.assert_array_equal(plane.prior, p)
    assert plane.axes == ("z1", "z2")


def test_more_are_projected_alike_and_the_axis_says_so():
    z = normal(200, 5) * [1, 9, 1, 5, 1] + 3
    plane = on_plane(z, z)
    np.testing.assert_allclose(plane.codes, plane.prior)
    assert plane.codes[:, 0].std() == pytest.approx(z[:, 1].std(), rel=0.02)
    assert plane.axes[0].startswith("PC 1 of 5-D codes (7")


def test_the_prior_is_in_the_middle_and_codes_beside_it_are_seen_to_be():
    rng = np.random.default_rng(0)
    plane = on_plane(rng.normal(size=(300, 5)) + 3, rng.normal(size=(300, 5)))
    np.testing.assert_allclose(plane.prior.mean(axis=0), 0, atol=1e-6)
    assert np.abs(plane.codes.mean(axis=0)).max() > 1


def test_both_panels_share_limits_in_true_proportions():
    plane = on_plane(normal(50, 2) * [3, 1], normal(50, 2) + np.array([10, 0]))
    (a, b), (c, d) = plane.limits
    assert b - a == pytest.approx(d - c)
    assert not plane.outside(plane.codes)
    assert not plane.outside(plane.prior)


def test_a_few_far_codes_do_not_shrink_the_rest_and_are_counted():
    z = normal(2000, 2)
    z[:3] = 500
    plane = on_plane(z, normal(2000, 2, 1))
    assert plane.limits[0][1] < 10
    assert plane.outside(z) >= 3


def test_large_sets_are_thinned_evenly_and_strays_dropped():
    z = normal(3 * POINTS, 2)
    z[0] = np.nan
    points, y = _thinned(z, np.repeat([0, 1, 2], POINTS))
    assert len(points) == POINTS
    assert np.isfinite(points).all()
    assert np.bincount(y) == pytest.approx(POINTS / 3, abs=2)


def test_colours_differ_for_any_number_of_classes():
    for n in (1, 10, 12, 13, 100):
        assert len(set(class_colours(n))) == n


def test_unlabelled_points_are_grey_only_among_labelled_ones():
    assert colours_of(np.array([-1, 0]), 1) == [UNLABELLED, class_colours(1)[0]]
    assert colours_of(np.array([-1, -1]), 0) == [PLAIN, PLAIN]


def test_the_legend_explains_what_is_there_and_no_more():
    y, none = np.array([0, 2, 2]), np.array([-1, -1])
    names = ["a", "b", "c"]
    assert [n for n, _ in legend_entries(names, (y, none))] == ["a", "c"]
    assert [n for n, _ in legend_entries(names, (np.append(y, -1), none))] == ["a", "c", "unlabelled"]
    assert legend_entries([], (none, none)) == []
    assert len(legend_entries([str(i) for i in range(100)], (y, y))) == 1


@pytest.mark.parametrize(
    ("z", "labels", "draws"),
    [
        (np.zeros((3, 2)), [0, 1], np.zeros((3, 2))),
        (np.zeros((3, 2)), None, np.zeros((3, 4))),
        (np.zeros((0, 2)), None, np.zeros((3, 2))),
        (np.full((3, 2), np.nan), None, np.zeros((3, 2))),
        (np.zeros((3, 2, 2)), None, np.zeros((3, 2))),
    ],
)
def test_codes_that_do_not_go_together_are_refused(tmp_path, z, labels, draws):
    with pytest.raises(DataError):
        codes(z, labels, draws, tmp_path / "c.png")


def test_a_given_map_projects_codes_and_prior_alike_and_the_axis_says_so():
    z, p, onto = normal(30, 5), normal(40, 5, 1), normal(5, 2, 2)
    plane = on_plane(z, p, onto)
    np.testing.assert_allclose(plane.codes, z @ onto)
    np.testing.assert_allclose(plane.prior, p @ onto)
    assert plane.axes[0] == "first projection of 5-D codes"
    with pytest.raises(DataError, match="give one of"):
        on_plane(z, p, onto.T)
