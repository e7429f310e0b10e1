import json
import warnings

import numpy as np
import pytest
from PIL import Image

from aaecore.errors import DataError, RunError
from aaecore.metrics import sigma_collapse
from aaecore.pictures import curves, diagnostics
from aaecore.pictures.curves import COLLAPSE, smooth
from aaecore.pictures.history import read_history


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def opened(path):
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def write(path, *records):
    path.write_text("".join(json.dumps(r) + "\n" for r in records))
    return path


def test_there_is_a_panel_for_each_phase(tmp_path):
    series = {"step": range(200), "reconstruction/mse": np.linspace(1, 0.1, 200)}
    curves(series, tmp_path / "1.png")
    curves(series | {f"phase{i}/x": np.ones(200) for i in range(5)}, tmp_path / "6.png")
    one, six = opened(tmp_path / "1.png").shape, opened(tmp_path / "6.png").shape
    assert six[0] > one[0]
    assert six[1] > one[1]


@pytest.mark.parametrize("values", [[1.0], [0.0, 0.0], [-1.0, 1e9, 2.0], [1e-9, 1.0, 1e9], [np.nan, 1.0]])
def test_any_losses_can_be_drawn(tmp_path, values):
    curves({"a/b": values, "a/c": values}, tmp_path / "c.png", references={"a": ("ln 2", 0.6931)})


def test_a_reference_is_drawn_only_where_its_phase_is(tmp_path):
    for name, references in [("none", None), ("other", {"z": ("x", 1.0)}), ("this", {"a": ("x", 1.0)})]:
        curves({"a/b": [0.0, 2.0]}, tmp_path / f"{name}.png", references=references)
    pictures = [opened(tmp_path / f"{n}.png") for n in ("none", "other", "this")]
    np.testing.assert_array_equal(pictures[0], pictures[1])
    assert (pictures[0] != pictures[2]).any()


def test_a_history_without_losses_is_refused(tmp_path):
    with pytest.raises(DataError, match="no losses"):
        curves({"step": [1, 2], "lr": [1, 1]}, tmp_path / "c.png")


def test_smoothing_keeps_constants_and_ends():
    np.testing.assert_allclose(smooth(np.full(50, 3.0), 9), 3)
    y = np.arange(50.0)
    np.testing.assert_allclose(smooth(y, 5)[5:-5], y[5:-5])
    np.testing.assert_array_equal(smooth(y, 1), y)


def test_a_history_file_becomes_columns(tmp_path):
    path = write(tmp_path / "h.jsonl", {"step": 0, "a/x": 1}, {"step": 5, "a/x": 2, "b/y": 3, "stage": "all"})
    h = read_history(path)
    assert [a.tolist() for a in h.along("step", "a/x")] == [[0, 5], [1, 2]]
    assert [a.tolist() for a in h.along("step", "b/y")] == [[5], [3]]
    curves(path, tmp_path / "c.png")


def test_steps_of_a_new_stage_are_counted_on(tmp_path):
    records = [{"stage": s, "step": i, "a/x": i} for s in ("one", "two") for i in (0, 10)]
    steps, _ = read_history(write(tmp_path / "h.jsonl", *records)).along("step", "a/x")
    assert steps.tolist() == [0, 10, 11, 21]


def test_steps_written_again_after_resuming_replace_the_old(tmp_path):
    records = [{"stage": 0, "step": i, "a/x": x} for i, x in [(0, 1), (10, 2), (20, 3), (10, 4), (20, 5)]]
    steps, x = read_history(write(tmp_path / "h.jsonl", *records)).along("step", "a/x")
    assert (steps.tolist(), x.tolist()) == ([0, 10, 20], [1, 4, 5])


def test_what_is_measured_once_an_epoch_stands_beside_the_losses(tmp_path):
    losses = [{"stage": 0, "step": i, "epoch": i // 10, "a/x": i} for i in range(20)]
    measured = [{"stage": 0, "step": 9, "epoch": 0, "std_z": 1.0}, {"epoch": 1, "std_z": 2.0}]
    h = read_history(write(tmp_path / "h.jsonl", *losses[:10], measured[0], *losses[10:], measured[1]))
    assert h.along("step", "a/x")[0].tolist() == list(range(20))
    assert [a.tolist() for a in h.along("epoch", "std_z")] == [[0, 1], [1, 2]]
    assert h.along("step", "std_z")[0].tolist() == [9, 19]


def test_a_line_cut_short_is_ignored_but_only_the_last(tmp_path):
    path = tmp_path / "h.jsonl"
    path.write_text('{"step": 0, "a/x": 1}\n{"step": 1, "a/')
    assert read_history(path).columns["a/x"].tolist() == [1]
    path.write_text('{"step": 0, "a/x"\n{"step": 1, "a/x": 1}\n')
    with pytest.raises(RunError, match="line 1"):
        read_history(path)


def test_a_missing_history_is_told_in_one_line(tmp_path):
    with pytest.raises(RunError, match="cannot read history"):
        curves(tmp_path / "none.jsonl", tmp_path / "c.png")


def test_diagnostics_are_drawn_only_where_there_are_any(tmp_path):
    assert not diagnostics({"a/b": [1.0, 2.0]}, tmp_path / "d.png")
    assert not (tmp_path / "d.png").exists()
    assert diagnostics({"epoch": [0, 1], "std_z": [1.0, 2.0]}, tmp_path / "d.png")
    assert (tmp_path / "d.png").exists()


def test_diagnostics_draw_what_sigma_collapse_measures():
    assert set(COLLAPSE) == set(sigma_collapse(np.zeros((2, 1)), np.ones((2, 1))))
