"""The plainest adversarial autoencoder, on a few real digits: where parts are tried."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from typing import Literal

import numpy as np
from attrs import frozen
from torch import Tensor
from torch.nn import functional as F

from aaecore.adversary import Adversary
from aaecore.architecture import Architecture
from aaecore.data import Data, from_arrays
from aaecore.defaults.architectures import MLP
from aaecore.forward import Forward
from aaecore.optimizer import Adam, Optimizer
from aaecore.phase import Phase
from aaecore.recipe import Builders, Recipe
from aaecore.spec import Spec

CLASSES = 4
TRAINED = 16
"""Samples that are trained on: two batches."""


@frozen(kw_only=True)
class Bench(Recipe):
    """An adversarial autoencoder with a phase of each role that recipes have: rec, disc, gen, and cls given labels.

    optimizer: moves all networks.
    """

    code: int = 4
    architecture: Architecture = MLP(hidden=(16, 12), activation="leaky-relu")
    batch: int = 8
    epochs: int = 1
    optimizer: Optimizer = Adam(lr=1e-2)

    def heads(self, spec: Spec) -> dict[str, int]:
        """The code, and logits of the classes."""
        return {**super().heads(spec), **({"label": spec.classes} if spec.classes else {})}

    def own_networks(self, spec: Spec) -> Builders:
        """Encoder, decoder and a discriminator of codes."""
        discriminator = partial(self.architecture.discriminator, (self.code,))
        return {**super().own_networks(spec), "code_discriminator": discriminator}

    def own_phases(self, spec: Spec) -> Sequence[Phase]:
        """On each batch: rec, disc, gen, cls."""
        game = Adversary("code_discriminator", real="z_prior", fakes="z", loss=self.adversarial)
        rec, disc, gen = {"L_rec": self.reconstruction}, {"L_D": game.discriminate}, {"L_G": game.deceive}
        phases = (
            Phase("rec", "reconstruction", ("encoder", "decoder"), rec, self.optimizer),
            Phase("disc", "discriminator", ("code_discriminator",), disc, self.optimizer),
            Phase("gen", "generator", ("encoder",), gen, self.optimizer),
        )
        cls = Phase("cls", "supervision", ("encoder",), {"L_cls": cross_entropy}, self.optimizer)
        return (*phases, cls) if spec.classes else phases

    @property
    def predicts(self) -> Literal["classes", "clusters", "nothing"]:
        """Classes."""
        return "classes"

    def predict(self, f: Forward) -> Tensor:
        """q(label | x), (B, K)."""
        return f.encoded["label"].float().softmax(dim=1)


def cross_entropy(f: Forward) -> Tensor:
    """-log q(label | x), from logits; 0 where unlabelled."""
    assert f.labels is not None
    logits = f.encoded["label"].float()
    return F.cross_entropy(logits, f.labels, ignore_index=-1, reduction="sum") / f.n


@cache
def digits() -> Data:
    """Digits of four classes, 8 x 8, with condition vectors: 16 to train on, one of them unlabelled, 8 held out."""
    from sklearn.datasets import load_digits

    known = load_digits()
    rows = np.concatenate([np.flatnonzero(known.target == k)[:6] for k in range(CLASSES)])
    x, y = (known.images[rows] / 16).astype(np.float32), known.target[rows].astype(np.int64)
    condition = np.stack([x.mean((1, 2)), x.std((1, 2)), x[:, :4].mean((1, 2))], axis=1)
    order = np.random.default_rng(0).permutation(len(rows))
    train, test = order[:TRAINED], order[TRAINED:]
    known_y = y[train]
    known_y[0] = -1
    held = {"x_heldout": x[test], "y_heldout": y[test], "condition_heldout": condition[test]}
    return from_arrays(x[train], known_y, condition=condition[train], name="digits", **held)


@cache
def vectors() -> Data:
    """The same as plain vectors of pixels, without condition."""
    data = digits()
    assert data.heldout is not None
    x, held = (_flat(part) for part in (data, data.heldout))
    return from_arrays(x, data.y, x_heldout=held, y_heldout=data.heldout.y, name="vectors")


def _flat(data: Data) -> np.ndarray:
    x: np.ndarray = data.x.take(range(len(data))).flatten(1).numpy()
    return x
