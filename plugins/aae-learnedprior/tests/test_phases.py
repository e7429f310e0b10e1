"""Sections 4 and 10 of the paper's sheet: which phase moves what, and what it minimises."""

from collections.abc import Callable, Mapping
from functools import partial
from math import log

import pytest
import torch
from aae_learnedprior.architecture import Residual
from aae_learnedprior.features import FeatureError, distance
from aae_learnedprior.improvement import mutual_information, recognized
from aae_learnedprior.networks import features
from aae_learnedprior.prior import Learned
from aae_learnedprior.recipe import (
    ConditionalSupervised,
    ConditionalUnsupervised,
    FixedPrior,
    FixedPriorSupervised,
    FixedPriorUnsupervised,
    LearnedPrior,
    TextConditional,
)
from attrs import evolve, frozen
from torch import Tensor, nn

import aaecore
from aaecore.adversary import Adversary
from aaecore.data import Data
from aaecore.defaults.losses import HalfSquaredError
from aaecore.defaults.priors import Gaussian
from aaecore.forward import Forward
from aaecore.observer import Observer
from aaecore.optimizer import Adam
from aaecore.phase import Phase, Term
from aaecore.recipe import Builders, Recipe
from aaecore.spec import Spec
from aaecore.training import Training

AAE = ("D_C", "enc", "dec_rec")
IMPROVEMENT = ("D_I", "CG", "dec_gen", "Q")
FIXED = [FixedPrior, FixedPriorSupervised, FixedPriorUnsupervised]
ALL = [LearnedPrior, ConditionalSupervised, ConditionalUnsupervised, TextConditional, *FIXED]
Make = Callable[..., Forward]


def term(recipe: Recipe, spec: Spec, phase: str, name: str, f: Forward) -> Tensor:
    """One term of one phase, as when that phase runs."""
    found = {p.name: p for p in recipe.all_phases(spec)}[phase]
    f.begin(found.moves)
    return found.terms[name].weight * found.terms[name].loss(f)


def gradients(loss: Tensor, network: nn.Module) -> list[Tensor]:
    found = torch.autograd.grad(loss, list(network.parameters()), retain_graph=True, allow_unused=True)
    return [g for g in found if g is not None and g.any()]


@pytest.mark.parametrize("recipe", ALL)
def test_the_aae_phase_leaves_the_prior_and_the_image_discriminator_bit_for_bit(
    recipe: type[LearnedPrior], small: Residual, large: Data, changed: Callable[..., tuple[set[str], set[str]]]
) -> None:
    made = recipe(architecture=small)
    judge = made.build(Spec(shape=(1, 16, 16), classes=10, condition=5))["image_discriminator"]
    assert any(isinstance(m, nn.BatchNorm2d) for m in judge.modules())  # whose statistics are not to move either
    moved, kept = changed(made, *AAE, data=large)
    assert moved == {"code_discriminator", "encoder", "decoder"}
    assert kept >= {"image_discriminator", "code_generator"}


@pytest.mark.parametrize("recipe", ALL)
def test_prior_improvement_leaves_the_encoder_and_the_code_discriminator_bit_for_bit(
    recipe: type[LearnedPrior], small: Residual, changed: Callable[..., tuple[set[str], set[str]]]
) -> None:
    fixed = {"code_generator"} if recipe in FIXED else set()
    assert changed(recipe(architecture=small), *IMPROVEMENT)[1] == {"encoder", "code_discriminator"} | fixed


def test_labels_are_never_used_without_supervision(data: Data, small: Residual) -> None:
    def trained(y: Tensor | None) -> dict[str, Tensor]:
        recipe = ConditionalUnsupervised(architecture=small, epochs=2, batch=12)
        model = aaecore.train(recipe, evolve(data, y=y), quiet=True, device="cpu")
        return {f"{r}.{k}": v for r, net in model.networks.items() for k, v in net.state_dict().items()}

    assert data.y is not None
    true, other = trained(data.y), trained(data.y.flip(0))
    assert all(torch.equal(v, other[k]) for k, v in true.items())


