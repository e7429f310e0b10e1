from copy import deepcopy

import numpy as np
import pytest
import torch
from attrs import frozen

from aaecore.data import from_arrays
from aaecore.defaults.priors import Categorical
from aaecore.errors import AAEError, DataError
from aaecore.model import CHUNK
from aaecore.posterior import GaussianPosterior
from aaecore.runs.checkpoints import network_tensors


@pytest.fixture(scope="module")
def model(toy, fit):
    return fit(toy(posterior=GaussianPosterior(), epochs=1)).model


@pytest.fixture(scope="module")
def labelled(toy, fit):
    @frozen(kw_only=True)
    class Labelled(toy):
        """Its prior is told classes."""

        @property
        def conditional_prior(self):
            return True

        def prior_labels(self, f):
            return f.labels if f.asked_labels is None else f.asked_labels

    return fit(Labelled(code=4, prior=Categorical(), epochs=1)).model


X = np.random.default_rng(1).random((9, 4, 4)).astype(np.float32)


@pytest.mark.parametrize("x", [X, X[:, None], X[..., None], X.tolist(), X.astype(np.float64), torch.from_numpy(X)])
def test_samples_are_taken_in_every_layout_training_takes(model, x):
    assert torch.allclose(model.encode(x), model.encode(X[:, None]))


def test_a_model_shows_what_it_is(model):
    shape = " x ".join(map(str, model.spec.shape))
    name = type(model.recipe).__name__
    assert repr(model) == f"<Model of {name}: code of {model.recipe.code}, samples of {shape}, on cpu>"


def test_bytes_of_images_are_shares_of_255(model):
    pixels = (255 * X).astype(np.uint8)
    assert torch.allclose(model.encode(pixels), model.encode(pixels / np.float32(255)), atol=1e-6)


def test_a_users_array_is_left_as_it_is(model):
    x = X.copy()
    x.flags.writeable = False
    model.reconstruct(x)
    assert np.array_equal(x, X)


@pytest.mark.parametrize("shape", [(9, 5, 4), (9, 16), (9, 3, 4, 4), (9,)])
def test_samples_of_another_shape_are_refused(model, shape):
    with pytest.raises(DataError, match=r"takes samples of shape \(N, 1, 4, 4\), not \(9"):
        model.encode(np.zeros(shape, dtype=np.float32))


def test_images_come_out_between_0_and_1_as_float(model):
    for images in (model.reconstruct(X), model.sample(9), model.decode(model.encode(X))):
        assert images.shape == (9, 1, 4, 4)
        assert images.dtype == torch.float32
        assert 0 <= images.min() <= images.max() <= 1


def test_a_reconstruction_is_the_decoded_mean(model):
    assert torch.allclose(model.decode(model.encode(X)), model.reconstruct(X), atol=1e-6)


def test_nothing_is_an_answer_for_nothing(model):
    assert model.encode(X[:0]).shape == (0, 2)
    assert model.sample(0).shape == (0, 1, 4, 4)
    with pytest.raises(DataError, match="-1 samples are none"):
        model.sample(-1)


def test_many_samples_go_through_in_chunks_without_a_seam(model):
    x = np.random.default_rng(2).random((CHUNK + 7, 4, 4)).astype(np.float32)
    codes = model.encode(x)
    assert torch.allclose(codes[CHUNK - 1 : CHUNK + 2], model.encode(x[CHUNK - 1 : CHUNK + 2]), atol=1e-6)
    drawn = model.sample(2 * CHUNK)
    assert not torch.equal(drawn[:CHUNK], drawn[CHUNK:])


def test_draws_are_a_function_of_the_seed(model):
    assert torch.equal(model.sample(5, seed=3), model.sample(5, seed=3))
    assert not torch.equal(model.sample(5, seed=3), model.sample(5, seed=4))
    assert torch.equal(model.prior(5), model.prior(5))


def test_using_a_model_changes_nothing_in_it(toy, fit):
    training = fit(toy(epochs=1))
    model = training.model
    before = network_tensors(deepcopy(model.networks))
    for network in model.networks.values():
        network.train()
    model.encode(X)
    model.sample(3)
    assert all(network.training for network in model.networks.values())
    assert all(torch.equal(v, before[k]) for k, v in network_tensors(model.networks).items())


def test_samples_are_asked_for_by_code(model):
    z = model.prior(5, seed=3)
    assert torch.equal(model.sample_at(z), model.sample(5, seed=3))
    assert torch.equal(model.sample_at(z.numpy()), model.decode(z))
    with pytest.raises(DataError, match=r"codes are \(N, 2\) for this recipe, not \(5, 3\)"):
        model.sample_at(np.zeros((5, 3)))


def test_samples_are_asked_for_by_label(labelled):
    asked = labelled.prior(4, labels=[3, 2, 1, 0])
    assert asked.argmax(1).tolist() == [3, 2, 1, 0]
    assert labelled.prior(3, labels=2).argmax(1).tolist() == [2, 2, 2]
    assert set(labelled.prior(100, labels=-1).argmax(1).tolist()) == {0, 1, 2, 3}
    assert labelled.label_names == ("0", "1", "2", "3")


@pytest.mark.parametrize("labels", [4, -2, [0, 1], 0.5, [0.0, 1.0, 2.0], "a", [[0], [1], [2]]])
def test_labels_that_make_no_sense_are_refused(labelled, labels):
    with pytest.raises(DataError, match="labels are"):
        labelled.sample(3, labels=labels)


