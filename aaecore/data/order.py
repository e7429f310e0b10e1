"""Which samples make up each batch: a pure function of (seed, epoch)."""

from __future__ import annotations

import torch
from attrs import frozen
from torch import Tensor

from aaecore.randomness import Draw, Share


@frozen(kw_only=True, eq=False)
class Order:
    """The order of `size` samples in global batches of `batch`, of which `share` sees its rows."""

    size: int
    batch: int
    seed: int
    labelled: Tensor
    """Indices of the samples whose labels are known."""
    labelled_batch: int = 0
    share: Share = Share()

    @property
    def steps(self) -> int:
        """Batches in an epoch; the last, incomplete one is dropped."""
        return self.size // self.batch

    def rows(self, epoch: int, start: int = 0) -> Tensor:
        """Indices for each step from `start` on, (steps - start, local batch)."""
        order = Draw(self.seed, epoch).purpose("order").permutation(self.size)
        return self._mine(order[start * self.batch : self.steps * self.batch], self.batch)

    def labelled_rows(self, epoch: int, start: int = 0) -> Tensor:
        """The same for labelled batches: a stretch of an endless chain of permutations of the labelled."""
        first = (epoch * self.steps + start) * self.labelled_batch
        last = (epoch + 1) * self.steps * self.labelled_batch
        n = len(self.labelled)
        rounds = range(first // n, -(-last // n))
        chain = [Draw(self.seed, k).purpose("labelled order").permutation(n) for k in rounds]
        stretch = torch.cat([*chain, torch.empty(0, dtype=torch.int64)])[first - rounds.start * n :]
        return self._mine(self.labelled[stretch[: last - first]], self.labelled_batch)

    def _mine(self, indices: Tensor, batch: int) -> Tensor:
        local = batch // self.share.parts
        return indices.view(-1, batch)[:, self.share.rows(local)].contiguous()
