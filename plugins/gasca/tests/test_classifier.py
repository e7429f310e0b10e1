"""Pre-training for classification, and its controls."""

import pytest
import torch
from gasca import GascaClassifier, GradualGreedy, Greedy, Pretrained

import aaecore
from aaecore.data import DataConfig, load_data
from aaecore.defaults.stackings import Single

CONTROLS = [GradualGreedy(), Greedy(), Single(), None]


@pytest.mark.parametrize("pretraining", CONTROLS)
def test_labels_are_learnt_last_and_alone(tiny, watch, digits, pretraining):
    found = watch(tiny(GascaClassifier, stacking=Pretrained(pretraining=pretraining, supervised_epochs=1)), digits)
    *before, last = found.stages
    assert last == "classify"
    assert bool(before) == (pretraining is not None)
    assert all(not any(name.startswith("classifier") for name in found.moved(stage)) for stage in before)
    assert {name.partition("/")[0] for name in found.moved("classify")} == {"encoder", "classifier"}
    assert not any(name.startswith("level") and "cls" in name for name in found.losses)


def test_the_classifier_learns_digits_from_few_labels(tiny):
    data = load_data(DataConfig(labels=200))
    recipe = tiny(GascaClassifier, code=16, epochs=5, stacking=Pretrained(supervised_epochs=15))
    model = aaecore.train(recipe, data, quiet=True, device="cpu")
    probabilities = model.predict(data.heldout.x.take(range(50)))
    assert torch.allclose(probabilities.sum(1), torch.ones(50))
    assert model.metrics["classification_error"] < 0.3


def test_the_classifier_starts_from_the_stacked_encoder(tiny, watch, digits):
    found = watch(tiny(GascaClassifier), digits)
    before, start = found.after["realign-3"], found.before["classify"]
    encoder = {name for name in before if name.startswith("encoder/")}
    assert encoder
    assert all(torch.equal(before[name], start[name]) for name in encoder)


def test_pre_training_encodes_no_labelled_batch(tiny, stages, digits):
    recipe = tiny(GascaClassifier)
    below = stages(recipe, digits)["level-2"].inputs
    labelled = digits.x.take(range(2))
    assert below({"x": digits.x.take(range(2)), "x_labelled": labelled})["x_labelled"] is labelled
