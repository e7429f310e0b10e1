"""The authors' protocol: what is collected, that collecting changes nothing, and what it is compared with."""

from types import SimpleNamespace

import pytest
import torch
from iaae.legacy import SOURCES, Collected, legacy_figures

from aaecore import compose, train
from aaecore.errors import DataError
from aaecore.features import FeatureNetwork
from aaecore.metrics import inception_score, precision_recall_density_coverage
from aaecore.observer import Observer
from aaecore.randomness import Draw

FLAT = FeatureNetwork("pixels", lambda x: (x.flatten(1)[:, ::4], x.flatten(1)[:, :5]))


class Spoiled(Observer):
    """Gives the decoder's batch normalisation absurd statistics, which training mode does not look at."""

    def step_end(self, t, losses):
        for module in t.model.networks["decoder"].modules():
            if isinstance(module, torch.nn.BatchNorm1d):
                module.running_mean.fill_(1e6)


def run(digits, *observers):
    return train(compose("iaae", batch=50, epochs=2), digits, quiet=True, observers=observers)


@pytest.mark.parametrize("source", SOURCES)
def test_the_last_epochs_images_are_kept(digits, source):
    collected = Collected(source=source)
    run(digits, collected)
    assert collected.images.shape == (len(digits) // 50 * 50, *digits.shape)
    assert 0 <= collected.images.min() < collected.images.max() <= 1


def test_collecting_leaves_no_trace_in_the_training(digits):
    alone, watched = run(digits), run(digits, Collected())
    for role, network in alone.networks.items():
        others = watched.networks[role].state_dict()
        assert all(torch.equal(v, others[k]) for k, v in network.state_dict().items())


def test_images_are_decoded_in_training_mode(digits):
    plain, spoiled = Collected(), Collected()
    run(digits, plain)
    run(digits, Spoiled(), spoiled)
    assert torch.equal(plain.images, spoiled.images)


def test_what_is_decoded_differs_by_source(digits):
    found = [Collected(source=source) for source in SOURCES]
    run(digits, *found)
    assert not torch.equal(found[0].images, found[1].images)
    assert not torch.equal(found[0].images, found[2].images)


def test_before_training_there_is_nothing():
    with pytest.raises(DataError, match="observer"):
        _ = Collected().images


def test_the_distance_is_from_the_training_images(digits):
    training = digits.x.take(range(len(digits)))
    same, other = legacy_figures(training, digits, FLAT), legacy_figures(1 - training, digits, FLAT)
    assert same["fid_legacy"] == pytest.approx(0, abs=1e-3)
    assert other["fid_legacy"] > 1
    assert same["precision_legacy"] == same["coverage_legacy"] == 1
    assert 1 <= same["is_legacy"] <= 5


def test_uniform_codes_are_of_the_unit_interval():
    asked = SimpleNamespace(batch=2000, recipe=compose("iaae"))
    codes = Collected(source="uniform")._batch(asked, Draw(0))["asked_codes"]
    assert codes.shape == (2000, 10)
    assert 0 <= codes.min() < 0.01
    assert 0.99 < codes.max() <= 1


def test_the_score_is_of_one_part_and_neighbourhoods_are_of_five(digits):
    training = digits.x.take(range(200))
    found = legacy_figures(training, digits, FLAT)
    assert found["is_legacy"] == pytest.approx(inception_score(FLAT(training)[1], parts=1)[0])
    real, made = (FLAT.features(digits.x.take(range(200))), FLAT.features(training))
    wanted = precision_recall_density_coverage(real, made, k=5)
    assert found["density_legacy"] == pytest.approx(wanted["density"])
    assert wanted != precision_recall_density_coverage(real, made, k=2)
