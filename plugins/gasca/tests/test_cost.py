"""A greedy stage does not compute what it does not train."""

from itertools import pairwise

import pytest
import torch
from gasca import Gasca
from gasca.stacks import Below

from aaecore.data import DataConfig, load_data
from aaecore.forward import Forward
from aaecore.randomness import Draw
from aaecore.stacking import Stage


def saved_for_backward(model, stage, batch):
    """Bytes of features that the autoencoder's step keeps for its backward pass."""
    kept = {}

    def keep(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    phase = next(p for p in stage.phases if p.name == "gen")
    f = Forward(model.recipe, model.spec, stage.networks, stage.inputs(batch) if stage.inputs else batch, Draw(0))
    weights = {p.untyped_storage().data_ptr() for n in model.networks.values() for p in n.parameters()}
    f.begin(phase.moves)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        sum(t.weight * t.loss(f) for t in phase.terms.values()).backward()
    return sum(size for pointer, size in kept.items() if pointer not in weights)


@pytest.fixture(scope="module")
def sizes(untrained):
    """By stage, on images of 32 x 32."""
    recipe = Gasca(batch=32)
    model = untrained(recipe, load_data(DataConfig(limit=64, size=32)))
    phases = recipe.all_phases(model.spec)
    found = {stage.name: stage for stage in recipe.stacking.stages(model.networks, phases, recipe)}
    found["joint"] = Stage("joint", model.networks, phases, 1)
    batch = {"x": torch.rand(32, 1, 32, 32)}
    trained = {name: stage for name, stage in found.items() if not name.startswith("realign")}
    return {name: saved_for_backward(model, stage, batch) for name, stage in trained.items()}


def test_a_level_keeps_less_for_its_step_than_the_whole_and_a_deeper_one_still_less(sizes):
    kept = [sizes[name] for name in ("joint", "level-1", "level-2", "level-3", "level-4")]
    assert all(more > less for more, less in pairwise(kept))
    assert kept[-1] < kept[0] / 4


def test_fine_tuning_keeps_more_the_deeper_the_stack_and_less_than_joint_training(sizes):
    kept = [sizes[name] for name in ("finetune-2", "finetune-3", "finetune-4", "joint")]
    assert all(less < more for less, more in pairwise(kept))


def test_frozen_levels_run_once_a_batch_and_only_forward(stages, tiny, turned):
    below = stages(tiny(), turned)["level-3"].inputs
    assert isinstance(below, Below)
    calls = []
    for block in below.xi:
        block.register_forward_hook(lambda *_: calls.append(torch.is_grad_enabled()))
    below({"x": turned.x.take(range(2)), "target": turned.target.take(range(2))})
    assert calls == [False] * 4
