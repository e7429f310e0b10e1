import pytest

from aaecore.errors import RunError
from aaecore.runs.families import runs_of


@pytest.fixture
def made(tmp_path):
    def make(*names, finished=True):
        for name in names:
            (tmp_path / name).mkdir(parents=True, exist_ok=True)
            (tmp_path / name / "config.toml").touch()
            if finished:
                (tmp_path / name / "model.safetensors").touch()
        return tmp_path

    return make


def test_a_run_stands_for_itself(made):
    folder = made("run")
    assert runs_of(folder / "run") == runs_of(str(folder / "run")) == [folder / "run"]


def test_a_folder_stands_for_its_finished_runs_in_the_order_of_their_numbers(made):
    made("seed-10", "seed-9", "seed-1")
    folder = made("seed-2", finished=False)
    (folder / "notes").mkdir()
    (folder / "summary.json").touch()
    assert [p.name for p in runs_of(folder)] == ["seed-1", "seed-9", "seed-10"]


def test_what_holds_no_finished_run_is_said(made, tmp_path):
    with pytest.raises(RunError, match="nowhere: no such folder"):
        runs_of(tmp_path / "nowhere")
    with pytest.raises(RunError, match="neither a run nor a folder of runs"):
        runs_of(tmp_path)
    folder = made("seed-2", finished=False)
    for path in (folder, folder / "seed-2"):
        with pytest.raises(RunError, match="seed-2 has not been trained to its end"):
            runs_of(path)
