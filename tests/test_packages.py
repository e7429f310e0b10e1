"""The distributions that users install: wheel and source archive of the core and of each plugin."""

import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECTS = [ROOT, *sorted(p.parent for p in ROOT.glob("plugins/*/pyproject.toml"))]

each = pytest.mark.parametrize("project", PROJECTS, ids=lambda p: p.name if p != ROOT else "aaecore")


@each
def test_an_archive_holds_the_package_its_licence_and_its_readme_and_nothing_else(project: Path, tmp_path: Path):
    package = packages(project)[0]
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(tmp_path)]
    subprocess.run(command, cwd=project, check=True, capture_output=True)
    wheel, source = next(tmp_path.glob("*.whl")), next(tmp_path.glob("*.tar.gz"))
    names = zipfile.ZipFile(wheel).namelist()
    assert f"{package}/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {package}
    with tarfile.open(source) as archive:
        inside = {name.split("/", 1)[1] for name in archive.getnames()}
    assert {f"{package}/py.typed", "LICENSE", "README.md"} <= inside
    allowed = {package, "LICENSE", "README.md", "PKG-INFO", "pyproject.toml", ".gitignore", "tests", "configs"}
    assert {name.split("/")[0] for name in inside} <= allowed


@each
def test_a_plugin_depends_on_a_range_of_the_core_and_is_called_like_its_entry_point(project: Path):
    about = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]
    assert list(about["entry-points"]["aaecore"]) == [about["name"]]
    assert about["requires-python"] == ">=3.11"
    if project != ROOT:
        core = next(d for d in about["dependencies"] if d.startswith("aaecore"))
        assert ">=" in core
        assert "==" not in core


@each
def test_a_readme_says_something(project: Path):
    assert len((project / "README.md").read_text("utf-8").split()) > 50


def packages(project: Path) -> list[str]:
    """The import packages of a project."""
    tool = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["tool"]
    found: list[str] = tool["hatch"]["build"]["targets"]["wheel"]["packages"]
    return found
