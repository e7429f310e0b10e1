"""Installing a plugin changes nobody's numbers, and no plugin needs another."""

import json
import os
import subprocess
import sys
from functools import cache

import pytest

from aaecore.plugins import registry

PLUGINS = sorted(plugin.name for plugin in registry().plugins if plugin.status == "ok" and plugin.offers.get("recipe"))
TRAIN = """
import hashlib, json, sys
from aaecore.testing.bench import Bench, digits
from aaecore.testing.compositions import recipe_named
from aaecore.testing.trial import outputs, try_out, weights

def figures(recipe):
    model = try_out(recipe, digits())
    digest = hashlib.sha256()
    for tensors in (*weights(model.networks).values(), outputs(model, digits())):
        for name, tensor in sorted(tensors.items()):
            digest.update(name.encode() + tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()

print(json.dumps([figures(Bench()), *(figures(recipe_named(name)) for name in sys.argv[1:])]))
"""


def trained(recipes: tuple[str, ...], blocked: tuple[str, ...]) -> list[str]:
    """A hash of all weights and outputs of small trainings, in a process without some plugins."""
    env = {**os.environ, "AAECORE_BLOCK": ",".join(blocked)}
    command = [sys.executable, "-c", TRAIN, *recipes]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout)
    return found


def first_recipe(plugin: str) -> str:
    """One of a plugin's recipes."""
    return next(p for p in registry().plugins if p.name == plugin).offers["recipe"][0]


@cache
def with_all() -> list[str]:
    """The same trainings with all plugins there."""
    return trained(tuple(map(first_recipe, PLUGINS)), ())


@pytest.mark.parametrize("plugin", PLUGINS)
def test_installing_other_plugins_changes_no_number(plugin: str) -> None:
    others = tuple(name for name in PLUGINS if name != plugin)
    core, alone = trained((first_recipe(plugin),), others)
    assert core == with_all()[0]
    assert alone == with_all()[1 + PLUGINS.index(plugin)]
