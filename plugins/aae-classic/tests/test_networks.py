"""The reference networks have exactly the paper's sizes (section 2.1)."""

from itertools import pairwise

import pytest

from aaecore import compose
from aaecore.spec import Spec

MNIST = Spec(shape=(1, 28, 28), classes=10)


def sizes(recipe, **settings):
    networks = compose(recipe, **settings).build(MNIST)
    return {role: sum(p.numel() for p in network.parameters()) for role, network in networks.items()}


def test_the_networks_of_the_likelihood_experiment():
    assert sizes("classic", code=8) == {"encoder": 1_794_008, "decoder": 1_794_784, "code_discriminator": 1_011_001}


def test_the_networks_of_the_semi_supervised_experiment():
    assert sizes("classic-semi-supervised", code=10) == {
        "encoder": 1_806_020,
        "decoder": 1_806_784,
        "code_discriminator": 1_013_001,
        "label_discriminator": 1_013_001,
    }


@pytest.mark.parametrize("clusters", [16, 30])
def test_clustering_has_3000_units_and_normalises_the_encoder_only(clusters):
    def linear(*widths):
        return sum(i * o + o for i, o in pairwise(widths))

    scales_and_shifts = 2 * 2 * 3000
    assert sizes("classic-clustering", categories=clusters) == {
        "encoder": linear(784, 3000, 3000, 5 + clusters) + scales_and_shifts,
        "decoder": linear(5 + clusters, 3000, 3000, 784),
        "code_discriminator": linear(5, 3000, 3000, 1),
        "label_discriminator": linear(clusters, 3000, 3000, 1),
    }


def test_label_informed_discriminators_take_a_code_and_eleven_places():
    plain, informed = sizes("classic", code=2), sizes("classic-label-prior")
    assert informed["code_discriminator"] - plain["code_discriminator"] == 11 * 1000


def test_cluster_heads_are_one_point_a_category():
    assert sizes("classic-dim-reduction", categories=20)["cluster_heads"] == 20 * 2


def test_weights_start_as_the_paper_says_when_asked_to():
    networks = compose("classic", architecture={"name": "mlp", "init_std": 0.01}).build(MNIST)
    for network in networks.values():
        for name, p in network.named_parameters():
            assert p.std().item() == pytest.approx(0.01, rel=0.1) if p.dim() > 1 else p.eq(0).all(), name


@pytest.mark.parametrize(("heads", "normalised"), [(False, 2), (True, 4)])
def test_heads_are_normalised_only_when_asked_for(heads, normalised):
    architecture = {"name": "mlp", "hidden": [8, 8], "batch_norm": "encoder", "batch_norm_heads": heads}
    encoder = compose("classic-clustering", architecture=architecture).build(MNIST)["encoder"]
    assert sum(type(m).__name__ == "BatchNorm1d" for m in encoder.modules()) == normalised
