"""The README's commands."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from attrs import evolve
from iaae import aaecore_recipes

from aaecore import load_data, train
from aaecore.config import load_config

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "improvements.py"
COMMANDS = [c.replace("\\|", "|") for c in re.findall(r"(aae train [^`\n]+)", README)]
QUICK = [c for c in COMMANDS if "weights=" not in c]


def parsed(command: str):
    name, *options = shlex.split(command)[2:]
    assert set(options[::2]) <= {"--set"}
    return load_config(name, None, tuple(options[1::2]), {})


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_parses(command):
    assert parsed(command).recipe


def test_every_recipe_is_there():
    assert {shlex.split(c)[2] for c in COMMANDS} == set(aaecore_recipes())


@pytest.mark.parametrize("command", QUICK)
def test_every_command_that_needs_no_files_trains(command):
    config = parsed(command)
    small = evolve(config.data, limit=128)
    model = train(evolve(config.recipe, batch=64, epochs=1), load_data(small), quiet=True)
    assert model.sample(2).isfinite().all()


def test_the_benchmark_measures_methods_by_both_protocols(tmp_path):
    out = tmp_path / "out"
    given = ["--limit", "130", "--epochs", "1", "--batch", "64", "--seeds", "0", "--classifier-steps", "30"]
    given += ["--method", "baseline", "--method", "mapping+equal", "--metric-mode", "legacy", "--out", str(out)]
    subprocess.run([sys.executable, BENCHMARK, *given], check=True)
    rows = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    assert [row["method"] for row in rows] == ["baseline", "mapping+equal"]
    assert all(row["frechet_samples"] > 0 and row["fid_legacy"] > 0 for row in rows)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--batch", "1"], "'--batch': 1 is not in the range"),
        (["--method", "n-itr"], "'n-itr'; choose from: baseline"),
        (["--data", "nosuch"], "unknown data 'nosuch'"),
        (["--limit", "20"], "a batch of 1024 is larger than the 20 training samples"),
        ([], "exists already and is never overwritten"),
    ],
)
def test_a_mistake_to_the_benchmark_is_one_line(tmp_path, given, said):
    out = tmp_path if not given else tmp_path / "new"
    command = [sys.executable, BENCHMARK, *given, "--out", str(out)]
    found = subprocess.run(command, check=False, capture_output=True, text=True)
    assert found.returncode == 2
    assert found.stderr.startswith("improvements: error: ")
    assert said in found.stderr
    assert found.stderr.count("\n") == 1
    assert not (tmp_path / "new").exists()


def test_the_block_on_the_authors_protocol_runs():
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec("import aaecore\n" + next(b for b in blocks if "legacy_figures" in b), {})