MOVES = {
    "D_C": {"code_discriminator"},
    "enc": {"encoder"},
    "dec_rec": {"decoder"},
    "D_I": {"image_discriminator"},
    "CG": {"code_generator"},
    "dec_gen": {"decoder"},
    "Q": {"image_discriminator", "recognizer"},
}
MOVING = [(ConditionalUnsupervised, phase, roles) for phase, roles in MOVES.items()]
MOVING += [(FixedPrior, phase, MOVES[phase]) for phase in ("enc", "dec_rec", "dec_gen")]
MOVING += [(TextConditional, "D_I", {"image_discriminator", "matcher"})]
ALONE = Learned(condition="random", categories=10, recognizer_trunk=False)
MOVING += [(partial(ConditionalUnsupervised, prior=ALONE), "Q", {"recognizer"})]


@pytest.mark.parametrize(("recipe", "phase", "roles"), MOVING)
def test_a_phase_alone_moves_the_weights_of_its_networks_only(
    recipe: Callable[..., LearnedPrior],
    phase: str,
    roles: set[str],
    small: Residual,
    changed: Callable[..., tuple[set[str], set[str]]],
) -> None:
    assert changed(recipe(architecture=small), phase, statistics=False)[0] == roles


@pytest.mark.parametrize(
    ("phase", "name", "role", "setting"),
    [
        ("enc", "L_rec", "encoder", "lambda_enc"),
        ("dec_rec", "L_rec", "decoder", "lambda_dec"),
        ("CG", "L_MI", "code_generator", "information"),
        ("dec_gen", "L_MI", "decoder", "information"),
    ],
)
def test_gradients_scale_with_the_weight_of_their_loss(
    phase: str, name: str, role: str, setting: str, spec: Spec, small: Residual, forward: Make
) -> None:
    def recipe(weight: float) -> LearnedPrior:
        if setting == "information":
            return ConditionalUnsupervised(
                architecture=small, prior=Learned(condition="random", categories=10, information=weight)
            )
        return evolve(ConditionalUnsupervised(architecture=small), **{setting: weight})

    nets = recipe(1.0).build(spec)

    def slopes(weight: float, *, alone: bool = False) -> Tensor:
        made = recipe(weight)
        found = {p.name: p for p in made.all_phases(spec)}[phase]
        f = forward(made, nets)
        f.begin(found.moves)
        terms = [Term(found.terms[name].loss)] if alone else list(found.terms.values())
        loss = torch.stack([t.weight * t.loss(f) for t in terms]).sum()
        grads = torch.autograd.grad(loss, list(nets[role].parameters()), allow_unused=True)
        return torch.cat([g.flatten() for g in grads if g is not None])

    of_the_loss = slopes(1.0, alone=True)
    assert of_the_loss.norm() > 1e-5
    torch.testing.assert_close(
        slopes(3.0) - slopes(1.0), 2 * of_the_loss, rtol=1e-3, atol=1e-3 * of_the_loss.norm().item()
    )


def test_the_phases_run_in_the_papers_order(spec: Spec, small: Residual) -> None:
    def names(recipe: type[LearnedPrior]) -> list[str]:
        return [p.name for p in recipe(architecture=small).all_phases(spec)]

    assert names(LearnedPrior) == ["D_C", "enc", "dec_rec", "D_I", "CG", "dec_gen"]
    assert names(ConditionalSupervised) == ["D_C", "enc", "dec_rec", "D_I", "CG", "dec_gen", "Q"]
    assert names(FixedPrior) == ["D_C", "enc", "dec_rec", "D_I", "dec_gen"]
    assert names(FixedPriorSupervised) == ["D_C", "enc", "dec_rec", "D_I", "dec_gen", "Q"]
    assert names(FixedPriorUnsupervised) == ["D_C", "enc", "dec_rec", "D_I", "dec_gen", "Q"]


def test_the_code_generator_learns_from_the_image_game_only(spec: Spec, small: Residual, forward: Make) -> None:
    recipe = LearnedPrior(architecture=small)
    nets = recipe.build(spec)
    assert not gradients(term(recipe, spec, "D_C", "L_DC", forward(recipe, nets)), nets["code_generator"])
    assert gradients(term(recipe, spec, "CG", "L_CG", forward(recipe, nets)), nets["code_generator"])
    assert not gradients(term(recipe, spec, "D_I", "L_DI", forward(recipe, nets)), nets["code_generator"])


def test_features_of_the_target_are_a_constant(spec: Spec, small: Residual, forward: Make) -> None:
    recipe = LearnedPrior(architecture=small)
    nets = recipe.build(spec)
    f = forward(recipe, nets)
    loss = term(recipe, spec, "enc", "L_rec", f)
    assert loss.requires_grad
    assert not f.quantity("F(-1, True)", lambda _: pytest.fail("was not kept")).requires_grad


