"""What a user keeps of a training: networks that encode, decode, reconstruct, sample and predict."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import Module

from aaecore.data import Scaling
from aaecore.errors import AAEError, DataError
from aaecore.forward import Forward
from aaecore.modes import inference
from aaecore.randomness import Draw
from aaecore.recipe import Recipe
from aaecore.spec import Spec
from aaecore.use import asked

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
        own: Iterable[str] = (),
    ) -> None:
        self.recipe = recipe
        self.spec = spec
        self.networks = dict(networks)
        self.scaling = scaling
        self.classes = classes
        self.metrics = dict(metrics or {})
        """Final figures on held-out data, by flat names."""
        self.own = tuple(own)
        """Roles of the networks that a user made."""

    def __repr__(self) -> str:
        name = type(self.recipe).__name__
        shape = " x ".join(map(str, self.spec.shape))
        return f"<Model of {name}: code of {self.recipe.code}, samples of {shape}, on {self.device}>"

    def encode(self, x: ArrayLike | Tensor, *, sample: bool = False, seed: int = 0) -> Tensor:
        """Codes of samples, (N, code): the recipe's representation, of the posterior's mean or of draws from it."""
        return self._batched(lambda f: f.recipe.representation(f), seed, sampled=sample, **self._samples(x))

    def decode(self, z: ArrayLike | Tensor) -> Tensor:
        """Samples for all that the recipe's decoder is given, (N, decoder_width): codes, labels if it takes them."""
        self._need("decoder")
        width = self.recipe.decoder_width(self.spec)
        who = "decode takes" if width == self.recipe.code else f"decode takes codes of {self.recipe.code} and more,"
        given = asked.codes(z, width, who)
        return self._batched(lambda f: self._unscaled(f.net.decoder(f.batch["z"])), 0, z=given)

    def reconstruct(self, x: ArrayLike | Tensor, *, labels: ArrayLike | Tensor | None = None) -> Tensor:
        """Samples through encoder and decoder; `labels` (N,) where the decoder is given them."""
        self._need("encoder")
        self._need("decoder")
        return self._batched(lambda f: self._unscaled(f.x_rec), 0, sampled=False, **self._samples(x, labels))

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
        wishes = self._wishes(asked.count(n), labels, condition)
        return self._batched(lambda f: self._unscaled(f.x_gen), seed, **wishes)

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
        codes = asked.codes(z, self.recipe.code, "codes are")
        wishes = self._wishes(len(codes), labels, condition)
        return self._batched(lambda f: self._unscaled(f.x_gen), seed, asked_codes=codes, **wishes)

    def interpolate(
        self,
        n: int,
        steps: int,
        *,
        labels: ArrayLike | Tensor | None = None,
        condition: ArrayLike | Tensor | None = None,
        seed: int = 0,
    ) -> Tensor:
        """`n` walks of `steps` samples between two draws from the prior, (n, steps, ...).

        Codes lie evenly on the straight line between the draws, both of one label: `labels`, or 0, 1, ... in turn.
        """
        from aaecore.use.walks import interpolations

        return interpolations(self, n, steps, labels=labels, condition=condition, seed=seed)

    def score(
        self,
        x: ArrayLike | Tensor,
        *,
        labels: ArrayLike | Tensor | None = None,
        condition: ArrayLike | Tensor | None = None,
    ) -> dict[str, Tensor]:
        """How unusual each sample is, (N,) by name: see `aaecore.use.scores.scores`."""
        from aaecore.use.scores import scores

        return scores(self, x, labels=labels, condition=condition)

    def prior(
        self,
        n: int,
        *,
        labels: ArrayLike | Tensor | None = None,
        condition: ArrayLike | Tensor | None = None,
        seed: int = 0,
    ) -> Tensor:
        """`n` draws from the prior, (n, code)."""
        self._need_prior()
        return self._batched(lambda f: f.z_prior, seed, **self._wishes(asked.count(n), labels, condition))

    def predict(self, x: ArrayLike | Tensor) -> Tensor:
        """Probabilities of the classes (or clusters), (N, K)."""
        return self._batched(lambda f: f.recipe.predict(f), 0, **self._samples(x))

    def compute(
        self,
        quantity: Callable[[Forward], Tensor],
        x: ArrayLike | Tensor,
        *,
        labels: ArrayLike | Tensor | None = None,
        condition: ArrayLike | Tensor | None = None,
        sample: bool = True,
        seed: int = 0,
    ) -> Tensor:
        """Any quantity of a `Forward` in inference mode, for all samples; `sample` draws codes from the posterior."""
        return self._batched(quantity, seed, sampled=sample, **self._samples(x, labels, condition))

    def prior_representation(self, n: int, *, labels: ArrayLike | Tensor | None = None, seed: int = 0) -> Tensor:
        """What `n` codes as `encode` gives them should look like, (n, code)."""
        wishes = self._wishes(asked.count(n), labels)
        return self._batched(lambda f: f.recipe.prior_representation(f), seed, **wishes)

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
        seed = asked.seed(seed)
        with inference(self.networks.values()), torch.inference_mode():
            found = [quantity(f).cpu() for f in self._forwards(seed, sampled, given)]
        return torch.cat(found)  # out here, so that the result is a tensor others may train on

    def _forwards(self, seed: int, sampled: bool, given: Mapping[str, Any]) -> Iterator[Forward]:
        tensors = {name: value for name, value in given.items() if value is not None and name != "n"}
        n = given["n"] if "n" in given else len(next(iter(tensors.values())))
        for start in range(0, max(n, 1), CHUNK):
            batch = {name: t[start : start + CHUNK].to(self.device) for name, t in tensors.items()}
            if "x" in batch:
                batch["x"] = self.scaling.apply(batch["x"])
            rows = min(CHUNK, n - start)
            draw = Draw(seed, start, device=self.device)
            yield self.recipe.forward(
                self.recipe, self.spec, self.networks, batch, draw, training=False, sampled=sampled, n=rows
            )

    def _samples(
        self,
        x: ArrayLike | Tensor,
        labels: ArrayLike | Tensor | None = None,
        condition: ArrayLike | Tensor | None = None,
    ) -> dict[str, Any]:
        """A user's samples, and what is known of them, as a batch."""
        self._need("encoder")
        rows, spec = asked.samples(x, self.spec.shape), self.spec
        y = None if labels is None else asked.labels(labels, len(rows), spec.classes)
        given = None if condition is None else asked.condition(condition, len(rows), spec.condition)
        return {"x": rows, "y": y, "condition": given}

    def _wishes(
        self, n: int, labels: ArrayLike | Tensor | None, condition: ArrayLike | Tensor | None = None
    ) -> dict[str, Any]:
        """What samples are asked for by, as a batch of `n`."""
        k, width = self.recipe.sample_labels(self.spec), self.recipe.prior.own_condition(self.spec)
        if labels is not None and not k:
            raise DataError(
                "this recipe's samples cannot be asked for by label; train a supervised one, or leave it out"
            )
        wanted = None if labels is None else asked.labels(labels, n, k)
        given = None if condition is None else asked.condition(condition, n, width)
        return {"n": n, "asked_labels": wanted, "condition": given}

    def _unscaled(self, x: Tensor) -> Tensor:
        return self.scaling.invert(x.float())

    def _need_prior(self) -> None:
        if not self.recipe.shapes_codes:
            raise AAEError("this recipe's codes follow no prior, so there is nothing to sample; reconstruct instead")

    def _need(self, role: str) -> None:
        if role not in self.networks:
            raise AAEError(f"this recipe has no {role}; its networks are: {', '.join(sorted(self.networks))}")
