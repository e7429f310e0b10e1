"""A greedy stage does not compute what it does not train."""

import pytest
import torch
from gasca import Gasca
from gasca.stacks import Below

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


@pytest.fixture
def sizes(untrained, stages, digits):
    recipe = Gasca(batch=32)
    model = untrained(recipe, digits)
    batch = {"x": torch.rand(32, 1, 8, 8)}
    levels = {k: stages(recipe, digits)[f"level-{k}"] for k in (1, 2, 3, 4)}
    return {k: saved_for_backward(model, stage, batch) for k, stage in levels.items()}


def test_a_level_keeps_less_for_its_step_than_the_whole_and_a_deeper_one_still_less(sizes, untrained, digits):
    recipe = Gasca(batch=32)
    model = untrained(recipe, digits)
    joint = Stage("joint", model.networks, recipe.all_phases(model.spec), 1)
    most = saved_for_backward(model, joint, {"x": torch.rand(32, 1, 8, 8)})
    levels = list(sizes.values())
    assert max(levels) < most
    assert levels[1] > levels[2] > levels[3]
    assert levels[3] < most / 4


def test_frozen_levels_run_once_a_batch_and_only_forward(stages, tiny, turned):
    below = stages(tiny(), turned)["level-3"].inputs
    assert isinstance(below, Below)
    calls = []
    for block in below.xi:
        block.register_forward_hook(lambda *_: calls.append(torch.is_grad_enabled()))
    below({"x": turned.x.take(range(2)), "target": turned.target.take(range(2))})
    assert calls == [False] * 4
