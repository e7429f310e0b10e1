"""The README's commands."""

import re
import shlex
from importlib.metadata import distributions
from pathlib import Path

import pytest
from click.testing import CliRunner
from maagma import aaecore_recipes

from aaecore.cli import aae
from aaecore.config import load_config

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
CLASSIC = any(d.metadata["Name"] == "aae-classic" for d in distributions())
FOUND = [shlex.split(c)[2:] for c in re.findall(r"(aae train [^`\n]+)", README)]
COMMANDS = [c for c in FOUND if CLASSIC or not c[0].startswith("classic")]
SMALL = ["--set", "batch=32", "--set", "data.limit=64", "--epochs", "1", "--quiet"]
NETWORKS = ["--set", "architecture.units=16", "--set", "architecture.critic_channels=[4]"]


def shown(command):
    return " ".join(command)


@pytest.mark.parametrize("command", COMMANDS, ids=shown)
def test_every_command_parses(command):
    sets = [value for option, value in zip(command[1::2], command[2::2], strict=True) if option == "--set"]
    assert set(command[1::2]) <= {"--set", "--data", "--data-root", "--epochs"}
    assert load_config(command[0], None, tuple(sets), {}).recipe


def test_every_recipe_is_there():
    assert {c[0] for c in FOUND} - {"classic"} == set(aaecore_recipes())


QUICK = [c for c in COMMANDS if "--data" not in c]


@pytest.mark.parametrize("command", QUICK, ids=shown)
def test_every_command_that_needs_no_files_runs(command, tmp_path):
    small = SMALL if command[0] == "classic" or "architecture=mlp" in command else [*SMALL, *NETWORKS]
    arguments = ["train", *command, *small, "--out", str(tmp_path / "run")]
    result = CliRunner().invoke(aae, arguments)
    assert result.exit_code == 0, (result.output, result.exception)
    assert (tmp_path / "run" / "model.safetensors").exists()