def test_fresh_noise_is_drawn_for_prior_improvement(spec: Spec, small: Residual, forward: Make) -> None:
    recipe = ConditionalUnsupervised(architecture=small)
    f = forward(recipe, recipe.build(spec))
    prior = recipe.prior
    assert isinstance(prior, Learned)
    before = f.z_prior, prior.s(f)
    f.redraw({p.name: p for p in recipe.all_phases(spec)}["D_I"].redraws)
    assert not torch.equal(before[0], f.z_prior)
    assert not torch.equal(before[1], prior.s(f))


def test_losses_at_zero_logits(spec: Spec, small: Residual, forward: Make) -> None:
    recipe = LearnedPrior(architecture=small)
    nets = recipe.build(spec)
    for role in ("image_discriminator", "code_discriminator"):
        nn.init.zeros_(nets[role].head.weight)
        nn.init.zeros_(nets[role].head.bias)
    assert term(recipe, spec, "D_I", "L_DI", forward(recipe, nets)).item() == pytest.approx(3 * log(2))
    assert term(recipe, spec, "D_C", "L_DC", forward(recipe, nets)).item() == pytest.approx(2 * log(2))
    assert term(recipe, spec, "dec_gen", "L_decB", forward(recipe, nets)).item() == pytest.approx(2 * log(2))
    assert term(recipe, spec, "CG", "L_CG", forward(recipe, nets)).item() == pytest.approx(log(2))
    assert term(recipe, spec, "enc", "L_encA", forward(recipe, nets)).item() == pytest.approx(log(2))


def test_each_phase_steps_with_the_optimizer_of_its_name(spec: Spec, small: Residual) -> None:
    rates = {name: Adam(lr=rate) for name, rate in zip(("D_C", "enc", "dec_rec"), (0.1, 0.2, 0.3), strict=True)}
    later = {name: Adam(lr=rate) for name, rate in zip(IMPROVEMENT, (0.4, 0.5, 0.6, 0.7), strict=True)}
    prior = Learned(
        condition="random",
        categories=10,
        discriminator_optimizer=later["D_I"],
        generator_optimizer=later["CG"],
        decoder_optimizer=later["dec_gen"],
        recognizer_optimizer=later["Q"],
        share_decoder_optimizer=False,
    )
    recipe = LearnedPrior(
        architecture=small,
        prior=prior,
        code_discriminator_optimizer=rates["D_C"],
        encoder_optimizer=rates["enc"],
        decoder_optimizer=rates["dec_rec"],
    )
    assert {p.name: p.optimizer for p in recipe.all_phases(spec)} == rates | later


def test_reconstructions_can_be_left_out_of_the_image_game(spec: Spec, small: Residual, forward: Make) -> None:
    recipe = LearnedPrior(architecture=small, prior=Learned(discriminate_recon=False))
    nets = recipe.build(spec)
    for weights in nets["image_discriminator"].head.parameters():
        nn.init.zeros_(weights)
    assert term(recipe, spec, "D_I", "L_DI", forward(recipe, nets)).item() == pytest.approx(2 * log(2))
    assert term(recipe, spec, "dec_gen", "L_decB", forward(recipe, nets)).item() == pytest.approx(log(2))


def test_the_phases_of_prior_improvement_share_noise_that_the_aae_phase_did_not_have(spec: Spec) -> None:
    phases = {p.name: p for p in ConditionalUnsupervised().all_phases(spec)}
    assert all(set(phases[name].redraws) == {"z_prior", "s"} for name in IMPROVEMENT)
    assert all(set(phases[name].redraws_with) == set(IMPROVEMENT) for name in IMPROVEMENT)
    assert not any(phases[name].redraws for name in AAE)


def test_the_norm_of_equal_features_has_no_slope(spec: Spec) -> None:
    x = torch.ones(3, 4, requires_grad=True)
    distance(x, torch.tensor([[1.0] * 4, [2.0] * 4, [0.0] * 4]), "norm").backward()
    assert x.grad is not None
    assert x.grad[0].tolist() == [0] * 4
    assert x.grad[1:].abs().sum() > 0


def descend(loss: Tensor, network: nn.Module, lr: float) -> None:
    weights = list(network.parameters())
    with torch.no_grad():
        for w, g in zip(weights, torch.autograd.grad(loss, weights), strict=True):
            w -= lr * g


