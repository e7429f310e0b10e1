"""Semi-supervised classification and clustering."""

import pytest
import torch
from torch.nn import functional as F

from aaecore import from_arrays
from aaecore.config import structure
from aaecore.errors import AAEError
from aaecore.runs.session import new_model


def test_the_labelled_loss_is_the_cross_entropy_of_logits(bench):
    b = bench("classic-semi-supervised", input_noise=0.0)
    logits = b.networks["encoder"](b.batch["x_labelled"])["label"]
    torch.testing.assert_close(b.loss("cls", "L_cls"), F.cross_entropy(logits, b.batch["y_labelled"]))
    doubled = F.cross_entropy(logits.softmax(1), b.batch["y_labelled"])
    assert abs(b.loss("cls", "L_cls") - doubled) > 1e-3


def test_the_decoder_is_given_probabilities_beside_the_style(bench):
    b = bench("classic-semi-supervised")
    f = b.forward()
    given = f.recipe.code_of_data(f)
    assert given.shape == (20, 10 + 10)
    assert given[:, :10].equal(f.z)
    torch.testing.assert_close(given[:, 10:], f.encoded["label"].softmax(1))


def test_the_decoder_may_be_given_the_true_labels_where_there_are_any(bench):
    b = bench("classic-semi-supervised", decode_true_labels=True)
    y = b.batch["y"].clone()
    y[::2] = -1
    f = b.forward(y=y)
    given = f.recipe.code_of_data(f)[:, 10:]
    assert given[1::2].equal(F.one_hot(y[1::2], 10).float())
    assert given[::2].equal(f.y[::2])


def test_noise_on_label_codes_touches_their_discriminator_alone(bench):
    plain, noisy = (bench("classic-semi-supervised", label_noise=std) for std in (0.0, 0.3))
    assert abs(plain.loss("disc", "L_D_y") - noisy.loss("disc", "L_D_y")) > 1e-4
    for phase, term in (("rec", "L_rec"), ("disc", "L_D"), ("cls", "L_cls")):
        assert plain.loss(phase, term) == noisy.loss(phase, term)


def test_true_labels_reach_no_other_phase(bench):
    """Rec, disc and gen need no labels: other labels in the batch change nothing."""
    losses = []
    for shift in (0, 1):
        b = bench("classic-semi-supervised")
        f = b.forward(y=(b.batch["y"] + shift) % 10)
        losses.append(b.run("rec", "disc", "gen", f=f))
    assert losses[0] == losses[1]


def test_input_noise_is_for_training_only(bench, digits):
    b = bench("classic-semi-supervised")
    f = b.forward()
    assert (f.x_in - f.x).std().item() == pytest.approx(0.3, rel=0.1)
    x = digits.x.take(range(20))
    assert b.model.compute(lambda f: f.x_in, x).equal(b.model.compute(lambda f: f.x, x))


def test_the_target_of_a_noisy_input_is_the_clean_one(bench):
    b = bench("classic-semi-supervised", input_noise=5.0)
    f = b.forward()
    expected = 0.5 * (b.batch["x"] - f.x_rec).square().sum() / 20
    torch.testing.assert_close(b.loss("rec", "L_rec", f), expected)


def test_a_fifth_of_the_clusterings_input_is_dropped(bench):
    f = bench("classic-clustering", batch=100).forward(x=torch.ones(100, 1, 8, 8))
    assert f.x_in.eq(0).float().mean().item() == pytest.approx(0.2, abs=0.02)
    assert f.x_in.max().item() == pytest.approx(1.25)


def test_clustering_is_semi_supervision_without_its_labelled_phase_bit_for_bit(bench):
    clustering = bench("classic-clustering", categories=12)
    semi = bench(
        "classic-semi-supervised", supervision="none", categories=12, code=5, input_noise=0.0, input_dropout=0.2
    )
    for step in range(3):
        assert clustering.run(f=clustering.forward(step)) == semi.run(f=semi.forward(step))
    assert all(v.equal(semi.snapshot()[k]) for k, v in clustering.snapshot().items())


def test_clustering_never_sees_a_label(bench, digits):
    recipe = bench("classic-clustering").recipe
    unlabelled = from_arrays(digits.x.take(range(100)), heldout=0.0)
    assert new_model(structure({"recipe": recipe}), unlabelled).predict(unlabelled.x.take(range(5))).shape == (5, 16)
    assert "x_labelled" not in bench("classic-clustering").batch


def test_samples_of_one_seed_keep_their_style_while_the_class_changes(bench):
    b = bench("classic-semi-supervised")
    made = [b.model.sample(4, labels=k, seed=3) for k in (2, 7)]
    z = b.model.prior(4, labels=2, seed=3)
    assert z.equal(b.model.prior(4, labels=7, seed=3))
    for k, images in zip((2, 7), made, strict=True):
        given = torch.cat([z, F.one_hot(torch.full((4,), k), 10)], 1)
        torch.testing.assert_close(images, b.model.decode(given))


def test_predictions_are_probabilities_of_the_classes(bench, digits):
    q = bench("classic-semi-supervised").model.predict(digits.x.take(range(9)))
    assert q.shape == (9, 10)
    torch.testing.assert_close(q.sum(1), torch.ones(9))


@pytest.mark.parametrize(
    ("recipe", "settings", "said"),
    [
        ("classic-semi-supervised", {"categories": 4}, "categories=10"),
        ("classic-semi-supervised", {"supervision": "some"}, "semi"),
    ],
)
def test_what_cannot_learn_classes_is_refused(bench, recipe, settings, said):
    with pytest.raises((AAEError, ValueError), match=said):
        bench(recipe, **settings)


@pytest.mark.parametrize("recipe", ["classic-label-prior", "classic-supervised", "classic-semi-supervised"])
def test_data_without_labels_is_refused_where_labels_are_needed(tiny, vectors, recipe):
    with pytest.raises(AAEError, match="no labels"):
        new_model(structure({"recipe": tiny(recipe)}), vectors)


def test_without_labels_clusters_must_be_counted(tiny, vectors):
    with pytest.raises(AAEError, match="categories=16"):
        new_model(structure({"recipe": tiny("classic-clustering", categories=0)}), vectors)
