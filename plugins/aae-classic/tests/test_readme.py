"""Every command of the README is understood, the quick ones run, and its Python works."""

import re
import shlex
import sys
from pathlib import Path
from types import ModuleType

import pytest

from aaecore import cli
from aaecore.plugins import registry

PLUGIN = Path(__file__).parents[1]
README = (PLUGIN / "README.md").read_text("utf-8")
COMMANDS = re.findall(r"^\$ aae (.+)$", README, re.MULTILINE)
QUICK = [c for c in COMMANDS if "--config" not in c]


def aae(command):
    with pytest.raises(SystemExit) as e:
        cli.main(shlex.split(command))
    return e.value.code


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_readme_is_understood(command, monkeypatch):
    trained = []
    fake = ModuleType("aaecore.api")
    fake.train_command = lambda config, *rest, **options: trained.append(config)
    monkeypatch.setitem(sys.modules, "aaecore.api", fake)
    monkeypatch.chdir(PLUGIN)
    assert aae(command) == 0
    assert len(trained) == 1


@pytest.mark.parametrize("command", QUICK)
def test_a_quick_command_of_the_readme_runs(command, monkeypatch, tmp_path):
    monkeypatch.setattr("aaecore.runs.session.draw_gallery", lambda *a, **k: [])
    monkeypatch.setattr("aaecore.pictures.curves", lambda *a, **k: None)
    small = f"--epochs 1 --set data.limit=300 --set batch=150 --quiet --out {tmp_path / 'run'}"
    if "clustering" in command:  # whose 3000 units take seconds to begin with
        small += " --set architecture.hidden=[50,50]"
    assert aae(f"{command} {small}") == 0
    assert (tmp_path / "run" / "model.safetensors").is_file()


def test_the_python_of_the_readme_runs(digits):
    code = re.search(r"```python\n(.+?)```", README, re.DOTALL)[1]
    there = {"images": digits.x.take(range(len(digits))).numpy(), "labels": digits.y.numpy()}
    exec(code.replace("epochs=30", "epochs=1, quiet=True"), there)
    assert there["classes"].shape == (len(digits),)
    assert there["threes"].shape == (16, 1, 8, 8)


def test_the_readme_names_every_part_and_recipe():
    plugin = next(p for p in registry().plugins if p.name == "aae-classic")
    for names in plugin.offers.values():
        for name in names:
            assert f"`{name}`" in README, name


@pytest.mark.parametrize("file", sorted((PLUGIN / "configs").glob("*.toml")), ids=lambda f: f.stem)
def test_the_readme_names_every_configuration(file):
    """By its name, or by its ending after that of a sibling."""
    endings = [file.stem[i:] for i, letter in enumerate(file.stem) if letter == "-"]
    assert any(f"`{name}`" in README for name in (file.stem, *endings))
