"""Random layers whose numbers are a function of (seed, step, purpose), as everything random in training is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import Tensor, nn

from aaecore.randomness import Draw

_SOURCE: ContextVar[Callable[[str], Draw] | None] = ContextVar("source", default=None)


@contextmanager
def drawing(source: Callable[[str], Draw]) -> Iterator[None]:
    """Random layers called inside take their numbers from `source`, a batch's `Forward.draw`."""
    token = _SOURCE.set(source)
    try:
        yield
    finally:
        _SOURCE.reset(token)


class Dropout(nn.Module):
    """Zeroes a share `p` of its input in training and scales up the rest.

    Unlike `torch.nn.Dropout`, its masks in a training of ours are the same after a resume, in micro-batches and on any
    number of processes; elsewhere they come from torch's global generator.
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"p must be in [0, 1), not {p}")
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """x * mask / (1 - p), a fresh mask at each call; x itself in inference mode."""
        if not self.training or self.p == 0:
            return x
        source = _SOURCE.get()
        u = torch.rand_like(x, dtype=torch.float32) if source is None else source("dropout").uniform(*x.shape)
        return x * (u >= self.p) / (1 - self.p)

    def extra_repr(self) -> str:
        """`p`, for printing."""
        return f"p={self.p}"
