"""A batch with labels beside images and codes."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import one_hot

from aaecore.errors import DataError
from aaecore.forward import Forward, quantity


class ConditionalForward(Forward):
    """A batch whose labels are given to decoder and critics."""

    @quantity
    def y(self) -> Tensor:
        """The samples' own labels, one-hot (B, K); zero where unlabelled."""
        if self.labels is None:
            raise DataError("this recipe's decoder is given the samples' labels; pass labels=")
        known = (self.labels >= 0)[:, None]
        return one_hot(self.labels.clamp(min=0), self.spec.classes).float() * known

    @quantity
    def y_prior(self) -> Tensor:
        """The labels of new samples, one-hot (B, K): those asked for, or random ones.

        In training the batch's own, so that a critic sees real and fake beside the same label.
        """
        if self.training and self.labels is not None:
            return self.y
        k = self.draw("y_prior").integers(self.spec.classes, self.n)
        asked = self.asked_labels
        return one_hot(k if asked is None else asked.where(asked >= 0, k), self.spec.classes).float()


def label(f: Forward) -> Tensor:
    """What conditional critics are told, (B, K)."""
    assert isinstance(f, ConditionalForward)
    return f.y
