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
from aaecore.optimizer import RMSprop
from aaecore.phase import Phase
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


def gradients(phase: Phase, name: str, role: str, f: Forward) -> list[torch.Tensor]:
    """Of one term of `phase`, as when it runs, in all weights of a network; without those that are zero."""
    f.begin(phase.moves)
    loss = phase.terms[name].loss(f)
    f.end()
    weights = list(f.net[role].parameters())
    if not loss.requires_grad:
        return []
    return [g for g in torch.autograd.grad(loss, weights, allow_unused=True) if g is not None and g.any()]


@pytest.mark.parametrize(
    ("phase", "term", "reached"),
    [
        ("enc", "L_prior", "encoder"),
        ("enc", "L_llike", "encoder"),
        ("dec", "L_llike", "decoder"),
        ("dec", "L_GAN", "decoder"),
        ("dis", "L_GAN", "image_discriminator"),
    ],
)
def test_a_loss_has_gradients_in_what_its_phase_moves(
    phase: str, term: str, reached: str, spec: Spec, forward: Make
) -> None:
    nets = TINY.build(spec)
    found = {p.name: p for p in TINY.all_phases(spec)}[phase]
    assert gradients(found, term, reached, forward(TINY, nets))


def moved_by(term: str, spec: Spec, forward: Make) -> set[str]:
    """The networks that one step of every phase that minimises `term`, on that term alone, moves."""
    nets = TINY.build(spec)
    before = {role: [w.detach().clone() for w in net.parameters()] for role, net in nets.items()}
    for phase in TINY.all_phases(spec):
        if term in phase.terms:
            f = forward(TINY, nets)
            f.begin(phase.moves)
            moving = [w for role in phase.moves for w in nets[role].parameters()]
            grads = torch.autograd.grad(phase.terms[term].loss(f), moving, allow_unused=True)
            with torch.no_grad():
                for w, g in zip(moving, grads, strict=True):
                    w -= 0.0 if g is None else g
    return {
        r
        for r, net in nets.items()
        if any(not torch.equal(w, b) for w, b in zip(net.parameters(), before[r], strict=True))
    }


def test_the_likelihood_moves_encoder_and_decoder_and_the_game_decoder_and_discriminator(
    spec: Spec, forward: Make
) -> None:
    assert moved_by("L_llike", spec, forward) == {"encoder", "decoder"}
    assert moved_by("L_GAN", spec, forward) == {"decoder", "image_discriminator"}
    assert moved_by("L_prior", spec, forward) == {"encoder"}


def test_the_discriminator_measures_in_inference_mode_for_the_encoder_only(spec: Spec) -> None:
    enc, dec, dis = TINY.all_phases(spec)
    assert enc.evaluates == ("image_discriminator",)
    assert not dec.evaluates
    assert not dis.evaluates


class Brightness(torch.nn.Module):
    """A discriminator that scores an image by its mean."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.flatten(1).mean(1)


@pytest.mark.parametrize("recipe", [TINY, evolve(TINY, discriminate_recon=False)])
def test_the_game_is_between_samples_and_fakes_and_the_decoder_plays_for_the_fakes(
    recipe: VAEGAN, spec: Spec, forward: Make
) -> None:
    d = Brightness()
    f = forward(recipe, {**recipe.build(spec), "image_discriminator": d})
    _, dec, dis = recipe.all_phases(spec)
    assert recipe.fakes == (("x_rec", "x_gen") if recipe.discriminate_recon else ("x_gen",))
    f.begin(dec.moves)
    deceiving = sum(-d(getattr(f, name)).sigmoid().log().mean() for name in recipe.fakes)
    assert isinstance(deceiving, torch.Tensor)
    assert dec.terms["L_GAN"].loss(f).item() == pytest.approx(deceiving.item())
    f.end()
    caught = sum(-(1 - d(getattr(f, name)).sigmoid()).log().mean() for name in recipe.fakes)
    told_apart = -d(f.target).sigmoid().log().mean() + caught
    assert dis.terms["L_GAN"].loss(f).item() == pytest.approx(told_apart.item())
    assert d(f.target).mean().item() != pytest.approx(d(f.x_rec).mean().item(), abs=1e-3)


def test_the_gates_look_at_samples_and_at_every_fake(spec: Spec, forward: Make) -> None:
    for recipe in (TINY, evolve(TINY, discriminate_recon=False)):
        nets = {**recipe.build(spec), "image_discriminator": Brightness()}
        f = forward(recipe, nets)
        assert isinstance(f, VAEGANForward)
        d = nets["image_discriminator"]
        real, fake = f.costs(recipe.fakes).tolist()
        assert real == pytest.approx(-d(f.target).sigmoid().log().mean().item())
        each = [-(1 - d(getattr(f, name)).sigmoid()).log().mean().item() for name in recipe.fakes]
        assert fake == pytest.approx(sum(each) / len(each))
        assert real != pytest.approx(fake, abs=1e-3)


def test_the_code_is_the_papers_for_32_by_32_as_are_the_networks() -> None:
    assert VAEGAN().code == 256
    assert VAEGANNetworks().encoder((3, 32, 32), {"code": 256})(torch.zeros(2, 3, 32, 32))["code"].shape == (2, 256)


def test_the_defaults_are_larsens() -> None:
    recipe, nets = VAEGAN(), VAEGANNetworks()
    assert (recipe.batch, recipe.similarity, recipe.equilibrium, recipe.margin) == (64, 1e-5, 0.68, 0.35)
    assert recipe.discriminate_recon
    assert recipe.reconstruction == FeatureError(layer=3, norm="half-sum")
    for optimizer in (recipe.encoder_optimizer, recipe.decoder_optimizer, recipe.discriminator_optimizer):
        assert optimizer == RMSprop(lr=0.025 / 64, final=1e-5 / 64, power=0.75, weight_decay=1e-5, alpha=0.9)
    assert nets.encoder_channels == (64, 128, 256)
    assert nets.decoder_channels == (256, 192, 128, 32)
    assert nets.discriminator_channels == (32, 128, 192, 256)
    assert (nets.encoder_hidden, nets.discriminator_hidden) == (1024, 512)


def test_kl_of_the_sheet() -> None:
    value = kl_gaussians(torch.tensor([[0.5, -1.0]]), torch.tensor([[0.5, 1.5]]))
    assert value.item() == pytest.approx(1.162682, abs=1e-6)


def test_the_decoder_shares_its_weight_between_likeness_and_game(spec: Spec) -> None:
    terms = evolve(TINY, similarity=0.25).all_phases(spec)[1].terms
    assert (terms["L_llike"].weight, terms["L_GAN"].weight) == (0.25, 0.75)


def test_the_encoder_weighs_likeness_and_kl_alike(spec: Spec) -> None:
    assert {name: t.weight for name, t in TINY.all_phases(spec)[0].terms.items()} == {"L_prior": 1, "L_llike": 1}


def test_each_phase_steps_with_the_optimizer_of_its_name(spec: Spec) -> None:
    moves = {name: RMSprop(lr=rate) for name, rate in zip(("enc", "dec", "dis"), (0.1, 0.2, 0.3), strict=True)}
    recipe = evolve(
        TINY, encoder_optimizer=moves["enc"], decoder_optimizer=moves["dec"], discriminator_optimizer=moves["dis"]
    )
    assert {p.name: p.optimizer for p in recipe.all_phases(spec)} == moves


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
        (0.32, 0.9, True, False),
        (0.9, 0.32, True, False),
        (1.04, 0.6, False, True),
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
