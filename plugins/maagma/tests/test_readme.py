"""The README's commands."""

import re
import shlex
from importlib.metadata import distributions
from pathlib import Path

import pytest
from click.testing import CliRunner
from maagma import aaecore_recipes

import aaecore
from aaecore.cli import aae
from aaecore.config import load_config
from aaecore.data import load_data
from aaecore.observer import Observer

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
CLASSIC = any(d.metadata["Name"] == "aae-classic" for d in distributions())
FOUND = [shlex.split(c)[2:] for c in re.findall(r"(aae train [^`\n]+)", README)]
COMMANDS = [c for c in FOUND if CLASSIC or not c[0].startswith("classic")]


def shown(command):
    return " ".join(command)


def sets_of(command):
    return [value for option, value in zip(command[1::2], command[2::2], strict=True) if option == "--set"]


@pytest.mark.parametrize("command", COMMANDS, ids=shown)
def test_every_command_parses(command):
    assert set(command[1::2]) <= {"--set", "--data", "--data-root", "--epochs", "--precision"}
    assert load_config(command[0], None, tuple(sets_of(command)), {}).recipe


def test_every_recipe_is_there():
    assert {c[0] for c in FOUND} - {"classic"} == set(aaecore_recipes())


QUICK = [c for c in COMMANDS if "--data" not in c]


def settings(command):
    small = ["batch=32", "data.limit=64", "epochs=1"]
    flat = command[0] == "classic" or "architecture=mlp" in command
    begun = [] if command[0] == "classic" or "starts" in shown(command) else ["scheduler.starts={}"]
    networks = [] if flat else ["architecture.units=16", "architecture.critic_channels=[4]"]
    return [*sets_of(command), *small, *begun, *networks]


class Ran(Observer):
    """The phases that ran."""

    def __init__(self):
        self.phases = set()

    def step_end(self, t, losses):
        self.phases |= {name.partition("/")[0] for name in losses}


@pytest.mark.parametrize("command", QUICK, ids=shown)
def test_every_command_that_needs_no_files_trains(command):
    config = load_config(command[0], None, tuple(settings(command)), {})
    ran = Ran()
    model = aaecore.train(config.recipe, load_data(config.data, 0), quiet=True, device="cpu", observers=[ran])
    if command[0].startswith("maagma") and "starts" not in shown(command):
        assert ran.phases == {p.name for p in model.recipe.all_phases(model.spec)}
    assert all(p.isfinite().all() for net in model.networks.values() for p in net.parameters())


def test_the_command_writes_a_run(tmp_path):
    sets = [part for value in settings(["maagma"]) for part in ("--set", value)]
    result = CliRunner().invoke(aae, ["train", "maagma", *sets, "--quiet", "--out", str(tmp_path / "run")])
    assert result.exit_code == 0, (result.output, result.exception)
    assert (tmp_path / "run" / "model.safetensors").exists()