@pytest.mark.parametrize("seed", range(3))
def test_a_small_step_of_the_image_discriminator_tells_images_from_samples(
    seed: int, spec: Spec, small: Residual, forward: Make
) -> None:
    recipe = LearnedPrior(architecture=small)
    nets = recipe.build(spec, seed=seed)

    def scores() -> tuple[float, float]:
        f = forward(recipe, nets)
        return f.net.image_discriminator(f.target).mean().item(), f.net.image_discriminator(f.x_gen).mean().item()

    with torch.no_grad():  # it knows already that two of three are fakes, which would lower all scores alike
        nets["image_discriminator"].head.bias.fill_(-log(2))
    for _ in range(5):
        descend(term(recipe, spec, "D_I", "L_DI", forward(recipe, nets)), nets["image_discriminator"], 0.1)
    before = scores()
    descend(term(recipe, spec, "D_I", "L_DI", forward(recipe, nets)), nets["image_discriminator"], 1e-2)
    after = scores()
    assert after[0] > before[0]
    assert after[1] < before[1]


def test_a_small_step_of_the_code_generator_raises_the_score_of_its_samples(
    spec: Spec, small: Residual, forward: Make
) -> None:
    recipe = LearnedPrior(architecture=small)
    nets = recipe.build(spec)

    def score() -> float:
        f = forward(recipe, nets)
        return f.net.image_discriminator(f.x_gen).mean().item()

    before = score()
    descend(term(recipe, spec, "CG", "L_CG", forward(recipe, nets)), nets["code_generator"], 1e-2)
    assert score() > before


def test_deceiving_the_code_discriminator_raises_its_score_of_codes(spec: Spec, small: Residual, forward: Make) -> None:
    recipe = LearnedPrior(architecture=small)
    nets = recipe.build(spec)

    def score() -> float:
        f = forward(recipe, nets)
        return f.net.code_discriminator(f.z).mean().item()

    before = score()
    descend(term(recipe, spec, "enc", "L_encA", forward(recipe, nets)), nets["encoder"], 1e-2)
    assert score() > before


def test_the_decoder_learns_to_pass_for_images(spec: Spec, small: Residual, forward: Make) -> None:
    recipe = LearnedPrior(architecture=small)
    nets = recipe.build(spec)

    def scores() -> float:
        f = forward(recipe, nets)
        return (f.net.image_discriminator(f.x_gen) + f.net.image_discriminator(f.x_rec)).mean().item()

    before = scores()
    descend(term(recipe, spec, "dec_gen", "L_decB", forward(recipe, nets)), nets["decoder"], 1e-2)
    assert scores() > before


@pytest.mark.parametrize("name", ["L_Q", "L_cls"])
def test_the_recognizer_learns_the_condition_of_samples_and_the_class_of_images(
    name: str, spec: Spec, small: Residual, forward: Make
) -> None:
    recipe = ConditionalSupervised(architecture=small)
    nets = recipe.build(spec)
    prior = recipe.prior
    assert isinstance(prior, Learned)

    def right() -> float:
        """log-probability of what is right."""
        f = forward(recipe, nets)
        x, known = (f.x_gen, prior.s(f)) if name == "L_Q" else (f.target, f.y)
        return (recognized(f, x).log_softmax(1) * known).sum(1).mean().item()

    before = right()
    value = term(recipe, spec, "Q", name, forward(recipe, nets))
    assert value.item() == pytest.approx(-before, rel=1e-5)
    descend(value, nets["recognizer"], 0.1)
    assert right() > before


# ---- what discriminators are told


def test_the_code_discriminator_is_told_each_samples_own_class(spec: Spec, small: Residual, forward: Make) -> None:
    assert ConditionalSupervised().condition_dc
    recipe = ConditionalSupervised(architecture=small)
    nets = recipe.build(spec)
    told: list[Tensor] = []
    nets["code_discriminator"].register_forward_pre_hook(lambda _, given: told.append(given[1]))
    f = forward(recipe, nets)
    term(recipe, spec, "D_C", "L_DC", f)
    assert len(told) == 2
    assert all(torch.equal(each, f.y_known) for each in told)


def test_the_code_discriminator_is_told_each_samples_own_dense_condition(
    spec: Spec, small: Residual, forward: Make
) -> None:
    recipe = TextConditional(architecture=small, condition_dc=True)
    nets = recipe.build(spec)
    nets["code_generator"].eval()  # it has seen no conditions, and takes these for standardised ones
    told: list[Tensor] = []
    nets["code_discriminator"].register_forward_pre_hook(lambda _, given: told.append(given[1]))
    f = forward(recipe, nets)
    term(recipe, spec, "D_C", "L_DC", f)
    assert len(told) == 2
    assert all(torch.allclose(each, f.condition, atol=1e-4) for each in told)


