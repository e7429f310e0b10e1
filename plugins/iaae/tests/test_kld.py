"""The KL term: its values, and where it acts (checks 2 and 3)."""

import pytest
import torch

from aaecore.defaults.losses import KL, kl_gaussians, reverse_kl_gaussians
from aaecore.nn import drawing

LOGVAR = {"name": "gaussian", "sigma": "logvar"}


def kl(role: str, weight: float = 0.1) -> dict[str, object]:
    return {"name": "kl", "weight": weight, "role": role}


def test_both_directions_have_their_textbook_values():
    mu, sigma = torch.tensor([[0.5], [-1.0]]), torch.tensor([[0.5], [1.5]])
    assert kl_gaussians(mu, sigma).tolist() == pytest.approx([0.443147, 0.719535], abs=1e-6)
    assert reverse_kl_gaussians(mu, sigma).tolist() == pytest.approx([1.306853, 0.349909], abs=1e-6)


@pytest.mark.parametrize("divergence", [kl_gaussians, reverse_kl_gaussians])
def test_it_is_zero_and_flat_at_the_prior(divergence):
    mu, sigma = torch.zeros(1, 2, requires_grad=True), torch.ones(1, 2, requires_grad=True)
    value = divergence(mu, sigma)
    value.sum().backward()
    assert value.item() == 0
    assert not mu.grad.any()
    assert not sigma.grad.any()


def test_in_the_discriminators_loss_it_changes_nothing_at_all(bench):
    plain, literal = bench(), bench(regularizers=[kl("discriminator")])
    plain.train(4)
    losses = literal.train(4)
    assert losses[0]["disc/kl"] > 0
    assert all(v.equal(literal.snapshot()[k]) for k, v in plain.snapshot().items())


def test_in_the_discriminators_loss_it_leaves_the_discriminators_gradient(bench):
    def gradient(regularizers):
        b = bench(regularizers=regularizers)
        f = b.forward()
        b.stepper._keep_alive({"code_discriminator"})
        f.begin(("code_discriminator",))
        with drawing(f.draw):
            sum(t.weight * t.loss(f) for t in b.phases["disc"].terms.values()).backward()
        return [p.grad for p in b.networks["code_discriminator"].parameters()]

    assert all(a.equal(b) for a, b in zip(gradient([]), gradient([kl("discriminator")]), strict=True))


@pytest.mark.parametrize(("role", "phase"), [("generator", "gen"), ("reconstruction", "rec")])
def test_in_an_encoders_step_it_changes_the_encoder_but_not_the_discriminators_step(bench, role, phase):
    plain, penal = bench(posterior=LOGVAR), bench(posterior=LOGVAR, regularizers=[kl(role)])
    assert "kl" in penal.phases[phase].terms
    for b in (plain, penal):
        b.stepper.run([b.phases[phase]], [b.forward()])
    assert not all(v.equal(penal.snapshot()[k]) for k, v in plain.snapshot().items() if k.startswith("encoder"))
    plain, penal = bench(posterior=LOGVAR), bench(posterior=LOGVAR, regularizers=[kl(role)])
    for b in (plain, penal):
        b.stepper.run([b.phases["disc"]], [b.forward()])
    assert all(v.equal(penal.snapshot()[k]) for k, v in plain.snapshot().items())


def test_it_may_act_in_both_steps_of_the_encoder(bench):
    phases = bench(posterior=LOGVAR, regularizers=[kl("generator"), kl("reconstruction")]).phases
    assert [name for name, phase in phases.items() if "kl" in phase.terms] == ["rec", "gen"]


def test_the_named_recipe_puts_a_tenth_of_it_in_the_encoders_confusion_step(bench):
    b = bench("iaae-kld")
    assert b.phases["gen"].terms["kl"].weight == 0.1
    assert b.recipe.regularizers == (KL(weight=0.1),)
    assert b.recipe.posterior.sigma == "logvar"


@pytest.mark.parametrize(("direction", "value"), [("forward", kl_gaussians), ("reverse", reverse_kl_gaussians)])
def test_the_term_is_the_divergence_asked_for_averaged_over_the_batch(bench, direction, value):
    b = bench(posterior=LOGVAR, regularizers=[{"name": "kl", "weight": 0.1, "direction": direction}])
    f = b.forward()
    assert b.phases["gen"].terms["kl"].weight == 0.1
    assert b.recipe.regularizers[0](f).item() == pytest.approx(value(f.mu, f.sigma).mean().item(), rel=1e-5)
