"""The files of a new plugin, from templates."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from string import Template

from packaging.version import InvalidVersion, Version

from aaecore.errors import AAEError
from aaecore.newplugin.names import Names, checked_names
from aaecore.version import core_version

FILES = {
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    "{module}/__init__.py": "init.py",
    "{module}/prior.py": "prior.py",
    "{module}/recipe.py": "recipe.py",
    "{module}/py.typed": "",
    "tests/test_{module}.py": "tests.py",
}
"""Each file of a plugin, and the template it is made of."""


def write_plugin(name: str, inside: Path | None = None) -> Path:
    """Write a plugin package into a new folder in `inside` (here), called like its distribution.

    Raises `AAEError` if the name cannot be, or the folder is there already.
    """
    names = checked_names(name)
    folder = (inside or Path()) / names.distribution
    try:
        folder.mkdir()
    except FileExistsError:
        raise AAEError(f"{folder} exists already; choose another name, or move it away") from None
    for path, template in FILES.items():
        target = folder / path.format(module=names.module)
        target.parent.mkdir(exist_ok=True)
        target.write_text(filled(template, names) if template else "", "utf-8")
    return folder


def filled(template: str, names: Names) -> str:
    """A template with the plugin's names in it."""
    text = (resources.files("aaecore.newplugin") / "templates" / f"{template}.txt").read_text("utf-8")
    given = {"distribution": names.distribution, "module": names.module, "part": names.part, "cls": names.cls}
    return Template(text).substitute(given, core=core_range())


def core_range() -> str:
    """The core that the plugin will work with: this minor version, or from version 1 on this major one, from here."""
    try:
        major, minor = Version(core_version()).release[:2]
    except (InvalidVersion, ValueError):
        return ""
    return f">={major}.{minor},<{major + 1}" if major else f">=0.{minor},<0.{minor + 1}"
