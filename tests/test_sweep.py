"""Sweeps as a user meets them: grids, searches, failures, interrupts, and storages that are shared."""

import csv
import pickle
import shutil
import socket

import numpy as np
import pytest

from aaecore import cli
from aaecore.config import load_config
from aaecore.errors import Interrupted
from aaecore.runs.families import runs_of
from aaecore.runs.saved import load_run_config, read_metrics
from aaecore.runs.session import Session
from aaecore.sweeping.axes import parse_axes
from aaecore.sweeping.studies import FOLDER, WORKER, distributions, open_study, requeue_dead

SMALL = ["--set", "architecture.hidden=[6]", "--set", "batch=8", "--data", "some.npz", "--epochs", "1", "--quiet"]


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("some.npz", x=np.random.default_rng(0).random((40, 4, 4)).astype(np.float32))
    return tmp_path


@pytest.fixture
def untrained(monkeypatch):
    """Trials that cost nothing: the figure is the code's size; what it holds fails or is interrupted."""
    bad, calls = {}, []

    def run(self):
        from aaecore.runs.directory import new_run_directory

        folder = new_run_directory(self.out, self.name)
        calls.append(self.config.recipe.code)
        if self.config.recipe.code in bad:
            raise bad.pop(self.config.recipe.code)
        (folder / "model.safetensors").touch()
        model = self.prepared().model
        model.metrics = {"reconstruction_mse": float(self.config.recipe.code)}
        return model, folder

    monkeypatch.setattr(Session, "run", run)
    return bad, calls


def aae(capsys, *arguments):
    with pytest.raises(SystemExit) as e:
        cli.main([str(a) for a in arguments])
    return e.value.code, *capsys.readouterr()


def table(folder):
    with (folder / "trials.csv").open() as file:
        return list(csv.DictReader(file))


def test_a_grid_is_a_run_for_each_combination(place, capsys):
    code, _, err = aae(capsys, "sweep", "classic", *SMALL, "--over", "code=2,3", "--over", "lr=1e-3")
    assert (code, err) == (0, "")
    folder = place / "runs" / "classic-sweep-1"
    recipes = [load_run_config(run).recipe for run in runs_of(folder)]
    assert [(r.code, r.generator_optimizer.lr) for r in recipes] == [(2, 1e-3), (3, 1e-3)]
    values = [read_metrics(run)["reconstruction_mse"] for run in runs_of(folder)]
    assert [float(row["reconstruction_mse"]) for row in table(folder)] == values
    alone = ["train", "classic", *SMALL, "--set", "code=3"]
    for name in ("reconstruction", "discriminator", "generator"):
        alone += ["--set", f"{name}_optimizer.lr=1e-3"]
    aae(capsys, *alone, "--out", "alone")
    assert (place / "alone/model.safetensors").read_bytes() == (folder / "trial-0001/model.safetensors").read_bytes()


def test_the_best_are_shown_first(place, capsys, untrained):
    quiet = [word for word in SMALL if word != "--quiet"]
    code, out, err = aae(capsys, "sweep", "classic", *quiet, "--over", "code=3,9,5", "--out", "s")
    assert code == 0
    assert [line.split()[0:3:2] for line in out.splitlines()[:4]] == [
        ["trial", "code"],
        ["0", "3"],
        ["2", "5"],
        ["1", "9"],
    ]
    assert "trial 1: reconstruction_mse 9 (best 3)" in err
    _, out, _ = aae(capsys, "sweep", "classic", *quiet, "--over", "code=3,9,5", "--objective", "reconstruction_mse:max")
    assert out.splitlines()[1].split()[:3] == ["1", "9", "9"]


def test_a_search_has_as_many_trials_as_asked_and_more_when_resumed(place, capsys, untrained):
    search = ["sweep", "classic", *SMALL, "--over", "code=2:50", "--out", "s"]
    assert aae(capsys, *search, "--trials", "6")[0] == 0
    first = [row["code"] for row in table(place / "s")]
    assert (len(first), len(set(first)) > 1) == (6, True)
    assert aae(capsys, "sweep", "--resume", "--out", "s", "--trials", "9", "--quiet")[0] == 0
    assert [row["code"] for row in table(place / "s")][:6] == first
    assert len(table(place / "s")) == 9
    assert aae(capsys, *search[:-1], "again", "--trials", "9")[0] == 0
    assert [row["code"] for row in table(place / "again")] == [row["code"] for row in table(place / "s")]


