"""One paper's parts, so configured, are another's: in value on the same tensors, or bit for bit over a training.

Those within one plugin, or with the core alone, are in the plugins' own tests: iaae against its baseline and against
classic, clustering against semi-supervision.
"""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import Module

from aaecore import compose
from aaecore.config import Config, RunConfig
from aaecore.phase import Phase
from aaecore.plugins import registry
from aaecore.randomness import Draw
from aaecore.recipe import Recipe
from aaecore.runs.session import new_model
from aaecore.testing.bench import digits
from aaecore.testing.trial import weights
from aaecore.training import Training
from aaecore.training.device import make_accelerator

INSTALLED = {plugin.name for plugin in registry().plugins if plugin.status == "ok"}
MLP = {"name": "mlp", "hidden": [12, 10]}


def needs(*plugins: str) -> pytest.MarkDecorator:
    missing = sorted(set(plugins) - INSTALLED)
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


def gradients(recipe: Recipe, networks: dict[str, Module], phase: Phase) -> tuple[float, dict[str, Tensor]]:
    """What a phase minimises on the first digits, and its gradient by parameter."""
    model = new_model(Config(recipe=recipe), digits())
    batch = {"x": model.scaling.apply(digits().x.take(range(8))), "y": digits().y[:8]}
    f = recipe.forward(recipe, model.spec, networks, batch, Draw(0))
    f.begin(phase.moves)
    total = torch.stack([phase.weight * term.weight * term.loss(f) for term in phase.terms.values()]).sum()
    named = {f"{role}.{name}": p for role in phase.moves for name, p in networks[role].named_parameters()}
    found = torch.autograd.grad(total, list(named.values()))
    return total.item(), dict(zip(named, found, strict=True))


def assert_same_descent(one: Recipe, two: Recipe, pairs: dict[str, str]) -> None:
    """Phases of both minimise the same, and descend it in the same direction, on the same networks."""
    spec = new_model(Config(recipe=one), digits()).spec
    networks = one.build(spec)
    phases = [{p.name: p for p in recipe.all_phases(spec)} for recipe in (one, two)]
    for a, b in pairs.items():
        ours, theirs = gradients(one, networks, phases[0][a]), gradients(two, networks, phases[1][b])
        assert ours[0] == pytest.approx(theirs[0], rel=1e-6), (a, b)
        assert ours[1].keys() == theirs[1].keys()
        for name, gradient in ours[1].items():
            torch.testing.assert_close(gradient, theirs[1][name], msg=lambda m, name=name: f"{name}: {m}")


def trained(recipe: Recipe) -> dict[str, dict[str, Tensor]]:
    """All weights after a training."""
    config = Config(recipe=recipe, run=RunConfig(device="cpu"))
    model = new_model(config, digits())
    Training(model, digits(), make_accelerator(config.run), workers=0).run()
    return weights(model.networks)


@needs("maagma", "aae-classic")
def test_maagma_without_its_image_critic_under_the_original_game_is_classic_with_a_joint_step() -> None:
    shared = {"architecture": MLP, "code": 4, "reconstruction": "l2-half-sum", "adversarial": "bce", "batch": 8}
    ours = compose("maagma", conditional=False, embedding_weight=1.0, output_weight=0.0, **shared)
    theirs = compose("classic", joint_generator_step=True, **shared)
    assert_same_descent(ours, theirs, {"d_em": "disc", "ae": "gen"})


@needs("aae-learnedprior", "aae-classic")
def test_a_learned_prior_that_learns_nothing_on_pixels_is_classic_in_its_first_phase() -> None:
    shared = {"architecture": MLP, "code": 4, "reconstruction": "l2-half-sum", "scaling": "unit", "batch": 8}
    identity = {"name": "learned", "generator": "identity"}
    ours = compose("learnedprior", prior=identity, lambda_enc=0.0, lambda_dec=1.0, **shared)
    theirs = compose("classic", **shared)
    assert_same_descent(ours, theirs, {"D_C": "disc", "enc": "gen"})
    spec = new_model(Config(recipe=ours), digits()).spec
    rec = [next(p for p in r.all_phases(spec) if p.role == "reconstruction") for r in (ours, theirs)]
    networks = ours.build(spec)
    ours_of, theirs_of = (gradients(r, networks, p) for r, p in zip((ours, theirs), rec, strict=True))
    assert ours_of[0] == theirs_of[0]
    assert all(gradient.equal(theirs_of[1][name]) for name, gradient in ours_of[1].items())