def test_labels_of_samples_to_reconstruct_are_checked(model):
    assert model.reconstruct(X, labels=np.arange(9) % 4).shape == (9, 1, 4, 4)
    for wrong in (np.arange(8) % 4, np.arange(9), np.arange(9) / 2):
        with pytest.raises(DataError, match="labels are"):
            model.reconstruct(X, labels=wrong)


def test_what_a_recipe_does_not_offer_is_said(model):
    with pytest.raises(DataError, match="cannot be asked for by label"):
        model.sample(3, labels=1)
    with pytest.raises(AAEError, match="predicts no classes"):
        model.predict(X)
    with pytest.raises(DataError, match=r"decode takes \(N, 2\)"):
        model.decode(np.zeros((3, 5)))


def test_vectors_come_back_in_their_own_units(toy, fit):
    x = np.random.default_rng(0).normal(1000, 50, (40, 3)).astype(np.float32)
    model = fit(toy(epochs=20), from_arrays(x, heldout=0.2)).model
    found = model.reconstruct(x)
    assert found.shape == (40, 3)
    assert abs(found.mean() - 1000) < 30


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (None, "samples of shape (N, 1, 4, 4), not None"),
        ("digits", "not the string 'digits'; load data first, with aaecore.load_data"),
        (np.full((2, 4, 4), np.nan), "sample 0 holds NaN"),
        (2 * np.ones((2, 4, 4)), "image values reach from 2 to 2, not within [0, 1]"),
        ([[1.0], [1.0, 2.0]], "differ in length"),
        (torch.zeros(3, 8), "not (3, 8)"),
    ],
)
def test_what_training_would_refuse_is_refused(model, x, said):
    for use in (model.encode, model.reconstruct, model.score):
        with pytest.raises(DataError) as caught:
            use(x)
        assert said in str(caught.value)


def test_one_sample_is_enough(model):
    for one in (X[0], X[0][None], X[:1]):
        assert torch.allclose(model.encode(one), model.encode(X)[:1], atol=1e-6)
        assert model.reconstruct(one).shape == (1, 1, 4, 4)


@pytest.mark.parametrize("n", [2.5, "3", None, True, -1])
def test_a_number_of_samples_is_a_whole_one(model, n):
    with pytest.raises(DataError, match=r"n is .* not a whole number|-1 samples are none"):
        model.sample(n)
    with pytest.raises(DataError):
        model.interpolate(2, n)


@pytest.mark.parametrize("seed", [-1, "x", 0.5, 2**63])
def test_a_seed_is_a_whole_number(model, seed):
    with pytest.raises(DataError, match=r"seed is .*; give a whole number"):
        model.sample(2, seed=seed)


# ---- walks


def test_a_walk_leads_from_one_draw_of_the_prior_to_another(model):
    walks = model.interpolate(3, 5, seed=2)
    ends = model.prior(6, seed=2)
    assert walks.shape == (3, 5, 1, 4, 4)
    assert torch.allclose(walks[:, 0], model.sample_at(ends[:3]), atol=1e-6)
    assert torch.allclose(walks[:, -1], model.sample_at(ends[3:]), atol=1e-6)
    assert torch.allclose(walks[:, 2], model.sample_at((ends[:3] + ends[3:]) / 2), atol=1e-6)
    with pytest.raises(DataError, match="1 steps do not lead"):
        model.interpolate(3, 1)


def test_both_ends_of_a_walk_have_one_label(labelled):
    walks = labelled.interpolate(8, 3)
    for k in range(8):
        assert torch.allclose(walks[k], labelled.sample(1, labels=k % 4).expand(3, -1, -1, -1), atol=1e-6)
    assert torch.allclose(labelled.interpolate(2, 3, labels=1)[0], walks[1])


# ---- scores


def test_the_error_of_a_sample_is_that_of_its_reconstruction(model):
    found = model.score(X)["reconstruction_error"]
    expected = (model.reconstruct(X) - torch.from_numpy(X)[:, None]).square().mean((1, 2, 3))
    assert torch.allclose(found, expected, atol=1e-6)


def test_codes_are_judged_by_the_prior_and_by_the_discriminator(model):
    found, z = model.score(X), model.encode(X)
    assert torch.allclose(found["prior_log_density"], torch.distributions.Normal(0, 1).log_prob(z).sum(1), atol=1e-5)
    d = model.networks["code_discriminator"]
    assert torch.allclose(found["discriminator_score"], d(z).detach(), atol=1e-5)


def test_a_prior_without_a_density_gives_no_score(labelled):
    assert set(labelled.score(X)) == {"reconstruction_error", "discriminator_score"}


def test_a_sample_unlike_the_training_data_has_a_larger_error(toy, fit):
    rng = np.random.default_rng(0)
    usual = rng.normal(0, 1, (200, 1)) @ np.ones((1, 6)) + 0.1 * rng.normal(size=(200, 6))
    model = fit(toy(code=1, epochs=20), from_arrays(usual.astype(np.float32), heldout=0.2)).model
    strange = np.array([[3, -3, 3, -3, 3, -3]], dtype=np.float32)
    errors = model.score(np.concatenate([usual, strange]))["reconstruction_error"]
    assert errors.argmax() == 200
