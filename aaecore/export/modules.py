"""A trained model's encoder, decoder and the like as plain modules, data in its own units, for other programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import Any

import torch
from attrs import frozen
from torch import Tensor, nn

from aaecore.data import Scaling
from aaecore.errors import AAEError, DataError, suggest
from aaecore.forward import Forward
from aaecore.model import Model
from aaecore.randomness import Draw


@frozen
class Export:
    """One thing a model does: the quantity of a `Forward` that it is, and how the model itself says it."""

    quantity: Callable[[Forward], Tensor]
    own: Callable[..., Tensor]
    inputs: tuple[str, ...]
    """Names in a batch of what goes in: `x`, samples; `y`, labels, int64; `code`, what the decoder is given."""
    output: str
    scaled: bool = False
    """Whether samples come out, which are given back in the data's own units."""


def exports(model: Model) -> dict[str, Export]:
    """What can be exported of a model, by name."""
    return dict(_exports(model))


def export_of(model: Model, what: str) -> Export:
    """One of `exports`; raises `AAEError` naming them."""
    found = exports(model)
    if what not in found:
        raise AAEError(f"this recipe has no {what} to export; {suggest('', found)}")
    return found[what]


def _exports(model: Model) -> Iterator[tuple[str, Export]]:
    networks = model.networks
    if "encoder" in networks:
        yield "encoder", Export(lambda f: f.recipe.representation(f), model.encode, ("x",), "z")
    if "decoder" in networks:
        yield "decoder", Export(lambda f: f.net.decoder(f.batch["code"]), model.decode, ("code",), "x", scaled=True)
    if {"encoder", "decoder"} <= networks.keys():
        inputs = ("x", "y") if _wants_labels(model) else ("x",)
        yield "autoencoder", Export(lambda f: f.x_rec, _reconstructing(model), inputs, "x_rec", scaled=True)
    if model.recipe.predicts != "nothing":
        yield "classifier", Export(lambda f: f.recipe.predict(f), model.predict, ("x",), "probabilities")


def _reconstructing(model: Model) -> Callable[..., Tensor]:
    return lambda x, y=None: model.reconstruct(x, labels=y)


def _wants_labels(model: Model) -> bool:
    """Whether the decoder is given the samples' labels."""
    try:
        model.reconstruct(torch.full((1, *model.spec.shape), 0.5))
    except DataError:
        return True
    return False


class Still(Draw):
    """No noise: what is normal stands at its mean, 0."""

    def purpose(self, name: str, redraw: int = 0) -> Draw:
        """The same for every purpose."""
        return self

    def normal(self, n: int, *shape: int) -> Tensor:
        """Zeros, (n, *shape)."""
        return torch.zeros(n, *shape, device=self.device)


class Module(nn.Module):
    """One export of a model as a module on the CPU: `inputs` in the data's own units to `output`, (B, ...) each."""

    shift: Tensor
    scale: Tensor

    def __init__(self, model: Model, export: Export) -> None:
        super().__init__()
        self._recipe, self._spec, self._export = model.recipe, model.spec, export
        used = _used(model, export)
        self.networks = nn.ModuleDict({role: deepcopy(model.networks[role]).cpu() for role in used})
        self._kind = model.scaling.kind
        self.register_buffer("shift", model.scaling.shift.detach().cpu().clone())
        self.register_buffer("scale", model.scaling.scale.detach().cpu().clone())
        self.eval()

    def forward(self, *given: Tensor) -> Tensor:
        """The export's quantity for a batch."""
        batch = dict(zip(self._export.inputs, given, strict=True))
        scaling = Scaling(self._kind, self.shift, self.scale)
        if "x" in batch:
            batch["x"] = scaling.apply(batch["x"])
        said = self._export.quantity(self._forward(batch, dict(self.networks.items())))
        return scaling.invert(said.float()) if self._export.scaled else said

    def _forward(self, batch: Mapping[str, Tensor], networks: Mapping[str, nn.Module]) -> Forward:
        n: Any = next(iter(batch.values())).shape[0]  # `len` would fix the size of batches for ever
        return self._recipe.forward(
            self._recipe, self._spec, networks, batch, Still(), training=False, sampled=False, n=n
        )


def example(model: Model, export: Export, n: int) -> tuple[Tensor, ...]:
    """Inputs of `n` rows for an export, as random as data may be."""
    generator = torch.Generator().manual_seed(n)
    spec, scaling = model.spec, model.scaling.to("cpu")
    noise = torch.randn(n, *spec.shape, generator=generator)
    made = {
        "x": torch.rand(n, *spec.shape, generator=generator) if spec.is_image else scaling.invert(noise),
        "y": torch.randint(max(1, spec.classes), (n,), generator=generator),
        "code": torch.randn(n, model.recipe.decoder_width(spec), generator=generator),
    }
    return tuple(made[name] for name in export.inputs)


def _used(model: Model, export: Export) -> list[str]:
    """Roles of the networks that an export runs."""
    noted: list[str] = []

    class Noting(dict[str, nn.Module]):
        def __getitem__(self, role: str) -> nn.Module:
            noted.append(role)
            return super().__getitem__(role)

    batch = dict(zip(export.inputs, example(model, export, 2), strict=True))
    batch = {name: tensor.to(model.device) for name, tensor in batch.items()}
    draw = Still(device=model.device)
    f = model.recipe.forward(
        model.recipe, model.spec, Noting(model.networks), batch, draw, training=False, sampled=False
    )
    with torch.no_grad():
        export.quantity(f)
    return list(dict.fromkeys(noted))
