"""The distributions that users install: wheel and source archive of the core and of each plugin."""

import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from collections.abc import Callable
from email import message_from_bytes
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECTS = [ROOT, *sorted(p.parent for p in ROOT.glob("plugins/*/pyproject.toml"))]

each = pytest.mark.parametrize("project", PROJECTS, ids=lambda p: p.name if p != ROOT else "aaecore")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], tuple[Path, Path]]:
    """Wheel and source archive of a project, built once."""

    @cache
    def build(project: Path) -> tuple[Path, Path]:
        folder = tmp_path_factory.mktemp("dist")
        command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
        subprocess.run(command, cwd=project, check=True, capture_output=True)
        return next(folder.glob("*.whl")), next(folder.glob("*.tar.gz"))

    return build


@each
def test_an_archive_holds_the_package_its_licence_and_its_readme_and_nothing_else(project: Path, built):
    package = packages(project)[0]
    wheel, source = built(project)
    names = zipfile.ZipFile(wheel).namelist()
    files = [path for path in (project / package).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert {path.relative_to(project).as_posix() for path in files} <= set(names)
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
def test_the_metadata_say_what_it_is(project: Path, built):
    about = message_from_bytes(metadata_of(built(project)[0]))
    assert about["License-Expression"] == "Apache-2.0"
    assert about["Description-Content-Type"] == "text/markdown"
    assert "Typing :: Typed" in about.get_all("Classifier")
    assert len(about["Summary"]) > 20
    assert len(about.get_payload().split()) > 50


def metadata_of(wheel: Path) -> bytes:
    archive = zipfile.ZipFile(wheel)
    return archive.read(next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA")))


@pytest.fixture(scope="module")
def dependencies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that is installed here but what this project makes, in a folder to import from."""
    ours = {packages(project)[0] for project in PROJECTS}
    folder = tmp_path_factory.mktemp("dependencies")
    for kind in ("purelib", "platlib"):
        for path in Path(sysconfig.get_path(kind)).iterdir():
            name = path.name.removeprefix("__editable__.").removeprefix("_editable_impl_").split("-")[0].split(".")[0]
            if name not in ours and path.suffix != ".pth" and not (folder / path.name).exists():
                (folder / path.name).symlink_to(path)
    return folder


TRAIN = """
import json
import aaecore
from aaecore.plugins import registry
from aaecore.testing import Bench, check_recipe
from aaecore.config import make

check_recipe(Bench)
plugins = registry().plugins
for plugin in plugins:
    for name in plugin.offers.get("recipe", ())[:1]:
        check_recipe(make("recipe", name))
print(json.dumps([aaecore.__file__, {p.name: p.error for p in plugins}]))
"""


@each
def test_the_wheels_of_the_core_and_one_plugin_train_a_step_in_an_environment_of_their_own(
    project: Path, built, dependencies: Path, tmp_path: Path
):
    wheels = [str(built(p)[0]) for p in dict.fromkeys((ROOT, project))]
    site = tmp_path / "site"
    install = ["-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", str(site), *wheels]
    subprocess.run([sys.executable, *install], check=True, capture_output=True)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (site, dependencies)))}
    command = [sys.executable, "-S", "-c", TRAIN]  # nothing from this environment's own folder
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    where, plugins = json.loads(done.stdout)
    assert Path(where).is_relative_to(site)
    name = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]["name"]
    assert plugins == dict.fromkeys(("aaecore", name))


@each
def test_a_readme_says_something(project: Path):
    assert len((project / "README.md").read_text("utf-8").split()) > 50


def packages(project: Path) -> list[str]:
    """The import packages of a project."""
    tool = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["tool"]
    found: list[str] = tool["hatch"]["build"]["targets"]["wheel"]["packages"]
    return found
