"""Every command of the README can be given, and the benchmark runs."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import aaecore
from aaecore.cli.train import command as train
from aaecore.config import load_config
from aaecore.plugins import registry

HERE = Path(__file__).parent.parent
BENCHMARK = HERE / "benchmarks" / "learned_against_fixed.py"
README = (HERE / "README.md").read_text()
COMMANDS = re.findall(r"^\$ aae train (.+)$", README, re.MULTILINE)
TINY = [
    "architecture.channels=[4,8]",
    "architecture.discriminator_channels=[4]",
    "architecture.discriminator_hidden=8",
    "architecture.code_discriminator_hidden=[8]",
]
OURS = [name for name in registry().names("recipe") if name.startswith("learnedprior")]


def settings(given: str) -> dict[str, object]:
    return train.make_context("train", shlex.split(given)).params


# What other plugins' recipes do with these parts can be tried where they are installed.
@pytest.mark.parametrize("given", [c for c in COMMANDS if str(settings(c)["recipe"]) in registry().names("recipe")])
def test_a_command_of_the_readme_is_understood(given: str) -> None:
    said = settings(given)
    config = load_config(said["recipe"], None, said["sets"])  # type: ignore[arg-type]
    assert registry().name_of(type(config.recipe)) == said["recipe"]


def test_the_readme_names_every_recipe_and_part() -> None:
    assert {str(settings(c)["recipe"]) for c in COMMANDS} >= set(OURS)
    for name in [*OURS, "learned", "discriminator-features", "periodic", "residual", "vaegan"]:
        assert f"`{name}`" in README


def test_a_recipe_trains_from_the_command_line(tmp_path: Path) -> None:
    sets = [f"--set={s}" for s in [*TINY, "data.limit=130"]]
    given = ["learnedprior-supervised", "--epochs", "1", "--quiet", "--out", str(tmp_path / "run"), *sets]
    result = CliRunner().invoke(train, given, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert (tmp_path / "run" / "samples.png").exists()
    assert aaecore.load(tmp_path / "run").sample(2).shape == (2, 1, 8, 8)


def test_repeats_on_the_command_line_survive_the_run_directory() -> None:
    config = load_config("learnedprior", None, ["scheduler.repeats.enc+dec_rec=4", "scheduler.every.D_C=5"])
    scheduler = config.recipe.scheduler
    assert scheduler.repeats == {"enc+dec_rec": 4}  # type: ignore[attr-defined]
    assert scheduler.every == {"D_C": 5}  # type: ignore[attr-defined]


def test_the_benchmark_measures_learned_and_fixed_priors(tmp_path: Path) -> None:
    given = ["--limit", "130", "--epochs", "1", "--seeds", "0", "--share", "0.5", "--width", "0.03", "--device", "cpu"]
    out = tmp_path / "out"
    given += ["--classifier-steps", "30", "--out", str(out)]
    given += ["--recipe", "learnedprior-baseline", "--recipe", "learnedprior-unsupervised"]
    subprocess.run([sys.executable, BENCHMARK, *given], check=True)
    rows = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    assert [row["recipe"] for row in rows] == ["learnedprior-baseline", "learnedprior-unsupervised"]
    assert all(row["frechet_samples"] > 0 for row in rows)
    assert 0 <= rows[1]["label_accuracy"] <= 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--width", "0"], "'--width': 0.0 is not in the range"),
        (["--share", "nan"], "'--share': nan is no number"),
        (["--epochs", "0"], "'--epochs': 0 is not in the range"),
        (["--data", "nosuch"], "unknown data 'nosuch'"),
        (["--limit", "20", "--seeds", "0"], "a batch of 64 is larger than the 20 training samples"),
        ([], "exists already and is never overwritten"),
    ],
)
def test_a_mistake_to_the_benchmark_is_one_line(tmp_path: Path, given: list[str], said: str) -> None:
    out = tmp_path if not given else tmp_path / "new"
    found = subprocess.run(
        [sys.executable, BENCHMARK, *given, "--out", str(out)], check=False, capture_output=True, text=True
    )
    assert found.returncode == 2
    assert found.stderr.startswith("learned_against_fixed: error: ")
    assert said in found.stderr
    assert found.stderr.count("\n") == 1
    assert not (tmp_path / "new").exists()
