"""What a user keeps of a training: networks that encode, decode, reconstruct, sample and predict."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import Module

from aaecore.data import Scaling
from aaecore.data.arrays import as_array, channels_first
from aaecore.errors import AAEError, DataError
from aaecore.forward import Forward
from aaecore.randomness import Draw
from aaecore.recipe import Recipe
from aaecore.spec import Spec

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

CHUNK = 1000
"""Samples that go through the networks at once."""


class Model:
    """A recipe's networks on one kind of data.

    Images go in and come out as float (N, C, H, W) in [0, 1], plain vectors (N, F) in their own units, whatever range
    the networks see. All methods run in inference mode and return tensors on the CPU.
    """

    def __init__(
        self,
        recipe: Recipe,
        spec: Spec,
        networks: Mapping[str, Module],
        scaling: Scaling,
        *,
        classes: tuple[str, ...] = (),
        metrics: Mapping[str, float] | None = None,
    ) -> None:
        self.recipe = recipe
        self.spec = spec
        self.networks = dict(networks)
        self.scaling = scaling
        self.classes = classes
        self.metrics = dict(metrics or {})
        """Final figures on held-out data, by flat names."""

    def encode(self, x: ArrayLike | Tensor, *, sample: bool = False, seed: int = 0) -> Tensor:
        """Codes of samples, (N, code): the recipe's representation, of the posterior's mean or of draws from it."""
        return self._batched(lambda f: f.recipe.representation(f), seed, sampled=sample, x=x)

    def decode(self, z: ArrayLike | Tensor) -> Tensor:
        """Samples for all that the recipe's decoder is given, (N, decoder_width): codes, labels if it takes them."""
        self._need("decoder")
        width = self.recipe.decoder_width(self.spec)
        z = torch.as_tensor(np.asarray(z), dtype=torch.float32)
        if z.dim() != 2 or z.shape[1] != width:
            raise DataError(f"decode takes (N, {width}) for this recipe, not {tuple(z.shape)}")
        return self._batched(lambda f: self._unscaled(f.net.decoder(f.batch["z"])), 0, z=z)

    def reconstruct(self, x: ArrayLike | Tensor, *, labels: ArrayLike | Tensor | None = None) -> Tensor:
        """Samples through encoder and decoder; `labels` (N,) where the decoder is given them."""
        self._need("encoder")
        y = None if labels is None else _labels(labels, len(x), self.spec.classes)  # type: ignore[arg-type]
        return self._batched(lambda f: self._unscaled(f.x_rec), 0, sampled=False, x=x, y=y)

    def sample(
        self,
        n: int,
        *,
        labels: ArrayLike | Tensor | None = None,
        condition: ArrayLike | Tensor | None = None,
        seed: int = 0,
    ) -> Tensor:
        """`n` new samples; `labels`, one or (n,), asks for these classes, `condition`, (width,) or (n, width), for
        samples that go with these vectors."""
        self._need_prior()
        asked, given = self._asked(labels, n), self._condition(condition, n)
        return self._batched(lambda f: self._unscaled(f.x_gen), seed, n=n, asked_labels=asked, condition=given)

    def sample_at(
        self,
        z: ArrayLike | Tensor,
        *,
        labels: ArrayLike | Tensor | None = None,
        condition: ArrayLike | Tensor | None = None,
        seed: int = 0,
    ) -> Tensor:
        """New samples whose codes are `z` (N, code) in place of draws from the prior; the rest as in `sample`."""
        self._need_prior()
        codes = torch.as_tensor(np.asarray(z), dtype=torch.float32)
        if codes.dim() != 2 or codes.shape[1] != self.recipe.code:
            raise DataError(f"codes are (N, {self.recipe.code}) for this recipe, not {tuple(codes.shape)}")
        asked, given = self._asked(labels, len(codes)), self._condition(condition, len(codes))
        return self._batched(
            lambda f: self._unscaled(f.x_gen), seed, asked_codes=codes, asked_labels=asked, condition=given
        )

    def prior(self, n: int, *, labels: ArrayLike | Tensor | None = None, seed: int = 0) -> Tensor:
        """`n` draws from the prior, (n, code)."""
        return self._batched(lambda f: f.z_prior, seed, n=n, asked_labels=self._asked(labels, n))

    def predict(self, x: ArrayLike | Tensor) -> Tensor:
        """Probabilities of the classes (or clusters), (N, K)."""
        return self._batched(lambda f: f.recipe.predict(f), 0, x=x)

    def compute(
        self,
        quantity: Callable[[Forward], Tensor],
        x: ArrayLike | Tensor,
        *,
        labels: ArrayLike | Tensor | None = None,
        sample: bool = True,
        seed: int = 0,
    ) -> Tensor:
        """Any quantity of a `Forward` in inference mode, for all samples; `sample` draws codes from the posterior."""
        y = None if labels is None else _labels(labels, len(x), self.spec.classes)  # type: ignore[arg-type]
        return self._batched(quantity, seed, sampled=sample, x=x, y=y)

    def prior_representation(self, n: int, *, labels: ArrayLike | Tensor | None = None, seed: int = 0) -> Tensor:
        """What `n` codes as `encode` gives them should look like, (n, code)."""
        asked = self._asked(labels, n)
        return self._batched(lambda f: f.recipe.prior_representation(f), seed, n=n, asked_labels=asked)

    @property
    def label_names(self) -> tuple[str, ...]:
        """A name for each label that samples can be asked for by."""
        k = self.recipe.sample_labels(self.spec)
        known = k == len(self.classes) and self.recipe.predicts != "clusters"
        return self.classes if known else tuple(map(str, range(k)))

    def eval(self) -> Model:
        """Put all networks in inference mode."""
        for network in self.networks.values():
            network.eval()
        return self

    def to(self, device: torch.device | str) -> Model:
        """Move all networks to a device."""
        for network in self.networks.values():
            network.to(device)
        self.scaling = self.scaling.to(torch.device(device))
        return self

    @property
    def device(self) -> torch.device:
        """Where the networks are."""
        return next((p.device for net in self.networks.values() for p in net.parameters()), torch.device("cpu"))

    # ---- the mechanism

    def _batched(
        self, quantity: Callable[[Forward], Tensor], seed: int, *, sampled: bool = True, **given: Any
    ) -> Tensor:
        if "x" in given:
            self._need("encoder")
        modes = {network: network.training for network in self.networks.values()}
        try:
            for network in modes:
                network.eval()
            with torch.inference_mode():
                return torch.cat([quantity(f).cpu() for f in self._forwards(seed, sampled, given)])
        finally:
            for network, mode in modes.items():
                network.train(mode)

    def _forwards(self, seed: int, sampled: bool, given: Mapping[str, Any]) -> Iterator[Forward]:
        tensors = {
            name: self._tensor(name, value) for name, value in given.items() if value is not None and name != "n"
        }
        n = given["n"] if "n" in given else len(next(iter(tensors.values())))
        if n < 0:
            raise DataError(f"{n} samples are none; ask for 0 or more")
        for start in range(0, max(n, 1), CHUNK):
            batch = {name: t[start : start + CHUNK].to(self.device) for name, t in tensors.items()}
            if "x" in batch:
                batch["x"] = self.scaling.apply(batch["x"])
            rows = min(CHUNK, n - start)
            draw = Draw(seed, start, device=self.device)
            yield self.recipe.forward(
                self.recipe, self.spec, self.networks, batch, draw, training=False, sampled=sampled, n=rows
            )

    def _tensor(self, name: str, value: ArrayLike | Tensor) -> Tensor:
        tensor = value if isinstance(value, Tensor) else torch.from_numpy(np.array(as_array(value)))
        if name != "x":
            return tensor
        if self.spec.is_image and tensor.dim() in (3, 4) and tensor.shape[1:] != self.spec.shape:
            tensor = channels_first(tensor)  # as in training data
        if tensor.shape[1:] != self.spec.shape:
            raise DataError(
                f"this model takes samples of shape (N, {', '.join(map(str, self.spec.shape))}), not {np.shape(value)}"
            )
        return tensor / 255 if tensor.dtype == torch.uint8 and self.spec.is_image else tensor.float()

    def _unscaled(self, x: Tensor) -> Tensor:
        return self.scaling.invert(x.float())

    def _asked(self, labels: ArrayLike | Tensor | None, n: int) -> Tensor | None:
        if labels is None:
            return None
        k = self.recipe.sample_labels(self.spec)
        if not k:
            raise DataError(
                "this recipe's samples cannot be asked for by label; train a supervised one, or leave it out"
            )
        return _labels(labels, n, k)

    def _condition(self, condition: ArrayLike | Tensor | None, n: int) -> Tensor | None:
        if condition is None:
            return None
        given = torch.as_tensor(np.asarray(condition), dtype=torch.float32)
        width = self.recipe.prior.own_condition(self.spec)
        if not width:
            raise DataError("this recipe's samples heed no condition; train one whose prior does, or leave it out")
        if given.shape not in ((width,), (n, width)):
            raise DataError(f"condition has shape {tuple(given.shape)}; this model takes ({width},) or ({n}, {width})")
        return given.expand(n, -1)

    def _need_prior(self) -> None:
        if not self.recipe.shapes_codes:
            raise AAEError("this recipe's codes follow no prior, so there is nothing to sample; reconstruct instead")

    def _need(self, role: str) -> None:
        if role not in self.networks:
            raise AAEError(f"this recipe has no {role}; its networks are: {', '.join(sorted(self.networks))}")


def _labels(labels: ArrayLike | Tensor, n: int, k: int) -> Tensor:
    """Labels below `k`, one or (n,), as int64 (n,)."""
    given = as_array(labels)
    if given.dtype.kind not in "iu" or given.shape not in ((), (1,), (n,)):
        raise DataError(
            f"labels are {given.dtype} {given.shape}, not integers ({n},); give one for each, or one for all"
        )
    if given.size and k and (given.min() < -1 or given.max() >= k):
        raise DataError(
            f"labels are 0 to {k - 1} here (-1 for any), not {given.min() if given.min() < -1 else given.max()}"
        )
    return torch.as_tensor(given, dtype=torch.int64).expand(n)
