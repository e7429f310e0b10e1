"""A data set as training sees it."""

from __future__ import annotations

import hashlib

import torch
from attrs import evolve, frozen
from torch import Tensor

from aaecore.data.samples import Indices, Samples, as_indices
from aaecore.randomness import Draw

_HASHED_ROWS = 64


@frozen(kw_only=True, eq=False)
class Data:
    """Samples with what is known of them; `heldout` is never trained on."""

    x: Samples
    y: Tensor | None = None
    """int64 (N,), -1 where unlabelled; None without labels."""
    target: Samples | None = None
    """What the reconstruction of each sample should equal; None where that is the sample itself."""
    condition: Tensor | None = None
    """float32 (N, width), a dense vector given with each sample."""
    classes: tuple[str, ...] = ()
    """A name for each label value; () without labels."""
    name: str = "data"
    heldout: Data | None = None
    """Data for evaluation, all its labels kept."""

    def __len__(self) -> int:
        return len(self.x)

    @property
    def shape(self) -> tuple[int, ...]:
        """One sample's shape: (C, H, W) of an image, (F,) of a vector."""
        return self.x.shape

    @property
    def labelled(self) -> Tensor:
        """Indices of the labelled samples, int64."""
        return torch.empty(0, dtype=torch.int64) if self.y is None else (self.y >= 0).nonzero().squeeze(1)

    def subset(self, indices: Indices) -> Data:
        """These samples only; `heldout` stays."""
        rows = as_indices(indices)
        return evolve(
            self,
            x=self.x.subset(rows),
            y=None if self.y is None else self.y[rows],
            target=None if self.target is None else self.target.subset(rows),
            condition=None if self.condition is None else self.condition[rows],
        )

    @property
    def judged(self) -> Data:
        """What figures and pictures are of: the held-out data, or, without any, the training data."""
        return self.heldout or self

    def some(self, most: int) -> Data:
        """All samples, or so many chosen at random, always the same ones; files may be sorted by class."""
        if len(self) <= most:
            return self
        return self.subset(Draw(0).purpose("some").permutation(len(self))[:most])

    def fingerprint(self) -> str:
        """A hash of sizes, labels and some of the samples, the same wherever the data lies."""
        digest = hashlib.sha256(repr((len(self), self.shape, self.classes)).encode())
        rows = torch.linspace(0, len(self) - 1, min(_HASHED_ROWS, len(self)), dtype=torch.float64).long()
        some = self.subset(rows)
        samples = [part.take(range(len(rows))) for part in (some.x, some.target) if part is not None]
        for part in (*samples, some.condition, self.y):
            digest.update(b"-" if part is None else part.contiguous().numpy().tobytes())
        if self.heldout is not None:
            digest.update(self.heldout.fingerprint().encode())
        return digest.hexdigest()[:16]
