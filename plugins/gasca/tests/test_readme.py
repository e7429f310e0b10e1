"""Every command of the README configures a recipe that builds; the Python code and the study run."""

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner
from gasca import study

import aaecore.api
from aaecore.cli import aae
from aaecore.spec import Spec

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
COMMANDS = sorted(set(re.findall(r"`(aae train gasca[^`]*)`", README)))


@pytest.fixture
def configured(monkeypatch):
    """The configuration that a command would train."""
    found = []
    monkeypatch.setattr(aaecore.api, "train_command", lambda config, *_, **__: found.append(config))

    def parse(command: str):
        result = CliRunner().invoke(aae, shlex.split(command)[1:], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return found[-1]

    return parse


def test_the_readme_lists_every_variant():
    assert len(COMMANDS) > 20


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_readme_configures_a_recipe_that_builds(configured, command):
    config = configured(command)
    config.recipe.build(Spec(shape=(1, 8, 8) if "folder" not in command else (3, 64, 64), classes=10))


def test_the_python_code_of_the_readme_runs(capsys):
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)[1]
    exec(compile(code, "README.md", "exec"), {})
    assert "level-1" in capsys.readouterr().out


def test_the_study_compares_strategies_and_keeps_what_it_measured(tmp_path):
    out = tmp_path / "found.json"
    given = ["--data", "digits", "--limit", "64", "--seeds", "3", "-o", str(out), "--curves", str(tmp_path / "c.png")]
    result = CliRunner().invoke(study.command, [*given, "--only", "glw, same last T", "--only", "joint"])
    assert result.exit_code == 0, result.output
    found = json.loads(out.read_text())
    assert [(each["strategy"], each["seed"]) for each in found] == [("glw, same last T", 3), ("joint", 3)]
    assert found[1]["points"][-1]["steps"] == 7
    assert (tmp_path / "c.png").stat().st_size
    for wrong in (["--only", "glw"], ["--epochs", "3"]):
        assert CliRunner().invoke(study.command, wrong).exit_code == 2


def test_a_short_run_leaves_a_whole_run_directory(tmp_path, tiny, turned):
    aaecore.train(tiny(), turned, quiet=True, out=tmp_path / "run")
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert {"config.toml", "model.safetensors", "metrics.json", "history.jsonl", "reconstructions.png"} <= names
    assert not {"samples.png", "codes.png"} & names
    loaded = aaecore.load(tmp_path / "run")
    x = turned.heldout.x.take(range(3))
    assert loaded.reconstruct(x).shape == x.shape


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--limit", "1"], "'--limit': 1 is not in the range"),
        (["--rotate", "nan"], "'--rotate': nan is no number"),
        (["--rotate", "181"], "'--rotate': 181.0 is not in the range"),
        (["--curves", "curves.txt"], "curves.txt must end in .png"),
        (["-o", "nowhere/found.json"], "nowhere/found.json: cannot be written: No such file or directory"),
        (["--data", "nosuch"], "unknown data 'nosuch'"),
    ],
)
def test_a_mistake_to_the_study_is_one_line_before_it_trains(tmp_path, monkeypatch, capsys, given, said):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["study", *given])
    with pytest.raises(SystemExit) as e:
        study.main()
    assert e.value.code == 2
    found = capsys.readouterr().err
    assert found.startswith("gasca.study: error: ")
    assert said in found
    assert found.count("\n") == 1