def test_a_sample_beside_another_ones_condition_is_a_fake_as_well(spec: Spec, small: Residual, forward: Make) -> None:
    recipe = TextConditional(architecture=small)
    nets = recipe.build(spec)
    seen: list[tuple[Tensor, Tensor]] = []

    class Recording(nn.Module):
        def forward(self, features: Tensor, s: Tensor) -> Tensor:
            seen.append((features, s))
            return torch.zeros(len(s))

    nets["code_generator"].eval()  # it has seen no conditions, and takes these for standardised ones
    f = forward(recipe, {**nets, "matcher": Recording()})
    for weights in nets["image_discriminator"].head.parameters():
        nn.init.zeros_(weights)
    assert term(recipe, spec, "D_I", "L_DI", f).item() == pytest.approx(4 * log(2))
    own, other = f.condition, f.condition.roll(1, 0)
    image = features(nets["image_discriminator"], f.target)
    real = [s for h, s in seen if torch.equal(h, image)]
    assert sorted(torch.allclose(s, own, atol=1e-4) for s in real) == [False, True]
    assert any(torch.allclose(s, other, atol=1e-4) for s in real)
    seen.clear()
    term(recipe, spec, "dec_gen", "L_decB", f)
    assert all(torch.allclose(s, own, atol=1e-4) for _, s in seen)


@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_dense_conditions_of_any_scale_weigh_the_same(scale: float, data: Data, small: Residual) -> None:
    assert data.condition is not None
    scaled = evolve(data, condition=scale * (data.condition + 3))
    recipe = TextConditional(architecture=small, condition_dc=True, epochs=2, batch=12)
    found: dict[str, float] = {}

    class Keep(Observer):
        def step_end(self, t: Training, losses: Mapping[str, float]) -> None:
            found.update(losses)

    aaecore.train(recipe, scaled, quiet=True, device="cpu", observers=[Keep()])
    assert found["CG/L_MI"] < 20  # 2.5 where Q says 0
    assert found["D_I/L_DI"] < 10


# ---- mutual information


class Says(nn.Module):
    """A recognizer that says what it was told to."""

    def __init__(self, said: Tensor) -> None:
        super().__init__()
        self.said = said

    def forward(self, features: Tensor) -> Tensor:
        return self.said


def test_mutual_information_is_log_k_when_q_knows_nothing_and_0_when_it_knows_all(
    spec: Spec, small: Residual, forward: Make
) -> None:
    recipe = ConditionalUnsupervised(architecture=small)
    prior, nets = recipe.prior, recipe.build(spec)
    assert isinstance(prior, Learned)
    nothing = forward(recipe, {**nets, "recognizer": Says(torch.zeros(16, 10))})
    assert mutual_information(prior, nothing).item() == pytest.approx(2.302585)
    s = prior.s(forward(recipe, nets))
    everything = forward(recipe, {**nets, "recognizer": Says(1000 * s)})
    assert mutual_information(prior, everything).item() == 0


def test_dense_mutual_information_is_half_the_squared_distance(spec: Spec, small: Residual, forward: Make) -> None:
    recipe = TextConditional(architecture=small)
    prior, nets = recipe.prior, recipe.build(spec)
    assert isinstance(prior, Learned)
    nets["code_generator"].eval()  # it has seen no conditions, and takes these for standardised ones
    s = forward(recipe, nets).condition
    f = forward(recipe, {**nets, "recognizer": Says(s + torch.tensor([2.0, 0, 0, 0, 1.0]))})
    assert mutual_information(prior, f).item() == pytest.approx(2.5, rel=1e-4)


def test_q_reaches_the_code_generator_and_the_decoder(spec: Spec, small: Residual, forward: Make) -> None:
    recipe = ConditionalUnsupervised(architecture=small)
    nets = recipe.build(spec)
    assert gradients(term(recipe, spec, "CG", "L_MI", forward(recipe, nets)), nets["code_generator"])
    assert gradients(term(recipe, spec, "dec_gen", "L_MI", forward(recipe, nets)), nets["decoder"])
    loss = term(recipe, spec, "Q", "L_Q", forward(recipe, nets))
    assert gradients(loss, nets["recognizer"])
    assert not gradients(loss, nets["decoder"])


# ---- against a plain adversarial autoencoder


