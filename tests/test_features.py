"""The networks by whose features samples are compared."""

import numpy as np
import pytest
import torch

from aaecore.data import from_arrays, load_data
from aaecore.data.config import DataConfig
from aaecore.errors import AAEError, DataError, RunError
from aaecore.features import FeatureNetwork, own_classifier, read_classifier


@pytest.fixture(scope="module")
def digits():
    return load_data(DataConfig())


@pytest.fixture(scope="module")
def classifier(digits):
    return own_classifier(digits, steps=150)


def test_a_short_training_tells_digits_apart(classifier, digits):
    assert classifier.accuracy > 0.95
    assert "digits" in classifier.name
    assert "held-out" in classifier.name
    x = digits.heldout.x.take(range(len(digits.heldout)))
    assert classifier.features(x).shape == (359, 64)
    right = classifier.logits(x).argmax(1) == digits.heldout.y
    assert right.double().mean() == pytest.approx(classifier.accuracy)


def test_it_is_kept_beside_the_run_and_read_from_there(digits, tmp_path):
    first = own_classifier(digits, tmp_path, steps=3)
    [file] = tmp_path.iterdir()
    written = file.stat().st_mtime_ns
    again = own_classifier(digits, tmp_path, steps=3)
    x = digits.x.take(range(5))
    assert file.stat().st_mtime_ns == written
    assert torch.equal(first.features(x), again.features(x))
    assert (first.name, first.accuracy, first.classes) == (again.name, again.accuracy, again.classes)
    own_classifier(digits.subset(range(100)), tmp_path, steps=3)
    assert len(list(tmp_path.iterdir())) == 2


def test_it_depends_on_its_seed_and_not_on_what_was_drawn_before(digits):
    x = digits.x.take(range(5))
    torch.manual_seed(1)
    first = own_classifier(digits, steps=3).features(x)
    torch.manual_seed(2)
    before = torch.random.get_rng_state()
    assert torch.equal(own_classifier(digits, steps=3).features(x), first)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert not torch.equal(own_classifier(digits, steps=3, seed=1).features(x), first)


@pytest.mark.parametrize("shape", [(1, 4, 4), (1, 28, 28), (3, 32, 32), (3, 5, 17), (7,)])
def test_it_takes_samples_of_any_shape(shape, tmp_path):
    x = np.random.default_rng(0).random((12, *shape)).astype(np.float32)
    data = from_arrays(x, np.arange(12) % 3, heldout=0.25)
    network = own_classifier(data, tmp_path, steps=2)
    features, logits = network(data.x.take(range(4)))
    assert (features.shape, logits.shape) == ((4, 64), (4, 3))


def test_samples_of_another_shape_are_refused(classifier):
    with pytest.raises(DataError, match=r"takes samples of shape \(1, 8, 8\), not \(1, 9, 9\)"):
        classifier.features(torch.zeros(2, 1, 9, 9))


def test_data_without_labels_has_no_classifier():
    x = np.random.default_rng(0).random((12, 4, 4)).astype(np.float32)
    for y in (None, np.zeros(12, dtype=int)):
        with pytest.raises(DataError, match="two classes at least"):
            own_classifier(from_arrays(x, y), steps=1)


def test_a_file_that_is_no_classifier_is_refused(tmp_path, digits):
    with pytest.raises(RunError, match="missing, damaged"):
        read_classifier(tmp_path / "none.safetensors")
    own_classifier(digits, tmp_path, steps=1)
    [file] = tmp_path.iterdir()
    whole = file.read_bytes()
    for content in (b"", whole[:-8], whole.replace(b"aaecore", b"aaekore"), whole.replace(b"head.bias", b"tail.bias")):
        file.write_bytes(content)
        with pytest.raises(RunError, match=file.name):
            own_classifier(digits, tmp_path, steps=1)


def test_a_network_of_ones_own_gives_features_or_a_pair():
    x = torch.rand(1200, 1, 2, 2)
    assert FeatureNetwork("mine", torch.nn.Flatten()).features(x).shape == (1200, 4)
    pair = FeatureNetwork("mine", lambda v: (v.flatten(1), v.flatten(1)[:, :2]))
    assert pair.logits(x).shape == (1200, 2)
    with pytest.raises(AAEError, match="mine gives features only"):
        FeatureNetwork("mine", torch.nn.Flatten()).logits(x)
    with pytest.raises(AAEError, match="mine: must give features"):
        FeatureNetwork("mine", lambda v: v).features(x)
