"""What every prior must do."""

from __future__ import annotations

from functools import partial

import torch
from attrs import evolve
from torch import Tensor

from aaecore.data import Data
from aaecore.prior import Prior
from aaecore.randomness import Draw, Share
from aaecore.recipe import Recipe
from aaecore.testing.configuration import check_configuration
from aaecore.testing.hosts import Host, host_for
from aaecore.testing.problems import Nowhere, blamed, demand, instance, on_any_device, repeated, same
from aaecore.testing.trial import try_out

SIZES = (1, 7, 64)


def check_prior(prior: Prior | type[Prior], *, recipe: Recipe | None = None, data: Data | None = None) -> None:
    """Raise `ContractError`, with what to mend, unless a prior keeps its contract.

    It is tried in `recipe` on `data`; by default in the plainest adversarial autoencoder on small digits.
    """
    prior = instance(prior, Prior)
    check_configuration(prior)
    host = host_for(prior, lambda base: evolve(base, prior=prior), recipe, data)
    check_samples(prior, host)
    check_labels(prior, host)
    check_shares(prior, host)
    on_any_device(prior, partial(_somewhere, prior, host), "it samples")
    try_out(host.recipe, host.data, prior)


def sampled(prior: Prior, host: Host, n: int, *, seed: int = 0, labels: Tensor | None = None) -> Tensor:
    """`n` codes of the untrained prior."""
    net = host.forward().net
    with torch.no_grad():
        return prior.sample(n, host.recipe.code, labels=labels, draw=Draw(seed), net=net)


def check_samples(prior: Prior, host: Host) -> None:
    """Demand (n, code) finite numbers that are a function of the draw, and differ from draw to draw."""
    for n in SIZES:
        z = repeated(prior, partial(sampled, prior, host, n), f"it samples n={n} codes")
        wanted = (n, host.recipe.code)
        demand(isinstance(z, Tensor), prior, f"gives {type(z).__name__} for n={n}, not a tensor of shape {wanted}")
        demand(tuple(z.shape) == wanted, prior, f"gives shape {tuple(z.shape)} for n={n}, not (n, code) = {wanted}")
        demand(z.dtype == torch.float32, prior, f"gives {z.dtype}, not torch.float32; end with .float()")
        demand(z.isfinite().all(), prior, "gives codes that are NaN or infinite")
        demand(not z.requires_grad, prior, "gives codes that require gradients under no_grad; drop requires_grad_()")
    before = torch.get_rng_state()
    sampled(prior, host, 7)
    seeding = "changes torch's global generator; seed nothing, take its randomness from `draw`"
    demand(same(before, torch.get_rng_state()), prior, seeding)
    text = "gives the same codes whatever the draw; take its randomness from `draw`"
    demand(not same(sampled(prior, host, 64), sampled(prior, host, 64, seed=1)), prior, text)


def check_labels(prior: Prior, host: Host) -> None:
    """Demand that labels matter if and only if the prior says they do."""
    heeds = prior.uses_labels or prior.own_labels(host.model.spec) > 0
    n, asked = 64, torch.zeros(64, dtype=torch.int64)
    with blamed(prior, "it is asked for codes of labels"):
        given = [sampled(prior, host, n, labels=labels) for labels in (asked, asked + 1, asked - 1)]
    if heeds:
        demand(not same(given[0], given[1]), prior, "says it heeds labels, and gives the same codes for 0 and 1")
    elif not same(given[0], given[2]):
        demand(False, prior, "heeds labels and does not say so; set uses_labels = True, or give own_labels(spec)")


def check_shares(prior: Prior, host: Host) -> None:
    """Demand that two halves of a batch are given what the whole is given."""
    whole = sampled(prior, host, 8)
    with torch.no_grad(), blamed(prior, "it samples a share of a batch"):
        net, code = host.forward().net, host.recipe.code
        draws = [Draw(0, share=Share(i, 2)) for i in range(2)]
        halves = torch.cat([prior.sample(4, code, labels=None, draw=draw, net=net) for draw in draws])
    text = "gives other codes in micro-batches; draw everything with the batch as first axis, draw.normal(n, ...)"
    demand(torch.allclose(whole, halves, atol=1e-6), prior, text)


def _somewhere(prior: Prior, host: Host) -> Tensor:
    with torch.device("meta"):
        networks = {role: build() for role, build in host.recipe.builders(host.model.spec).items()}
    net = host.forward_of(networks, {"x": torch.empty(4, *host.model.spec.shape, device="meta")}, Nowhere()).net
    labels = torch.empty(4, dtype=torch.int64, device="meta")
    return prior.sample(4, host.recipe.code, labels=labels, draw=Nowhere(), net=net)
