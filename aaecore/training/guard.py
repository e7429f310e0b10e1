"""What becomes of an update that is not finite, where training should go on without it (`--on-nan skip`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from torch import Tensor
from torch.nn import Module, Parameter
from torch.nn.utils import get_total_norm

from aaecore.errors import DivergenceError


class Guard:
    """Looks at every update before it is made; those that are not finite are dropped, up to a limit.

    An update is dropped whole: neither weights nor moments nor running statistics have seen it.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.skipped = 0
        """Updates dropped so far."""
        self._before: list[tuple[Tensor, Tensor]] = []

    def begin(self, networks: Mapping[str, Module]) -> None:
        """Remember what a forward pass changes."""
        self._before = [(b, b.clone()) for network in networks.values() for b in network.buffers()]

    def finite(self, losses: Iterable[Tensor], parameters: Sequence[Parameter]) -> bool:
        """Whether all losses and gradients are numbers."""
        gradients = [p.grad for p in parameters if p.grad is not None]
        return all(bool(value.isfinite()) for value in (*losses, get_total_norm(gradients)))

    def drop(self, phase: str) -> None:
        """Forget the forward pass; raises `DivergenceError` beyond the limit."""
        for buffer, value in self._before:
            buffer.copy_(value)
        self.skipped += 1
        if self.skipped > self.limit:
            raise DivergenceError(
                f"phase {phase!r} is not finite again, and {self.limit} updates have been skipped, which is the limit "
                "(run.nan_limit); try a smaller learning rate (aae show lists them) or fp32"
            )
