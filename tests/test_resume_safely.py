"""Going on with a run harms neither the run nor anybody's belief of what it is."""

import json
import os
import shutil
from pathlib import Path

import pytest

from aaecore import cli
from aaecore.runs.lock import locked

SMALL = ["--set", "architecture.hidden=[6]", "--set", "data.limit=200", "--quiet"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    place = tmp_path_factory.mktemp("made")
    here = os.getcwd()
    os.chdir(place)
    try:
        for arguments in (["--out", "run"], ["--out", "family", "--seeds", "1,2"]):
            with pytest.raises(SystemExit) as end:
                cli.main(["train", "classic", "--epochs", "1", *SMALL, *arguments])
            assert end.value.code == 0
    finally:
        os.chdir(here)
    return place


@pytest.fixture
def place(made, tmp_path, monkeypatch):
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def train(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        cli.main(["train", "--resume", "--quiet", *arguments])
    return end.value.code, capsys.readouterr().err


def test_a_change_that_does_not_fit_leaves_the_run_as_it_was(place, capsys):
    before = Path("run/config.toml").read_bytes()
    code, said = train(capsys, "--out", "run", "--set", "code=3", "--allow-change", "code", "--epochs", "2",
                       "--allow-change", "epochs")  # fmt: skip
    assert (code, "does not fit" in said) == (2, True)
    assert Path("run/config.toml").read_bytes() == before
    assert train(capsys, "--out", "run")[0] == 0


def test_the_configuration_changes_with_the_first_checkpoint_of_the_new_one(place, capsys):
    assert train(capsys, "--out", "run", "--epochs", "2", "--allow-change", "epochs")[0] == 0
    assert "epochs = 2" in Path("run/config.toml").read_text()
    assert train(capsys, "--out", "run")[0] == 0


def test_two_trainings_in_one_directory_are_refused(place, capsys):
    with locked(Path("run")):
        code, said = train(capsys, "--out", "run")
    assert (code, "another process is training in it" in said) == (2, True)
    assert train(capsys, "--out", "run")[0] == 0


def test_a_run_is_no_family(place, capsys):
    before = sorted(Path("run").iterdir())
    code, said = train(capsys, "--out", "run", "--seeds", "5")
    assert (code, "holds no family" in said) == (2, True)
    assert sorted(Path("run").iterdir()) == before


def test_a_family_goes_on_only_as_it_was_begun(place, capsys):
    code, said = train(capsys, "--out", "family", "--set", "prior=uniform")
    assert (code, "recipe.prior.name was 'gaussian'" in said) == (2, True)
    assert 'name = "uniform"' not in Path("family/config.toml").read_text()
    assert train(capsys, "--out", "family", "--epochs", "2", "--allow-change", "epochs")[0] == 0
    assert "epochs = 2" in Path("family/seed-2/config.toml").read_text()


def test_a_family_grows_by_seeds_and_finishes_what_was_killed_at_the_end(place, capsys):
    Path("family/seed-2/metrics.json").unlink()
    assert train(capsys, "--out", "family", "--seeds", "3")[0] == 0
    assert json.loads(Path("family/seeds.json").read_text()) == [1, 2, 3]
    assert json.loads(Path("family/summary.json").read_text())["seeds"] == [1, 2, 3]
    assert Path("family/seed-2/metrics.json").exists()


def test_a_list_of_no_seeds_is_refused(place, capsys):
    Path("family/seeds.json").write_text("[]")
    code, said = train(capsys, "--out", "family")
    assert (code, said.count("\n")) == (2, 1)
