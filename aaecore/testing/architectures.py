"""What every architecture must do: networks of the right shapes, for every shape of data it accepts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from attrs import evolve
from torch import Tensor, nn

from aaecore.architecture import Architecture
from aaecore.data import Data
from aaecore.errors import AAEError
from aaecore.nn import drawing
from aaecore.randomness import Draw
from aaecore.recipe import Recipe
from aaecore.spec import Spec
from aaecore.testing.bench import Bench
from aaecore.testing.configuration import check_configuration
from aaecore.testing.hosts import host_for
from aaecore.testing.problems import ContractError, blamed, demand, instance, on_any_device, repeated, same
from aaecore.testing.trial import try_out

SHAPES = ((1, 8, 8), (3, 20, 18), (12,))
HEADS = {"code": 4, "label": 3}
RANGES = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0), "linear": (-torch.inf, torch.inf)}
B = 6


def check_architecture(
    architecture: Architecture | type[Architecture], *, recipe: Recipe | None = None, data: Data | None = None
) -> None:
    """Raise `ContractError`, with what to mend, unless an architecture keeps its contract.

    Its networks are tried on grey and coloured images and on vectors, on those of them that its `check` accepts, and
    then in `recipe` on `data`; by default in the plainest adversarial autoencoder on small digits.
    """
    architecture = instance(architecture, Architecture)
    check_configuration(architecture)
    taken = [spec for spec in map(Spec, SHAPES) if _accepted(architecture, spec)]
    demand(taken, architecture, f"accepts none of the shapes {SHAPES}; its `check` should refuse only what cannot work")
    for spec in taken:
        check_encoder(architecture, spec)
        check_decoder(architecture, spec)
        for shape in (spec.shape, (5,)):
            check_discriminator(architecture, shape)
    host = host_for(architecture, lambda base: evolve(base, architecture=architecture), recipe, data)
    try_out(host.recipe, host.data, architecture)


def _accepted(architecture: Architecture, spec: Spec) -> bool:
    try:
        architecture.check(Bench(architecture=architecture), spec)
    except AAEError:
        return False
    return True


def check_encoder(architecture: Architecture, spec: Spec) -> None:
    """Demand heads of the widths asked for, and noise that matters."""
    x, noise = torch.rand(B, *spec.shape), torch.randn(B, 3)
    for width, given in ((0, (x,)), (3, (x, noise))):
        build = partial(architecture.encoder, spec.shape, HEADS, width)
        said = check_network(architecture, "encoder", build, given)
        demand(isinstance(said, dict), architecture, "has an encoder that gives no dict of heads by name")
        assert isinstance(said, dict)
        for name, wanted in HEADS.items():
            shape = tuple(said[name].shape) if name in said else None
            text = f"has an encoder whose head {name!r} is {shape} on samples {spec.shape}, not {(B, wanted)}"
            demand(shape == (B, wanted), architecture, text)
    network = _built(partial(architecture.encoder, spec.shape, HEADS, 3)).eval()
    with torch.no_grad():
        text = "has an encoder that ignores the noise beside its input"
        demand(not same(network(x, noise), network(x, noise + 1)), architecture, text)


def check_decoder(architecture: Architecture, spec: Spec) -> None:
    """Demand samples of the data's shape and range."""
    for output, (low, high) in RANGES.items():
        build = partial(architecture.decoder, 5, evolve(spec, output=output))
        x = check_network(architecture, "decoder", build, (3 * torch.randn(B, 5),))
        wanted = (B, *spec.shape)
        demand(tuple(x.shape) == wanted, architecture, f"has a decoder that gives {tuple(x.shape)}, not {wanted}")
        text = f"has a decoder that leaves [{low:g}, {high:g}] for output={output!r}; end with output_activation"
        demand(x.min() >= low and x.max() <= high, architecture, text)


def check_discriminator(architecture: Architecture, shape: tuple[int, ...]) -> None:
    """Demand one score a sample, and a condition that matters."""
    v, condition = torch.rand(B, *shape), torch.randn(B, 3)
    for width, given in ((0, (v,)), (3, (v, condition))):
        build = partial(architecture.discriminator, shape, width)
        scores = check_network(architecture, "discriminator", build, given)
        text = f"has a discriminator of {shape} that gives {tuple(scores.shape)}, not one score a sample, ({B},)"
        demand(tuple(scores.shape) == (B,), architecture, text)
    network = _built(partial(architecture.discriminator, shape, 3)).eval()
    with torch.no_grad():
        text = "has a discriminator that ignores its condition"
        demand(not same(network(v, condition), network(v, condition + 1)), architecture, text)


def check_network(
    architecture: Architecture, role: str, build: Callable[[], nn.Module], given: tuple[Tensor, ...]
) -> Tensor:
    """Demand a network that is a function of its weights and input; what it says in inference mode."""
    doing = f"its {role} is built for {[tuple(g.shape) for g in given]}"
    with blamed(architecture, doing):
        network, twin, other = _built(build), _built(build), _built(build, seed=1)
    demand(not _shared(network, other), architecture, f"gives two {role}s the same weights; build new layers each time")
    alike = f"gives a {role} other weights for the same seed; initialise by torch's global generator alone"
    demand(same(dict(network.state_dict()), dict(twin.state_dict())), architecture, alike)
    with torch.no_grad():
        random = "has random layers of torch's own; take those of aaecore.nn (Dropout)"
        _unrandom(architecture, network.train(), given, random)
        other.load_state_dict(network.state_dict())
        said = repeated(architecture, lambda: network.eval()(*given), f"its {role} runs in inference mode")
        stateless = f"has a {role} that is another once its weights are loaded; keep all in parameters and buffers"
        demand(same(said, other.eval()(*given)), architecture, stateless)
    on_any_device(architecture, partial(_somewhere, build, given), f"its {role} runs")
    return said  # type: ignore[no-any-return]


def _unrandom(architecture: Architecture, network: nn.Module, given: tuple[Tensor, ...], text: str) -> None:
    def run() -> object:
        with drawing(lambda purpose: Draw(0).purpose(purpose)):
            return network(*given)

    try:
        repeated(architecture, run, "a network of it runs in training mode")
    except ContractError as e:
        raise ContractError(f"{e}; or it {text}" if "same function" in str(e) else str(e)) from e


def _built(build: Callable[[], nn.Module], seed: int = 0) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build()


def _shared(a: nn.Module, b: nn.Module) -> bool:
    return bool(set(a.parameters()) & set(b.parameters()))


def _somewhere(build: Callable[[], nn.Module], given: tuple[Tensor, ...]) -> Tensor:
    with torch.device("meta"):
        network = build()
    said = network(*(torch.empty_like(g, device="meta") for g in given))
    found: Tensor = next(iter(said.values())) if isinstance(said, dict) else said
    return found
