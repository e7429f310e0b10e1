import json
import resource
import signal
from types import SimpleNamespace

import pytest

from aaecore.errors import RunError
from aaecore.runs.directory import HISTORY, History, new_run_directory


def moment(step, diagnostics=None):
    return SimpleNamespace(
        step=step, stage=SimpleNamespace(name="train"), progress=SimpleNamespace(epoch=0), diagnostics=diagnostics or {}
    )


def lines(folder):
    return [json.loads(line) for line in (folder / HISTORY).read_text().splitlines()]


def test_runs_are_numbered_and_none_is_taken_twice(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert [new_run_directory(None, "classic").name for _ in range(3)] == ["classic-1", "classic-2", "classic-3"]
    assert new_run_directory(None, "pack:classic").name == "pack-classic-1"


def test_a_directory_that_exists_is_refused_and_left_as_it_is(tmp_path):
    (tmp_path / "note").write_text("mine")
    with pytest.raises(RunError, match=r"exists already and is never overwritten; give another one \(--out\)"):
        new_run_directory(tmp_path, "classic")
    assert [p.name for p in tmp_path.iterdir()] == ["note"]


def test_a_directory_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"cannot be made: Not a directory; give a writable one \(--out\)"):
        new_run_directory(tmp_path / "file" / "run", "classic")


def test_a_name_too_long_for_the_disk_is_refused(tmp_path):
    with pytest.raises(RunError, match="cannot be made"):
        new_run_directory(tmp_path / ("x" * 300), "classic")


def test_the_history_has_a_line_a_logged_step_and_one_of_diagnostics_an_epoch(tmp_path):
    history = History(tmp_path, every=2)
    history.train_begin(moment(0))
    for step in (1, 2, 3):
        history.step_end(moment(step), {"rec/L": 0.1 * step})
    history.epoch_end(moment(3, {"mean_abs_sigma": 0.5}))
    history.train_end(moment(3))
    where = {"stage": "train", "epoch": 0}
    assert lines(tmp_path) == [
        {**where, "step": 0, "rec/L": 0.1},
        {**where, "step": 2, "rec/L": 0.1 * 3},
        {**where, "step": 2, "mean_abs_sigma": 0.5},
    ]


def test_a_resumed_history_forgets_what_will_be_written_again(tmp_path):
    history = History(tmp_path)
    history.train_begin(moment(0))
    history.step_end(moment(1), {"a/b": 1.0})
    position = history.position()
    history.step_end(moment(2), {"a/b": 2.0})
    history.train_end(moment(2))
    history = History(tmp_path, position=position)
    history.train_begin(moment(1))
    history.step_end(moment(2), {"a/b": 3.0})
    history.train_end(moment(2))
    assert [line["a/b"] for line in lines(tmp_path)] == [1.0, 3.0]


@pytest.mark.parametrize("left", [None, 3])
def test_a_history_that_is_lost_or_cut_short_is_gone_on_with(tmp_path, left):
    path = tmp_path / "history.jsonl"
    if left:
        path.write_text("{}\n")
    history = History(tmp_path, position=1000)
    history.train_begin(moment(1))
    history.step_end(moment(2), {"a/b": 3.0})
    history.train_end(moment(2))
    assert [line.get("a/b") for line in lines(tmp_path)] == ([None, 3.0] if left else [3.0])


@pytest.fixture
def small_disk(tmp_path):
    """No file may exceed 64 KiB: a full disk, but for the error's number."""
    old_handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    old_limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, old_limit[1]))
    yield tmp_path
    resource.setrlimit(resource.RLIMIT_FSIZE, old_limit)
    signal.signal(signal.SIGXFSZ, old_handler)


def test_a_disk_that_fills_up_is_told_in_one_line(small_disk):
    history = History(small_disk)
    history.train_begin(moment(0))
    losses = {f"rec/{k}": 0.5 for k in range(10_000)}
    with pytest.raises(RunError, match=r"history.jsonl: cannot be written: .*; training stopped"):
        history.step_end(moment(1), losses)


def test_lines_held_back_that_do_not_fit_are_told_when_they_are_written(small_disk):
    history = History(small_disk)
    history.train_begin(moment(0))
    for part in range(2):
        history.step_end(moment(1), {f"rec/{k}": 0.5 for k in range(3000 * part, 3000 * part + 2500)})
    with pytest.raises(RunError, match=r"history.jsonl: cannot be written: .*; training stopped"):
        history.epoch_end(moment(1))


def test_a_file_that_does_not_fit_leaves_nothing_behind(small_disk):
    from aaecore.files import write_bytes

    (small_disk / "model").write_bytes(b"old")
    with pytest.raises(RunError, match="cannot be written"):
        write_bytes(small_disk / "model", b"x" * (1 << 20))
    assert [(p.name, p.read_bytes()) for p in small_disk.iterdir()] == [("model", b"old")]
