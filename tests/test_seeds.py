import json

import numpy as np
import pytest

from aaecore import cli
from aaecore.runs.families import runs_of
from aaecore.runs.saved import read_metrics

SMALL = ["--set", "architecture.hidden=[6]", "--set", "batch=8", "--data", "some.npz", "--epochs", "1"]


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("some.npz", x=np.random.default_rng(0).random((40, 4, 4)).astype(np.float32))
    return tmp_path


def aae(capsys, *arguments):
    with pytest.raises(SystemExit) as e:
        cli.main([str(a) for a in arguments])
    return e.value.code, *capsys.readouterr()


def test_a_family_has_a_run_for_each_seed_and_a_summary(place, capsys):
    code, out, err = aae(capsys, "train", "classic", *SMALL, "--seeds", "3-4,9")
    assert code == 0, err
    family = place / "runs" / "classic-1"
    assert [run.name for run in runs_of(family)] == ["seed-3", "seed-4", "seed-9"]
    values = [read_metrics(run)["reconstruction_mse"] for run in runs_of(family)]
    found = json.loads((family / "summary.json").read_text())["metrics"]["reconstruction_mse"]
    assert list(found["values"].values()) == values
    assert (found["mean"], found["std"]) == (pytest.approx(np.mean(values)), pytest.approx(np.std(values, ddof=1)))
    assert len(set(values)) == 3
    assert f"reconstruction_mse       {np.mean(values):.4g} ± {np.std(values, ddof=1):.2g}" in out
    assert "seed 4 (2 of 3)" in err


def test_a_run_of_a_family_is_the_run_of_its_seed_alone(place, capsys):
    aae(capsys, "train", "classic", *SMALL, "--seeds", "1,2", "--out", "family", "--quiet")
    aae(capsys, "train", "classic", *SMALL, "--seed", "2", "--out", "alone", "--quiet")
    assert (place / "family/seed-2/model.safetensors").read_bytes() == (place / "alone/model.safetensors").read_bytes()


def test_a_failing_seed_does_not_lose_the_others_and_can_be_tried_again(place, capsys, monkeypatch):
    from aaecore.errors import DivergenceError
    from aaecore.runs import seeds

    whole = seeds.Session.run

    def run(self):
        if self.config.run.seed == 2:
            raise DivergenceError("loss became nan")
        return whole(self)

    monkeypatch.setattr(seeds.Session, "run", run)
    code, _, err = aae(capsys, "train", "classic", *SMALL, "--seeds", "1,2,3", "--out", "f", "--quiet")
    assert (code, err.count("\n")) == (2, 1)
    assert "f: 1 of 3 seeds failed: seed 2, loss became nan; the others are kept" in err
    assert [run.name for run in runs_of("f")] == ["seed-1", "seed-3"]
    assert json.loads((place / "f/summary.json").read_text())["failed"] == {"2": "loss became nan"}

    monkeypatch.setattr(seeds.Session, "run", whole)
    before = (place / "f/seed-1/model.safetensors").stat().st_mtime_ns
    (place / "f/seed-2").mkdir()
    (place / "f/seed-2/history.jsonl").write_text("begun\n")
    code, out, err = aae(capsys, "train", "--resume", "--out", "f")
    assert code == 0, err
    assert [run.name for run in runs_of("f")] == ["seed-1", "seed-2", "seed-3"]
    assert (place / "f/seed-1/model.safetensors").stat().st_mtime_ns == before
    assert (place / "f/seed-2-stopped-1/history.jsonl").read_text() == "begun\n"
    assert "runs with seeds 1, 2, 3" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--seeds", "1,x"], "'x' is no seed"),
        (["--seeds", "5-3"], "'5-3' is no seed"),
        (["--seeds", "1,2", "--seed", "3"], "cannot both be given"),
        (["--seeds", "1,2", "--resume"], "which family to resume"),
        (["--seeds", "1,2", "--set", "batch=400"], "a batch of 400"),
        (["--seeds", "1,2", "--data", "missing.npz"], "no such file"),
        (["--seeds", "1,2", "--out", "some.npz"], "exists already"),
    ],
)
def test_what_no_seed_can_train_is_said_in_one_line_before_anything_is_made(place, capsys, arguments, said):
    code, out, err = aae(capsys, "train", "classic", *SMALL, "--quiet", *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err
    assert [p.name for p in place.iterdir()] == ["some.npz"]
