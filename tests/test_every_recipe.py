"""What every installed recipe promises: it goes on from any step, in micro-batches and in bf16."""

import pytest
import torch
from every_recipe import EveryStep, Losses, points, prepare, small
from torch.nn.modules.batchnorm import _BatchNorm

from aaecore.plugins import registry
from aaecore.runs.checkpoints import Checkpoints, network_tensors, read

RECIPES = registry().names("recipe")


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_goes_on_from_any_stage_to_the_same_bits(name, tmp_path):
    recipe = small(name, optimizer=None)
    every, losses = EveryStep(), Losses()
    whole = prepare(recipe, observers=[every, losses])
    whole.run()
    wanted = network_tensors(whole.model.networks)
    for i in points(every.taken):
        rest = Losses()
        training = prepare(recipe, observers=[rest])
        training.run(read(Checkpoints(tmp_path).write(i + 1, every.taken[i])))
        assert rest.steps == losses.steps[i + 1 :]
        found = network_tensors(training.model.networks)
        assert found.keys() == wanted.keys()
        assert all(torch.equal(found[k], wanted[k]) for k in wanted), f"from step {i + 1}"


def normalises(training):
    return any(isinstance(m, _BatchNorm) for n in training.model.networks.values() for m in n.modules())


@pytest.mark.parametrize("name", RECIPES)
def test_micro_batches_make_the_update_of_the_batch(name):
    one, four = Losses(), Losses()
    whole = prepare(small(name), observers=[one])
    if normalises(whole):
        pytest.skip("normalises over the batch, so a micro-batch is another function")
    whole.run()
    training = prepare(small(name), observers=[four], accumulate=4)
    training.run()
    for a, b in zip(one.steps, four.steps, strict=True):
        assert b == pytest.approx(a, rel=1e-4, abs=1e-5)
    found = network_tensors(training.model.networks)
    for key, tensor in network_tensors(whole.model.networks).items():
        torch.testing.assert_close(found[key], tensor, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", RECIPES)
def test_bf16_starts_where_fp32_does(name):
    steps = {}
    for precision in ("fp32", "bf16"):
        losses = Losses()
        training = prepare(small(name), observers=[losses], precision=precision)
        training.run()
        steps[precision] = losses.steps
        assert all(p.dtype == torch.float32 for n in training.model.networks.values() for p in n.parameters())
    assert steps["bf16"][0] == pytest.approx(steps["fp32"][0], rel=0.1, abs=0.05)
    assert steps["bf16"] != steps["fp32"]
