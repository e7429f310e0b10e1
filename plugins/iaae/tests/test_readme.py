"""The README's commands."""

import re
import shlex
from pathlib import Path

import pytest
from attrs import evolve
from iaae import aaecore_recipes

from aaecore import load_data, train
from aaecore.config import load_config

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
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
