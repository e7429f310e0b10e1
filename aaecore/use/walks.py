"""Walks through code space: what lies between two draws from the prior."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from aaecore.errors import DataError
from aaecore.use import asked

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from aaecore.model import Model


def interpolations(
    model: Model,
    n: int,
    steps: int,
    *,
    labels: ArrayLike | Tensor | None = None,
    condition: ArrayLike | Tensor | None = None,
    seed: int = 0,
) -> Tensor:
    """`Model.interpolate`."""
    n, steps = asked.count(n), asked.count(steps)
    if steps < 2:
        raise DataError(f"{steps} steps do not lead from one sample to another; ask for 2 or more")
    rows = _labels(model, n, labels)
    ends = model.prior(2 * n, labels=_twice(rows), condition=_twice(_rows(condition, n)), seed=seed)
    share = torch.linspace(0, 1, steps)[None, :, None]
    codes = ((1 - share) * ends[:n, None] + share * ends[n:, None]).flatten(0, 1)  # (n * steps, code)
    beside = None if rows is None else rows.repeat_interleave(steps)
    x = model.sample_at(codes, labels=beside, seed=seed)
    return x.reshape(n, steps, *x.shape[1:])


def _labels(model: Model, n: int, given: ArrayLike | Tensor | None) -> Tensor | None:
    k = model.recipe.sample_labels(model.spec)
    if given is None:
        return torch.arange(n) % k if k else None
    return asked.labels(given, n, k)


def _rows(condition: ArrayLike | Tensor | None, n: int) -> Tensor | None:
    given = None if condition is None else torch.as_tensor(condition)
    return given.expand(n, -1) if given is not None and given.dim() == 1 else given


def _twice(rows: Tensor | None) -> Tensor | None:
    return None if rows is None else torch.cat([rows, rows])
