"""The hook specifications, whose examples are meant to be copied."""

import inspect
import re
import subprocess
import sys
from types import SimpleNamespace

import attrs
import pytest
import torch
from attrs.validators import gt

from aaecore import hooks
from aaecore.defaults.architectures import MLP
from aaecore.kinds import HOOKS, bases
from aaecore.loss import ReconstructionLoss
from aaecore.optimizer import Adam, Optimizer
from aaecore.phase import Phase
from aaecore.plugins import Registry
from aaecore.prior import Prior
from aaecore.recipe import Recipe
from aaecore.scheduler import PhaseScheduler
from aaecore.stacking import Stacking, Stage

NAMES = {
    c.__name__: c
    for c in (
        Prior, ReconstructionLoss, PhaseScheduler, Stacking, Stage, MLP, Recipe, Phase, Optimizer, Adam
    )
}  # fmt: skip


def example(hook: str) -> dict[str, object]:
    """What the example in a hook's docstring defines."""
    docstring = inspect.getdoc(getattr(hooks, hook))
    code = re.search(r"```python\n(.*?)```", docstring, re.DOTALL)[1]
    scope = {"frozen": attrs.frozen, "field": attrs.field, "gt": gt, "torch": torch, **NAMES}
    scope |= {"hookimpl": hooks.hookimpl, "__name__": __name__}
    exec(code, scope)
    return scope


@pytest.mark.parametrize(("kind", "hook"), HOOKS.items())
def test_the_example_of_every_hook_is_a_plugin_that_loads(kind, hook):
    registry = Registry.from_modules({"example": SimpleNamespace(**{hook: example(hook)[hook]})})
    plugin = registry.plugins[1]
    assert plugin.error is None
    (name,) = plugin.offers[kind]
    made = registry.get(kind, name)()
    assert isinstance(made, bases(kind))


def test_the_example_prior_samples_what_it_says():
    from aaecore.randomness import Draw

    draws = example("aaecore_priors")["Laplace"](scale=2.0).sample(20000, 2, labels=None, draw=Draw(0), net=None)
    assert draws.shape == (20000, 2)
    assert draws.abs().mean().item() == pytest.approx(2.0, rel=0.05)  # E|z| = b


def test_hooks_do_not_import_torch():
    code = "import sys, aaecore.hooks; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
