"""What every loss must do: reconstruction losses, regularizers, adversarial games."""

from __future__ import annotations

from functools import partial, reduce
from itertools import chain

import torch
from attrs import evolve
from torch import Tensor

from aaecore.data import Data
from aaecore.loss import AdversarialLoss, Loss, ReconstructionLoss, Regularizer
from aaecore.phase import Phase
from aaecore.randomness import Share
from aaecore.recipe import Recipe
from aaecore.testing.configuration import check_configuration
from aaecore.testing.games import check_game
from aaecore.testing.hosts import Host, host_for
from aaecore.testing.problems import (
    Nowhere,
    blamed,
    demand,
    instance,
    on_any_device,
    repeated,
    same,
)
from aaecore.testing.trial import try_out, weights

AnyLoss = Loss | AdversarialLoss


def check_loss(loss: AnyLoss | type[AnyLoss], *, recipe: Recipe | None = None, data: Data | None = None) -> None:
    """Raise `ContractError`, with what to mend, unless a loss of any kind keeps its contract.

    It is tried in `recipe` on `data`; by default in the plainest adversarial autoencoder on small digits.
    """
    made: AnyLoss = instance(loss, ReconstructionLoss, Regularizer, AdversarialLoss)  # type: ignore[assignment] # mypy takes the union apart
    check_configuration(made)
    host = host_for(made, partial(_with, made), recipe, data)
    if isinstance(made, AdversarialLoss):
        check_game(made)
    else:
        check_term(made, host)
    try_out(host.recipe, host.data, made)


def check_term(loss: Loss, host: Host) -> None:
    """Demand of a reconstruction loss or a regularizer what a phase relies on."""
    check_gradient(loss, host, _minimising(loss, host))
    check_value(loss, host)
    check_inputs(loss, host)
    check_mean(loss, host)
    on_any_device(loss, partial(_somewhere, loss, host), "it is computed")


def check_value(loss: Loss, host: Host) -> None:
    """Demand a finite number, the same whenever it is computed of the same."""
    value = repeated(loss, lambda: loss(host.forward()).detach(), "it is computed")
    demand(value.isfinite(), loss, f"is {value.item()} for an untrained autoencoder")
    demand(value.dtype == torch.float32, loss, f"is in {value.dtype}, not torch.float32; end with .float()")


def check_inputs(loss: Loss, host: Host) -> None:
    """Demand that what it is computed of is left as it was, for other losses use it too."""
    f, untouched = host.forward(), host.forward()
    with torch.no_grad(), blamed(loss, "it is computed"):
        loss(f)
        needed: dict[str, set[str]] = {"x": set(), "z": {"encoder"}, "x_rec": {"encoder", "decoder"}}
        for name in (name for name, roles in needed.items() if roles <= host.model.networks.keys()):
            text = f"changes f.{name} in place; make a new tensor"
            demand(same(getattr(f, name), getattr(untouched, name)), loss, text)


def check_gradient(loss: Loss, host: Host, phase: Phase) -> None:
    """Demand one number that gives gradients to networks of its phase, and to no others."""
    networks = host.model.networks
    before = weights(networks)
    f = host.forward(training=True)
    f.begin(phase.moves)
    parameters = [p for role in phase.moves for p in networks[role].parameters()]
    with blamed(loss, f"phase {phase.name!r} descends it"):
        value = loss(f)
        one = isinstance(value, Tensor) and value.dim() == 0
        demand(one, loss, "is not one number; end with .mean() or .sum() / f.n")
        text = f"reaches none of {phase.moves} in phase {phase.name!r}: compute it from quantities of f, detach nothing"
        demand(value.requires_grad, loss, text)
        value.backward(inputs=parameters)  # type: ignore[no-untyped-call] # as in training
    others = [p for role, n in networks.items() if role not in phase.moves for p in n.parameters()]
    stray = "gives gradients to networks that its phase does not move; leave backward() to the trainer"
    demand(all(p.grad is None for p in others), loss, stray)
    demand(same(before, weights(networks)), loss, "changes the networks while it is computed; leave that to phases")
    for p in chain.from_iterable(n.parameters() for n in networks.values()):
        p.grad = None


def check_mean(loss: Loss, host: Host) -> None:
    """Demand that the halves of a batch average to the whole, unless the loss compares samples with each other."""
    if not loss.averages:
        return
    with torch.no_grad():
        whole = loss(host.forward())
        halves = [loss(host.forward(share=Share(i, 2))) for i in range(2)]
    mean = reduce(torch.add, halves) / 2
    text = f"is no mean over the batch: {whole:.6g} of a batch whose halves average to {mean:.6g}"
    remedy = "divide by f.n, or set averages = False where it compares samples with each other"
    demand(torch.isclose(whole, mean, rtol=1e-4, atol=1e-6), loss, f"{text}; {remedy}")


def _with(loss: AnyLoss, base: Recipe) -> Recipe:
    if isinstance(loss, AdversarialLoss):
        return evolve(base, adversarial=loss)
    if isinstance(loss, Regularizer):
        return evolve(base, regularizers=(loss,))
    assert isinstance(loss, ReconstructionLoss)
    return evolve(base, reconstruction=loss)


def _minimising(loss: Loss, host: Host) -> Phase:
    phases = host.recipe.all_phases(host.model.spec)
    found = next((p for p in phases if any(t.loss == loss for t in p.terms.values())), None)
    demand(found, loss, "stands in no phase of the recipe it is tried in")
    assert found is not None
    return found


def _somewhere(loss: Loss, host: Host) -> Tensor:
    spec = host.model.spec
    with torch.device("meta"):
        networks = {role: build() for role, build in host.recipe.builders(spec).items()}
        batch = {"x": torch.empty(4, *spec.shape), "y": torch.zeros(4, dtype=torch.int64)}
        batch["condition"] = torch.empty(4, spec.condition)
    return loss(host.forward_of(networks, batch, Nowhere()))
