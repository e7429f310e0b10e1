"""A batch with labels beside images and codes."""

from __future__ import annotations

from torch import Tensor

from aaecore.forward import Forward, quantity


class ConditionalForward(Forward):
    """A batch whose labels are given to decoder and critics."""

    @quantity
    def y_prior(self) -> Tensor:
        """In training the batch's own, so that a critic sees real and fake beside the same label."""
        return self.y if self.training and self.labels is not None else super().y_prior


def label(f: Forward) -> Tensor:
    """What conditional critics are told, (B, K)."""
    return f.y