@pytest.mark.parametrize("error", [RuntimeError("out of\nmemory"), ValueError("x")])
def test_a_trial_that_fails_is_noted_and_the_sweep_goes_on(place, capsys, untrained, error):
    bad, calls = untrained
    bad[3] = error
    code, _, _ = aae(capsys, "sweep", "classic", *SMALL, "--over", "code=2,3,4", "--out", "s")
    assert (code, calls) == (0, [2, 3, 4])
    rows = table(place / "s")
    assert [row["state"] for row in rows] == ["complete", "fail", "complete"]
    assert rows[1]["reason"] == f"{type(error).__name__}: {' '.join(str(error).split())}"
    assert aae(capsys, "sweep", "--resume", "--out", "s", "--quiet")[0] == 0
    assert calls == [2, 3, 4]


def test_a_sweep_of_failures_only_says_so(place, capsys, untrained):
    untrained[0][2] = RuntimeError("no luck")
    code, _, err = aae(capsys, "sweep", "classic", *SMALL, "--over", "code=2", "--out", "s")
    assert (code, err) == (2, "aae: error: s: no trial came to an end; trial 0: RuntimeError: no luck\n")


def test_an_interrupted_sweep_goes_on_where_it_was(place, capsys, untrained):
    bad, calls = untrained
    bad[3] = Interrupted("")
    code, _, err = aae(capsys, "sweep", "classic", *SMALL, "--over", "code=2,3,4", "--out", "s")
    assert (code, err.lstrip()) == (130, "aae: interrupted; go on with: aae sweep --resume --out s\n")
    assert [row["run"] for row in table(place / "s") if row["state"] == "complete"] == ["trial-0000"]
    assert [row["code"] for row in table(place / "s") if row["state"] == "waiting"] == ["4", "3"]
    assert aae(capsys, "sweep", "--resume", "--out", "s", "--quiet")[0] == 0
    assert sorted(calls) == [2, 3, 3, 4]
    assert [run.name for run in runs_of("s")] == ["trial-0000", "trial-0001", "trial-0002"]
    assert load_done(place / "s") == {"2", "3", "4"}


def load_done(folder):
    return {row["code"] for row in table(folder) if row["state"] == "complete"}


@pytest.mark.parametrize("storage", ["study.jsonl", "sqlite:///study.db"])
def test_the_same_sweep_on_two_machines_is_shared_and_nothing_is_unpickled(
    place, capsys, untrained, monkeypatch, storage
):
    bad, calls = untrained
    share = ["sweep", "classic", *SMALL, "--over", "code=2,3,4", "--storage", storage]
    bad[3] = Interrupted("")
    assert aae(capsys, *share, "--out", "one")[0] == 130

    def refuse(*given, **options):
        raise AssertionError("something was unpickled")

    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, refuse)
    code, _, err = aae(capsys, *share, "--out", "two")
    assert (code, err) == (0, "")
    assert sorted(calls) == [2, 3, 3, 4]
    assert len(runs_of("one")) == 1
    assert len(runs_of("two")) == 2


def test_what_a_killed_process_was_training_is_tried_again(place):
    axes = parse_axes(["code=2,3"])
    study = open_study("study.jsonl", "s", maximize=False)
    for machine, process in ((socket.gethostname(), 2**22 + 1), ("another", 1)):
        trial = study.ask({"code": distributions(axes)["code"]})
        trial.set_user_attr(WORKER, f"{machine}:{process}")
        trial.set_user_attr(FOLDER, f"trial-{trial.number}")
    requeue_dead(study)
    dead, other, again = study.get_trials()
    assert [t.state.name for t in (dead, other, again)] == ["FAIL", "RUNNING", "WAITING"]
    assert again.user_attrs[FOLDER] == "trial-0"
    assert again.system_attrs["fixed_params"] == dead.params


