"""`aae new-plugin` writes a package that installs, is listed, trains and passes its own tests untouched."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from aaecore import cli
from aaecore.errors import AAEError
from aaecore.newplugin import checked_names, write_plugin, writing

AAE = "from aaecore.cli import main; main()"


def python(*arguments: str, path: Path, cwd: Path) -> str:
    """Run Python with another folder to import from, and give what it says."""
    paths = os.pathsep.join([str(path), str(Path(cli.__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    env = {**os.environ, "PYTHONPATH": paths}
    done = subprocess.run([sys.executable, *arguments], cwd=cwd, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_new_plugin_installs_is_listed_trains_and_passes_its_tests_untouched(tmp_path: Path) -> None:
    folder = write_plugin("aae-heavy-tails", tmp_path)
    site = tmp_path / "site"
    python("-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist"), path=site, cwd=folder)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    install = ("-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", str(site), str(wheel))
    python(*install, path=site, cwd=tmp_path)

    listed = json.loads(python("-c", AAE, "list", "--json", path=site, cwd=tmp_path))["plugins"]
    (found,) = (plugin for plugin in listed if plugin["name"] == "aae-heavy-tails")
    assert (found["status"], found["error"]) == ("ok", None)
    assert found["priors"] == found["recipes"] == ["heavy-tails"]

    small = ("--epochs", "1", "--set", "data.limit=200", "--set", "architecture.hidden=[20]", "--quiet")
    python("-c", AAE, "train", "heavy-tails", *small, "--out", "run", path=site, cwd=tmp_path)
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["reconstruction_mse"] > 0

    said = python("-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder), path=site, cwd=tmp_path)
    assert re.search(r"\b4 passed", said), said


def test_the_files_are_clean(tmp_path: Path) -> None:
    folder = write_plugin("aae-heavy-tails", tmp_path)
    for command in (["check", "--select", "E,F,I,UP,B,SIM,N,PT"], ["format", "--check"]):
        options = ["-q", "--no-cache", "--isolated", "--config", "line-length=120"]
        subprocess.run([sys.executable, "-m", "ruff", *command, *options, "."], cwd=folder, check=True)
    assert (folder / "aae_heavy_tails" / "py.typed").exists()
    about = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    assert about["entry-points"] == {"aaecore": {"aae-heavy-tails": "aae_heavy_tails"}}
    assert not [f for f in folder.rglob("*.*") if f.is_file() and "$" in f.read_text("utf-8")]


@pytest.mark.parametrize(
    ("core", "inside", "outside"),
    [("0.1.0", "0.1.7", "0.2.0"), ("1.2.0", "1.9.0", "2.0.0"), ("0.3.0.dev4", "0.3.1", "0.2.9")],
)
def test_it_depends_on_a_range_of_the_core(
    monkeypatch: pytest.MonkeyPatch, core: str, inside: str, outside: str
) -> None:
    monkeypatch.setattr(writing, "core_version", lambda: core)
    found = SpecifierSet(writing.core_range())
    assert inside in found
    assert outside not in found


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "is no name of a package"),
        ("-rings", "is no name of a package"),
        ("two words", "is no name of a package"),
        ("../rings", "is no name of a package"),
        ("rings!", "is no name of a package"),
        ("aae-class", "'class' a name in Python"),
        ("aae-", "is no name of a package"),
        ("3d", "'3d' a name in Python"),
        ("aae-3d", "'3d' a name in Python"),
        ("json", "comes with Python"),
        ("torch", "is installed already"),
        ("Aaecore", "is installed already"),
        ("aae-gaussian", "would offer a prior 'gaussian', which aaecore offers"),
    ],
)
def test_a_name_that_cannot_be_is_refused(name: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(AAEError, match=said):
        write_plugin(name, tmp_path)
    assert not list(tmp_path.iterdir())


def test_names_are_spelt_as_installers_spell_them() -> None:
    names = checked_names("Aae_Heavy.Tails")
    assert (names.distribution, names.module, names.part) == ("aae-heavy-tails", "aae_heavy_tails", "heavy-tails")
    assert names.cls == "HeavyTails"


def test_nothing_is_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "aae-rings").mkdir()
    (tmp_path / "aae-rings" / "mine.txt").write_text("mine")
    with pytest.raises(SystemExit) as e:
        cli.main(["new-plugin", "aae-rings"])
    assert e.value.code == 2
    assert capsys.readouterr().err.strip() == (
        "aae: error: aae-rings exists already; choose another name, or move it away"
    )
    assert [p.name for p in (tmp_path / "aae-rings").iterdir()] == ["mine.txt"]


def test_the_command_says_what_to_do_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as e:
        cli.main(["new-plugin", "aae-rings"])
    assert e.value.code == 0
    assert "pip install -e 'aae-rings[test]'" in capsys.readouterr().out
    assert (tmp_path / "aae-rings" / "tests" / "test_aae_rings.py").exists()
