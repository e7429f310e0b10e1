import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from aaecore.errors import DataError, RunError
from aaecore.pictures import reconstructions, samples_grid, styles
from aaecore.pictures.canvas import Grid, columns_for, pixels, resized
from aaecore.pictures.heatmap import along_main_axis


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def rng():
    return np.random.default_rng(0)


def opened(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def test_every_pixel_of_a_tiny_image_is_one_block(tmp_path):
    image = (np.arange(16) * 0x0F / 255).reshape(1, 1, 4, 4)
    samples_grid(image, tmp_path / "a.png", title="")
    picture = opened(tmp_path / "a.png")
    for value in range(16 * 15, 15, -15):
        rows, columns = np.nonzero((picture == value - 15).all(axis=2))
        assert len(rows) == 90 * 90 == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)


def test_gaps_are_thin_and_cells_equal(tmp_path):
    samples_grid(np.zeros((9, 1, 8, 8)), tmp_path / "a.png", title="t")
    dark = (opened(tmp_path / "a.png") == 0).all(axis=2)
    row = dark[dark.shape[0] // 2].astype(int)
    edges = np.flatnonzero(np.diff(row))
    assert np.diff(edges).tolist() == [360, 4, 360, 4, 360]


@pytest.mark.parametrize(("n", "shape", "columns"), [(1, (8, 8), 1), (64, (8, 8), 8), (2, (8, 8), 2), (9, (8, 72), 1)])
def test_grids_are_nearly_square(n, shape, columns):
    assert columns_for(n, *shape) == columns


def test_a_grid_is_about_a_page_wide_whatever_it_holds():
    for size, n in [(8, 64), (28, 400), (32, 7), (300, 30), (28, 1000), (1000, 4)]:
        columns = columns_for(n, size, size)
        cells = resized(np.zeros((1, size, size, 3)), columns)
        assert Grid(1, columns, cells.shape[1:3]).size[1] <= 2600


def test_large_images_are_averaged_down():
    x = rng().random((1, 4000, 4000, 3))
    assert resized(x, 1).shape[1] < 800
    assert resized(x, 1).mean() == pytest.approx(0.5, abs=1e-2)


def test_other_channel_counts_are_shown_by_their_mean():
    cells, note = pixels(np.stack([np.zeros((2, 2)), np.ones((2, 2))])[None])
    assert cells.shape == (1, 2, 2, 3)
    assert (cells == 0.5).all()
    assert note == "mean of 2 channels"


def test_colours_stay_and_stray_values_are_clipped():
    x = np.array([2.0, 0.25, -1.0]).reshape(1, 3, 1, 1)
    assert pixels(x)[0].ravel().tolist() == [1, 0.25, 0]


def test_what_is_not_finite_is_told():
    cells, note = pixels(np.full((1, 1, 2, 2), np.nan))
    assert not cells.any()
    assert "not finite" in note


def test_the_unfinished_row_stays_white():
    picture = Grid(2, 2, (3, 3), gap=1).paint([np.zeros((3, 3, 3))] * 3)
    assert (picture[4:, 4:] == 1).all()
    assert (picture[:3, :3] == 0).all()


@pytest.mark.parametrize("n", [1, 2, 37, 300])
def test_any_number_of_images_can_be_drawn(tmp_path, n):
    x = torch.rand(n, 1, 8, 8, requires_grad=True)
    samples_grid(x, tmp_path / "s.png")
    reconstructions(x, x, tmp_path / "r.png", target=x)
    assert opened(tmp_path / "s.png").shape[1] < 2000
    assert opened(tmp_path / "r.png").shape[1] < 2000


@pytest.mark.parametrize("value", [0.0, 1.0, 7.0])
def test_constant_images_and_vectors_can_be_drawn(tmp_path, value):
    samples_grid(np.full((2, 5, 4, 4), value), tmp_path / "a.png")
    samples_grid(np.full((2, 6), value), tmp_path / "b.png")
    assert opened(tmp_path / "b.png").std() > 0


def test_reconstructions_stand_under_their_inputs(tmp_path):
    x = np.zeros((12, 3, 4, 4))
    x[:, 0] = 1  # red above blue
    reconstructions(x, x[:, ::-1], tmp_path / "r.png")
    picture = opened(tmp_path / "r.png")
    red, blue = (picture == [255, 0, 0]).all(axis=2), (picture == [0, 0, 255]).all(axis=2)
    column = np.flatnonzero(red.any(axis=0))[0] + 2
    changes = [("r" if red[i, column] else "b" if blue[i, column] else "") for i in range(len(picture))]
    order = [c for c, before in zip(changes, ["", *changes], strict=False) if c and c != before]
    assert order == ["r", "b", "r", "b"]  # 12 images fill two row groups


def test_as_many_reconstructions_as_inputs_are_needed(tmp_path):
    x = np.zeros((3, 1, 4, 4))
    with pytest.raises(DataError, match="3 input, 2 reconstruction"):
        reconstructions(x, x[:2], tmp_path / "r.png")
    with pytest.raises(DataError, match="different sizes"):
        reconstructions(x, np.zeros((3, 1, 5, 5)), tmp_path / "r.png")


def test_styles_must_fill_their_table(tmp_path):
    with pytest.raises(DataError, match="do not fill"):
        styles(np.zeros((5, 1, 4, 4)), tmp_path / "a.png", rows=2, columns=["a", "b"])
    styles(np.zeros((4, 1, 4, 4)), tmp_path / "a.png", rows=2, columns=["a", "a name that is long" * 3])
    styles(rng().random((4, 6)), tmp_path / "b.png", rows=2, columns=["a", "b"])


def test_long_column_names_are_turned_so_that_none_overlap(tmp_path):
    x, short, long = np.zeros((20, 1, 8, 8)), ["0"] * 20, ["a long class name"] * 20
    styles(x, tmp_path / "short.png", rows=1, columns=short)
    styles(x, tmp_path / "long.png", rows=1, columns=long)
    low, high = opened(tmp_path / "short.png"), opened(tmp_path / "long.png")
    assert high.shape[0] > low.shape[0] + 100
    assert high.shape[1] == low.shape[1]


def test_rows_of_a_heat_map_follow_the_main_axis():
    place = rng().permutation(50)
    order = along_main_axis(np.outer(place, np.ones(8)) + 1e-3 * rng().normal(size=(50, 8)))
    assert place[order].tolist() in ([*range(50)], [*range(49, -1, -1)])


def test_vectors_of_reconstructions_keep_one_order(tmp_path):
    x = rng().random((30, 12))
    reconstructions(x, x, tmp_path / "r.png")
    with pytest.raises(DataError, match="one shape"):
        reconstructions(x, x[:, :5], tmp_path / "r.png")


@pytest.mark.parametrize("shape", [(0, 1, 4, 4), (3, 4, 4), (0, 7)])
def test_what_is_no_picture_is_refused(tmp_path, shape):
    with pytest.raises(DataError):
        samples_grid(np.zeros(shape), tmp_path / "a.png")
    assert not list(tmp_path.iterdir())


def test_a_picture_replaces_an_older_one_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "new" / "a.png"
    samples_grid(np.zeros((1, 1, 4, 4)), path)
    before = path.read_bytes()
    samples_grid(np.ones((1, 1, 4, 4)), path)
    assert path.read_bytes() != before
    assert [p.name for p in path.parent.iterdir()] == ["a.png"]


@pytest.mark.skipif(os.name == "nt", reason="no such permissions on Windows")
def test_a_picture_is_as_readable_as_any_new_file(tmp_path):
    samples_grid(np.zeros((1, 1, 4, 4)), tmp_path / "a.png")
    (tmp_path / "plain").touch()
    assert (tmp_path / "a.png").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_place_that_cannot_be_written_is_told_in_one_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match=r"file.a\.png: cannot be written") as e:
        samples_grid(np.zeros((1, 1, 4, 4)), tmp_path / "file" / "a.png")
    assert "\n" not in str(e.value)


def test_no_picture_needs_pyplot_and_the_module_needs_nothing_heavy(tmp_path):
    program = f"""
import sys, aaecore.pictures as p, numpy as np
assert not {{"torch", "matplotlib", "sklearn"}} & set(sys.modules)
x = np.random.default_rng(0).random((9, 2))
p.samples_grid(x, r"{tmp_path}/s.png"), p.codes(x, None, x, r"{tmp_path}/c.png")
p.curves({{"a/b": [1.0, 2.0]}}, r"{tmp_path}/l.png"), p.diagnostics({{"std_z": [1.0]}}, r"{tmp_path}/d.png")
assert "matplotlib.pyplot" not in sys.modules and "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)
    assert len(list(tmp_path.iterdir())) == 4