@frozen(kw_only=True)
class Plain(Recipe):
    """rec, disc, gen with a fixed Gaussian prior."""

    def own_networks(self, spec: Spec) -> Builders:
        judge = self.architecture.discriminator
        return {**super().own_networks(spec), "code_discriminator": lambda: judge((self.code,))}

    def own_phases(self, spec: Spec) -> tuple[Phase, ...]:
        game = Adversary("code_discriminator", real="z_prior", fakes="z", loss=self.adversarial)
        rec = {"L_rec": self.reconstruction}
        return (
            Phase("rec", "reconstruction", ("encoder", "decoder"), rec, Adam()),
            Phase("disc", "discriminator", ("code_discriminator",), {"L_D": game.discriminate}, Adam()),
            Phase("gen", "generator", ("encoder",), {"L_G": game.deceive}, Adam()),
        )


@pytest.mark.parametrize("reconstruction", [FeatureError(), FeatureError(norm="norm"), HalfSquaredError()])
def test_with_the_identity_for_cg_the_losses_of_the_aae_phase_are_a_plain_aaes(
    reconstruction: HalfSquaredError, spec: Spec, small: Residual, forward: Make
) -> None:
    fixed = FixedPrior(architecture=small, reconstruction=reconstruction, lambda_dec=1.0)
    plain = Plain(architecture=small, reconstruction=reconstruction, prior=Gaussian(), scaling="symmetric")
    nets = fixed.build(spec)
    pairs = [
        (("D_C", "L_DC"), ("disc", "L_D")),
        (("enc", "L_encA"), ("gen", "L_G")),
        (("dec_rec", "L_rec"), ("rec", "L_rec")),
    ]
    for ours, theirs in pairs:
        one, two = forward(fixed, nets), forward(plain, nets)
        assert term(fixed, spec, *ours, one).item() == term(plain, spec, *theirs, two).item()


def test_a_plain_recipe_takes_the_learned_prior_and_the_learned_metric(
    data: Data, small: Residual, changed: Callable[..., tuple[set[str], set[str]]]
) -> None:
    recipe = Plain(architecture=small, prior=Learned(), reconstruction=FeatureError(), scaling="symmetric")
    moved, kept = changed(recipe, "rec", "disc", "gen", "D_I", "CG", "dec_gen")
    assert not kept
    assert "code_generator" in moved


def test_the_metric_brings_its_own_image_discriminator_where_there_is_none(spec: Spec, small: Residual) -> None:
    alone = Plain(architecture=small, reconstruction=FeatureError())
    assert [p.name for p in alone.all_phases(spec)] == ["rec", "disc", "gen", "D_I"]
    both = evolve(alone, prior=Learned())
    assert [p.name for p in both.all_phases(spec)] == ["rec", "disc", "gen", "D_I", "CG", "dec_gen"]
    modes = {p.name: p.evaluates for p in both.all_phases(spec)}
    assert modes["rec"] == ("code_generator", "image_discriminator")
    assert "image_discriminator" not in modes["gen"]


def test_one_optimizer_moves_the_decoder_in_both_its_phases_so_that_lambda_weighs(spec: Spec, small: Residual) -> None:
    found = {p.name: p for p in LearnedPrior(architecture=small).all_phases(spec)}
    assert found["dec_gen"].optimizer_of == "dec_rec"
    apart = LearnedPrior(architecture=small, prior=Learned(share_decoder_optimizer=False))
    assert {p.name: p.optimizer_of for p in apart.all_phases(spec)}["dec_gen"] is None
    host = Plain(architecture=small, prior=Learned(), scaling="symmetric")
    assert {p.name: p.optimizer_of for p in host.all_phases(spec)}["dec_gen"] == "rec"


def test_what_lambda_weighs_is_seen_in_the_decoder(data: Data, small: Residual) -> None:
    def trained(weight: float, *, share: bool) -> dict[str, Tensor]:
        prior = Learned(share_decoder_optimizer=share)
        recipe = LearnedPrior(architecture=small, epochs=4, batch=12, lambda_dec=weight, prior=prior)
        return aaecore.train(recipe, data, quiet=True, device="cpu").networks["decoder"].state_dict()

    def differ(share: bool) -> float:
        one, other = trained(1.0, share=share), trained(1000.0, share=share)
        return max(float((v - other[k]).abs().max()) for k, v in one.items() if k.endswith("weight"))

    assert differ(share=True) > 10 * differ(share=False)
