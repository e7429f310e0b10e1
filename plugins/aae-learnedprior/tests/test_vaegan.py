"""VAE/GAN: section 6 of the paper's sheet."""

from collections.abc import Callable
from math import log

import pytest
import torch
from aae_learnedprior.features import FeatureError
from aae_learnedprior.improvement import NAMES
from aae_learnedprior.vaegan import VAEGAN, VAEGANForward, balanced
from aae_learnedprior.vaegan_networks import VAEGANNetworks
from attrs import evolve, frozen

from aaecore.defaults.losses import KL, HalfSquaredError, kl_gaussians
from aaecore.errors import AAEError
from aaecore.forward import Forward
from aaecore.loss import AdversarialLoss
from aaecore.spec import Spec

Make = Callable[..., Forward]
Changed = Callable[..., tuple[set[str], set[str]]]

TINY = VAEGAN(
    code=4,
    margin=0.0,
    architecture=VAEGANNetworks(
        encoder_channels=(4, 4, 4),
        decoder_channels=(6, 4, 4, 2),
        discriminator_channels=(2, 4, 4, 4),
        encoder_hidden=8,
        discriminator_hidden=8,
    ),
)


@pytest.mark.parametrize(("phase", "role"), [("enc", "encoder"), ("dec", "decoder"), ("dis", "image_discriminator")])
def test_each_phase_moves_one_network(phase: str, role: str, changed: Changed) -> None:
    assert changed(TINY, phase, statistics=False)[0] == {role}


def test_the_likelihood_leaves_the_discriminator_bit_for_bit(changed: Changed) -> None:
    assert "image_discriminator" in changed(TINY, "enc")[1]


def test_the_game_never_reaches_the_encoder(spec: Spec) -> None:
    enc = TINY.all_phases(spec)[0]
    assert set(enc.terms) == {"L_prior", "L_llike"}
    assert enc.evaluates == ("image_discriminator",)
    assert [p.moves for p in TINY.all_phases(spec) if "L_GAN" in p.terms] == [("decoder",), ("image_discriminator",)]


def test_kl_of_the_sheet() -> None:
    value = kl_gaussians(torch.tensor([[0.5, -1.0]]), torch.tensor([[0.5, 1.5]]))
    assert value.item() == pytest.approx(1.162682, abs=1e-6)


def test_the_decoder_shares_its_weight_between_likeness_and_game(spec: Spec) -> None:
    terms = evolve(TINY, similarity=0.25).all_phases(spec)[1].terms
    assert (terms["L_llike"].weight, terms["L_GAN"].weight) == (0.25, 0.75)


def test_comparing_the_samples_themselves_the_encoder_minimises_a_vaes_loss(spec: Spec, forward: Make) -> None:
    recipe = evolve(TINY, reconstruction=FeatureError(layer=0))
    nets = recipe.build(spec)
    enc = recipe.all_phases(spec)[0]
    f, g = forward(recipe, nets), forward(recipe, nets)
    ours = sum(t.weight * t.loss(f) for t in enc.terms.values())
    assert isinstance(ours, torch.Tensor)
    assert ours.item() == pytest.approx((HalfSquaredError()(g) + KL()(g)).item())


@pytest.mark.parametrize(
    ("real", "fake", "decoder", "discriminator"),
    [
        (0.68, 0.68, True, True),
        (0.1, 0.5, True, False),
        (0.6, 1.5, False, True),
        (0.1, 1.5, True, True),
    ],
)
def test_the_stronger_side_rests(real: float, fake: float, decoder: bool, discriminator: bool) -> None:
    assert balanced(real, fake, 0.68, 0.35) == (decoder, discriminator)


def test_the_verdict_is_one_for_the_whole_batch(spec: Spec, forward: Make) -> None:
    recipe = evolve(TINY, margin=0.35)
    nets = recipe.build(spec)
    judge = nets["image_discriminator"].head
    torch.nn.init.zeros_(judge.weight)
    torch.nn.init.zeros_(judge.bias)
    f = forward(recipe, nets)
    assert isinstance(f, VAEGANForward)
    _, dec, dis = recipe.all_phases(spec)
    assert dec.gate is not None
    assert dis.gate is not None
    opens = lambda gate, f: gate.opens(gate.measure(f))  # noqa: E731
    f.begin(dec.moves)
    assert opens(dec.gate, f)
    assert f.x_rec.requires_grad  # what the gate looked at can still be learned from
    f.end()
    torch.nn.init.constant_(judge.bias, 0.8)  # costs 0.37 and 1.17
    assert opens(dec.gate, f)
    assert opens(dis.gate, f)
    assert not opens(dec.gate, forward(recipe, nets))


def test_reconstructions_can_be_left_out_of_the_game(spec: Spec, forward: Make) -> None:
    for recipe, fakes in ((TINY, 2), (evolve(TINY, discriminate_recon=False), 1)):
        nets = recipe.build(spec)
        torch.nn.init.zeros_(nets["image_discriminator"].head.weight)
        torch.nn.init.zeros_(nets["image_discriminator"].head.bias)
        loss = recipe.all_phases(spec)[2].terms["L_GAN"].loss(forward(recipe, nets))
        assert loss.item() == pytest.approx((1 + fakes) * log(2))


def test_the_metric_adds_no_phase_of_its_own(spec: Spec) -> None:
    assert not set(NAMES) & {p.name for p in TINY.all_phases(spec)}


def test_a_margin_needs_the_game_it_was_made_for(spec: Spec) -> None:
    @frozen
    class Other(AdversarialLoss):
        pass

    with pytest.raises(AAEError, match="margin=0"):
        evolve(TINY, margin=0.35, adversarial=Other()).build(spec)
