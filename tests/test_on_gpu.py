"""Every installed recipe on a CUDA GPU: it does what it does on a CPU, goes on to the same bits, and leaves the GPU."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from every_recipe import EveryStep, Losses, digits, points, prepare, small

import aaecore
from aaecore.errors import AAEError
from aaecore.plugins import registry
from aaecore.randomness import Draw
from aaecore.runs.checkpoints import Checkpoints, network_tensors, read
from aaecore.training.determinism import deterministic

if not torch.cuda.is_available():
    pytest.skip("there is no CUDA GPU here", allow_module_level=True)

RECIPES = registry().names("recipe")


@pytest.fixture
def same_numbers(monkeypatch):
    """The same arithmetic and the same random numbers on any device."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)

    def drawn(draw):
        device, draw.device = draw.device, torch.device("cpu")
        generator = draw.generator
        draw.device = device
        return generator

    def normal(self, n, *shape):
        return self._mine(torch.randn(n * self.share.parts, *shape, generator=drawn(self)).to(self.device), n)

    def uniform(self, n, *shape):
        return self._mine(torch.rand(n * self.share.parts, *shape, generator=drawn(self)).to(self.device), n)

    def integers(self, below, n):
        return self._mine(torch.randint(below, (n * self.share.parts,), generator=drawn(self)).to(self.device), n)

    def permutation(self, n):
        return torch.randperm(n, generator=drawn(self)).to(self.device)

    for method in (normal, uniform, integers, permutation):
        monkeypatch.setattr(Draw, method.__name__, method)


def trained(name, device, **options):
    losses = Losses()
    training = prepare(small(name), device=device, observers=[losses], **options)
    training.run()
    return losses.steps


@pytest.mark.parametrize("name", RECIPES)
def test_a_step_on_the_gpu_is_a_step_on_the_cpu(name, same_numbers):
    there, here = trained(name, "cuda"), trained(name, "cpu")
    assert there[0] == pytest.approx(here[0], rel=1e-3, abs=1e-4)
    assert all(np.isfinite(list(losses.values())).all() for losses in there)
    assert [losses.keys() for losses in there] == [losses.keys() for losses in here]


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_goes_on_on_the_gpu_to_the_same_bits_if_that_is_asked_for(name, tmp_path):
    recipe = small(name, optimizer=None)
    every, losses = EveryStep(), Losses()
    with deterministic(True):
        whole = prepare(recipe, device="cuda", observers=[every, losses])
        whole.run()
        wanted = network_tensors(whole.model.networks)
        assert {t.device.type for n in whole.model.networks.values() for t in n.parameters()} == {"cuda"}
        for i in points(every.taken):
            rest = Losses()
            training = prepare(recipe, device="cuda", observers=[rest])
            training.run(read(Checkpoints(tmp_path).write(i + 1, every.taken[i])))
            assert rest.steps == losses.steps[i + 1 :]
            found = network_tensors(training.model.networks)
            assert all(torch.equal(found[k], wanted[k]) for k in wanted), f"from step {i + 1}"


@pytest.mark.parametrize("name", RECIPES)
def test_bf16_on_the_gpu_starts_where_fp32_does(name):
    exact, mixed = trained(name, "cuda"), trained(name, "cuda", precision="bf16")
    assert mixed[0] == pytest.approx(exact[0], rel=0.1, abs=0.05)
    assert mixed != exact


@pytest.mark.parametrize("name", RECIPES)
def test_what_was_trained_on_the_gpu_works_on_the_cpu(name, tmp_path, same_numbers):
    data = digits(8, 1)
    there = aaecore.train(small(name), data, device="cuda", quiet=True, out=tmp_path / "run")
    here = aaecore.load(tmp_path / "run")
    assert (there.device.type, here.device.type) == ("cuda", "cpu")
    x, y = data.x.take(range(len(data))), data.y.clamp(min=0)
    if here.recipe.shapes_codes:
        torch.testing.assert_close(there.sample(5, seed=1), here.sample(5, seed=1), rtol=1e-3, atol=1e-3)
    if "encoder" in here.networks:
        (a, b) = (m.compute(lambda f: f.x_rec, x, labels=y, condition=data.condition) for m in (there, here))
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-3)


def test_a_run_of_the_gpu_is_evaluated_where_there_is_none(tmp_path):
    run = str(tmp_path / "run")
    made = aae("train", "classic", "--epochs", "1", "--set", "run.device=cuda", "--out", run)
    assert made.returncode == 0, made.stderr
    found = aae("evaluate", run, CUDA_VISIBLE_DEVICES="")
    assert found.returncode == 0, found.stderr
    assert json.loads((tmp_path / "run/evaluation.json").read_text())["reconstruction_mse"] > 0


def test_memory_that_runs_out_is_one_line():
    x = np.random.default_rng(0).random((4, 1, 28, 28), np.float32)
    recipe = aaecore.compose("classic", architecture={"name": "mlp", "hidden": [8000, 8000]})
    torch.cuda.set_per_process_memory_fraction(0.001)
    try:
        with pytest.raises(AAEError, match=r"^this training does not fit in memory; make batch"):
            aaecore.train(recipe, x, device="cuda", quiet=True)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


def aae(*arguments, **env):
    command = [str(Path(sys.executable).with_name("aae")), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **env})
