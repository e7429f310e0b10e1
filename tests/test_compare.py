"""Runs side by side."""

import json
import shutil
from statistics import mean, stdev

import numpy as np
import pytest

import aaecore
from aaecore import cli
from aaecore.errors import RunError
from aaecore.report import compare
from aaecore.report.compare import spread_words
from aaecore.report.overlay import overlaid
from aaecore.runs.saved import read_metrics


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Seeds 1 and 2 of one configuration, and another configuration."""
    folder = tmp_path_factory.mktemp("runs")
    np.savez(folder / "some.npz", x=np.random.default_rng(0).random((40, 4, 4)).astype(np.float32), y=np.arange(40) % 4)
    for name, seed, code in (("a-seed-1", 1, 8), ("a-seed-2", 2, 8), ("other", 1, 2)):
        recipe = aaecore.compose("classic", architecture={"name": "mlp", "hidden": [6]}, batch=8, epochs=2, code=code)
        aaecore.train(recipe, str(folder / "some.npz"), seed=seed, out=folder / name, quiet=True, device="cpu")
    return folder


def test_runs_that_differ_in_their_seed_are_one_family_with_mean_and_spread(runs):
    comparison = compare([runs / "a-seed-1", runs / "a-seed-2", runs / "other"])
    assert [f.name for f in comparison.families] == ["a", "other"]
    assert comparison.head == {"runs": ["2", "1"], "seed": ["1, 2", "1"]}
    assert comparison.settings == {"code": ["8", "2"]}
    values = [read_metrics(runs / f"a-seed-{seed}")["reconstruction_mse"] for seed in (1, 2)]
    other = read_metrics(runs / "other")["reconstruction_mse"]
    expected = [f"{mean(values):.4g} ± {stdev(values):.2g}", f"{other:.4g}"]
    assert comparison.figures["reconstruction_mse"] == expected


def test_a_folder_is_all_its_runs_and_no_run_counts_twice(runs):
    both = compare([runs, runs / "other", str(runs / "a-seed-1")])
    assert [len(f.runs) for f in both.families] == [2, 1]


def test_families_of_one_name_are_told_apart(runs, tmp_path):
    shutil.copytree(runs / "other", tmp_path / "a-seed-1")
    assert [f.name for f in compare([runs / "a-seed-1", tmp_path / "a-seed-1"]).families] == [
        f"{runs.name}/a-seed-1",
        f"{tmp_path.name}/a-seed-1",
    ]


def test_shares_are_said_in_per_cent():
    assert spread_words("classification_error", [0.05, 0.07]) == "6 ± 1.4 %"
    assert spread_words("classification_error", [0.05]) == "5 %"
    assert spread_words("codes_prior_std_gap", [-1.0, -3.0]) == "−2 ± 1.4"
    assert spread_words("anything", []) == ""


def test_curves_of_seeds_are_thin_lines_under_their_mean(runs):
    charts = {c.title: c for c in overlaid(compare([runs]).families)}
    assert list(charts) == ["rec/L_rec", "disc/L_D", "gen/L_G", "accuracy_code_discriminator"]
    looks = [(s.look, s.colour) for s in charts["rec/L_rec"].shapes]
    assert looks == [("thin", 0), ("thin", 0), ("line", 0), ("line", 1)]


def test_a_comparison_is_a_table_and_a_page(runs, tmp_path, capsys):
    with pytest.raises(SystemExit) as e:
        cli.main(["compare", str(runs), "-o", str(tmp_path / "page.html")])
    assert e.value.code == 0
    out = capsys.readouterr().out
    assert any(line.split() == ["code", "8", "2"] for line in out.splitlines())
    assert any(line.startswith("reconstruction_mse") and "±" in line for line in out.splitlines())
    page = (tmp_path / "page.html").read_text("utf-8")
    assert page.count("<svg") == 4
    assert "http:" not in page.replace("http://www.w3.org", "")


@pytest.mark.parametrize("broken", ["missing", "metrics.json", "model.safetensors", "config.toml"])
def test_a_run_that_is_missing_or_broken_is_one_line(runs, tmp_path, capsys, broken):
    bad = tmp_path / "bad"
    if broken != "missing":
        shutil.copytree(runs / "other", bad)
        (bad / broken).write_text("{")
    with pytest.raises(SystemExit) as e:
        cli.main(["compare", str(runs / "other"), str(bad), "-o", str(tmp_path / "page.html")])
    said = capsys.readouterr()
    assert (e.value.code, said.out) == (2, "")
    assert said.err.startswith(f"aae: error: {bad}")
    assert said.err.count("\n") == 1
    assert not (tmp_path / "page.html").exists()


def test_a_run_without_figures_is_refused(runs, tmp_path):
    shutil.copytree(runs / "other", tmp_path / "bad")
    (tmp_path / "bad" / "metrics.json").unlink()
    with pytest.raises(RunError, match="--resume"):
        compare([tmp_path / "bad"])


def test_an_evaluation_of_one_run_is_not_held_against_the_final_figures_of_another(runs, tmp_path):
    shutil.copytree(runs / "other", tmp_path / "evaluated")
    (tmp_path / "evaluated/evaluation.json").write_text(json.dumps({"reconstruction_mse": 123.0}))
    figures = compare([runs / "other", tmp_path / "evaluated"]).figures["reconstruction_mse"]
    assert len(set(figures)) == 1


def test_an_evaluation_is_compared_too(runs, tmp_path):
    for name, value in (("x", 1.0), ("y", 2.0)):
        shutil.copytree(runs / "other", tmp_path / name)
        (tmp_path / name / "evaluation.json").write_text(json.dumps({"sharpness": value}))
    assert compare([tmp_path]).figures["sharpness"] == ["1.5 ± 0.71"]