@needs("aae-learnedprior", "aae-classic")
@pytest.mark.parametrize("norm", ["half-mean", "half-sum", "norm"])
def test_a_fixed_prior_in_a_discriminators_features_is_classic_in_them_in_its_first_phase(norm: str) -> None:
    metric = {"name": "discriminator-features", "norm": norm}
    shared = {"architecture": MLP, "code": 4, "reconstruction": metric, "scaling": "unit", "batch": 8}
    ours = compose("learnedprior-baseline", lambda_dec=1.0, **shared)
    theirs = compose("classic", **shared)
    assert_same_descent(ours, theirs, {"D_C": "disc"})
    spec = new_model(Config(recipe=ours), digits()).spec
    networks = ours.build(spec)
    enc, dec, rec, gen = (
        next(p for p in r.all_phases(spec) if p.name == name)
        for r, name in ((ours, "enc"), (ours, "dec_rec"), (theirs, "rec"), (theirs, "gen"))
    )
    of_enc, of_dec = gradients(ours, networks, enc), gradients(ours, networks, dec)
    of_rec, of_gen = gradients(theirs, networks, rec), gradients(theirs, networks, gen)
    assert of_dec[0] == pytest.approx(of_rec[0], rel=1e-6)
    assert of_enc[0] == pytest.approx(of_rec[0] + of_gen[0], rel=1e-6)
    for name, gradient in of_dec[1].items():
        torch.testing.assert_close(gradient, of_rec[1][name])
    for name, gradient in of_enc[1].items():
        torch.testing.assert_close(gradient, of_rec[1][name] + of_gen[1][name])


@needs("gasca")
@pytest.mark.parametrize("stacking", ["greedy", "gradual-greedy"])
def test_level_wise_training_of_one_level_without_fine_tuning_is_joint_training_bit_for_bit(stacking: str) -> None:
    networks = {"name": "gasca", "channels": [4], "discriminator_hidden": 0}
    make: Callable[..., Recipe] = lambda how: compose(  # noqa: E731
        "gasca", code=0, architecture=networks, stacking=how, batch=8, epochs=2
    )
    grown, joint = trained(make({"name": stacking, "level_epochs": 2, "finetune_epochs": 0})), trained(make("single"))
    for role, layers in joint.items():
        assert grown[role].keys() == layers.keys()
        assert all(weight.equal(grown[role][name]) for name, weight in layers.items())


@needs("aae-learnedprior", "aae-classic")
def test_a_vaegan_that_compares_pixels_and_plays_no_game_is_a_vae_of_unit_variance() -> None:
    shared = {"architecture": MLP, "code": 4, "scaling": "unit", "batch": 8}
    metric = {"name": "discriminator-features", "layer": 0, "norm": "half-sum"}
    ours = compose("learnedprior-vaegan", reconstruction=metric, similarity=1.0, margin=0, **shared)
    theirs = compose("classic-vae", reconstruction="l2-half-sum", **shared)
    spec = new_model(Config(recipe=ours), digits()).spec
    networks = ours.build(spec)
    enc, dec = (next(p for p in ours.all_phases(spec) if p.name == name) for name in ("enc", "dec"))
    (vae,) = theirs.all_phases(spec)
    whole, gradient = gradients(theirs, networks, vae)
    value, of_encoder = gradients(ours, networks, enc)
    _, of_decoder = gradients(ours, networks, dec)
    assert value == pytest.approx(whole, rel=1e-6)
    for name, wanted in gradient.items():
        torch.testing.assert_close({**of_encoder, **of_decoder}[name], wanted)
