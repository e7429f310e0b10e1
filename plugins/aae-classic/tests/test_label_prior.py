"""The label-informed prior and the supervised variant: where the label goes (check 11)."""

import pytest
import torch
from torch.nn import functional as F

from aaecore.errors import AAEError

K = 10


def unlabelled(b, step=0):
    return b.forward(step, y=torch.full_like(b.batch["y"], -1))


def first_layer(b):
    return next(p for p in b.networks["code_discriminator"].parameters())


@pytest.mark.parametrize("term", ["L_D", "L_G"])
def test_without_labels_the_columns_of_the_labels_have_exactly_no_gradient(bench, term):
    b = bench("classic-label-prior")
    phase = "disc" if term == "L_D" else "gen"
    f = unlabelled(b)
    f.begin(("code_discriminator", "encoder"))
    b.phases[phase].terms[term].loss(f).backward()
    gradient = first_layer(b).grad
    assert gradient.shape[1] == 2 + K + 1
    assert gradient[:, 2 : 2 + K].eq(0).all()
    assert gradient[:, -1].abs().sum() > 0
    bias = b.networks["code_discriminator"].blocks[1][0].bias.grad
    torch.testing.assert_close(gradient[:, -1], bias)


def test_without_labels_it_is_the_plain_variant_with_the_last_column_as_a_bias(bench):
    b, plain = bench("classic-label-prior"), bench("classic", prior="mixture", code=2)
    weights = b.networks["code_discriminator"].state_dict()
    name = next(iter(weights))
    biased = weights[name.replace("weight", "bias")] + weights[name][:, -1]
    as_plain = {**weights, name: weights[name][:, :2], name.replace("weight", "bias"): biased}
    plain.networks["code_discriminator"].load_state_dict(as_plain)
    for phase in ("rec", "disc", "gen"):
        assert b.run(phase, f=unlabelled(b)) == pytest.approx(plain.run(phase), rel=1e-4)


def test_real_and_fake_stand_beside_the_same_one_hot(bench):
    b = bench("classic-label-prior")
    y = b.batch["y"].clone()
    y[:7] = -1
    seen = []
    b.networks["code_discriminator"].register_forward_pre_hook(lambda _, given: seen.append(given[1]))
    b.loss("disc", "L_D", b.forward(y=y))
    real, fake = seen
    assert real.equal(fake)
    assert real.equal(F.one_hot(y.where(y >= 0, torch.tensor(K)), K + 1).float())


def test_real_codes_come_from_the_petals_of_the_batchs_labels(bench):
    b = bench("classic-label-prior", batch=100)
    z, y = b.forward().z_prior, b.batch["y"]
    angle = torch.atan2(z[:, 1], z[:, 0]) - 2 * torch.pi * y / K
    away = torch.remainder(angle + torch.pi, 2 * torch.pi) - torch.pi
    assert (away.abs() < torch.pi / K).float().mean() > 0.9


@pytest.mark.parametrize("prior", ["mixture", "swiss-roll"])
def test_samples_can_be_asked_for_by_class(bench, prior):
    model = bench("classic-label-prior", prior=prior).model
    assert model.label_names == tuple(map(str, range(K)))
    assert model.sample(3, labels=[0, 4, -1]).shape == (3, 1, 8, 8)
    with pytest.raises(AAEError, match="0 to 9"):
        model.sample(1, labels=K)


def test_the_segments_of_a_prior_that_never_saw_labels_are_no_classes(bench):
    """Petal 3 of a plain mixture holds whatever the encoder put there."""
    model = bench("classic", prior="mixture", code=2).model
    assert model.label_names == ()
    with pytest.raises(AAEError, match="cannot be asked for by label"):
        model.sample(1, labels=3)


def test_supervised_gives_the_label_to_the_decoder_and_not_to_the_discriminator(bench):
    b = bench("classic-supervised", code=4)
    f = b.forward()
    assert f.recipe.code_of_data(f).equal(torch.cat([f.z, F.one_hot(b.batch["y"], K)], 1))
    assert first_layer(b).shape[1] == 4
    assert b.networks["decoder"].blocks[0][0].in_features == 4 + K


def test_supervised_samples_of_one_seed_differ_by_the_label_only(bench):
    model = bench("classic-supervised", code=4).model
    z = model.prior(5, labels=1, seed=2)
    for k in (1, 8):
        given = torch.cat([z, F.one_hot(torch.full((5,), k), K)], 1)
        torch.testing.assert_close(model.sample(5, labels=k, seed=2), model.decode(given))


def test_supervised_reconstructs_with_labels_and_says_so_without(bench, digits):
    model = bench("classic-supervised").model
    x = digits.x.take(range(6))
    assert model.reconstruct(x, labels=digits.y[:6]).shape == x.shape
    with pytest.raises(AAEError, match="given the samples' labels; give them"):
        model.reconstruct(x)