WRONG = [
    (["sweep", "classic"], "nothing is varied"),
    (["sweep", "classic", "--over", "lrr=1,2"], "did you mean 'lr'"),
    (["sweep", "classic", "--over", "seed=1,2"], "did you mean 'run.seed'?"),
    (["sweep", "classic", "--over", "name=classic,supervised"], "a sweep varies the settings of one recipe"),
    (
        ["sweep", "classic", "--over", "code=2,3", "--objective", "reconstruction_ms"],
        "did you mean 'reconstruction_mse'",
    ),
    (["sweep", "classic", "--over", "code=2,3", "--objective", "x:up"], "expected METRIC"),
    (["sweep", "classic", "--over", "code=2,3", "--data", "missing.npz"], "no such file"),
    (["sweep", "classic", "--over", "code=2,3", "--storage", "redis://x"], "pickled"),
    (["sweep", "classic", "--over", "code=2,3", "--storage", "nodb://x"], "cannot be opened"),
    (["sweep", "classic", "--over", "code=2,3", "--log-with", "nobody"], "no tracker is called"),
    (["sweep", "--over", "code=2,3"], "recipe: none is named"),
    (["sweep", "--resume"], "which sweep to resume"),
    (["sweep", "classic", "--resume", "--out", "s"], "resumed as it was begun"),
    (["sweep", "--resume", "--out", "nowhere"], "holds no sweep"),
    (["sweep", "classic-dcgan", "--over", "code=2,3"], "--objective; choose from"),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG, ids=lambda a: " ".join(a) if isinstance(a, list) else "")
def test_a_wrong_sweep_is_one_line_and_nothing_is_begun(place, capsys, arguments, said):
    small = [] if "--resume" in arguments else ["--set", "batch=8", *(() if "--data" in arguments else SMALL[4:6])]
    code, out, err = aae(capsys, *arguments, *small)
    assert (code, out, err.count("\n")) == (2, "", 1), err
    assert said in err
    assert [p.name for p in place.iterdir()] == ["some.npz"]


@pytest.mark.parametrize("torn", ["worker", "folder"])
def test_a_journal_torn_by_a_power_cut_is_mended(place, capsys, untrained, torn):
    aae(capsys, "sweep", "classic", *SMALL, "--over", "code=3,5", "--out", "s")
    journal = place / "s/journal.jsonl"
    text = journal.read_bytes()
    journal.write_bytes(text[: text.rindex(b"\n", 0, text.rindex(f'"{torn}"'.encode())) + 9])
    shutil.rmtree(place / "s/trial-0001")
    code, _, err = aae(capsys, "sweep", "--resume", "--out", "s", "--quiet")
    assert (code, err.count("\n")) == (0, 1)
    assert "journal.jsonl: its last line was torn" in err
    assert {row["code"] for row in table(place / "s") if row["state"] == "complete"} == {"3", "5"}
    assert aae(capsys, "sweep", "--resume", "--out", "s", "--quiet")[::2] == (0, "")


def test_a_damaged_journal_is_named_by_its_line(place, capsys, untrained):
    aae(capsys, "sweep", "classic", *SMALL, "--over", "code=3,5", "--out", "s")
    journal = place / "s/journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines[:2], b"{torn" + lines[2], *lines[3:]]))
    code, _, err = aae(capsys, "sweep", "--resume", "--out", "s")
    assert code != 0
    assert "journal.jsonl: line 3 is damaged; restore" in err
    assert err.count("\n") == 1


def test_a_misspelt_setting_is_told_even_where_optuna_is_missing(place, capsys, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "optuna", None)
    assert "no such setting" in aae(capsys, "sweep", "classic", *SMALL, "--over", "coed=3")[2]


def test_the_password_of_a_database_is_shown_to_nobody(place, capsys):
    url = "postgresql://u:secret@nowhere.invalid/db"
    code, _, err = aae(capsys, "sweep", "classic", *SMALL, "--over", "code=2,3", "--storage", url)
    assert (code, "secret" in err, "postgresql://u:***@nowhere.invalid/db: cannot be opened" in err) == (2, False, True)


def test_optuna_is_asked_for_where_it_is_missing(place, capsys, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "optuna", None)
    code, _, err = aae(capsys, "sweep", "classic", "--over", "code=2,3")
    assert (code, err) == (2, "aae: error: sweeps need Optuna; pip install 'aaecore[sweep]'\n")


def test_the_configuration_of_a_trial_is_that_of_its_settings(place, capsys, untrained):
    aae(capsys, "sweep", "classic", *SMALL, "--over", "prior=uniform,mixture", "--seed", "5", "--out", "s")
    assert load_config(config="s/config.toml").run.seed == 5
    assert [row["prior"] for row in table(place / "s")] == ["uniform", "mixture"]
