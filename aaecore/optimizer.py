"""How a phase moves its networks: one optimizer a phase, with its learning rate's schedule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import torch
from attrs import field, frozen
from attrs.validators import deep_iterable, ge, gt, instance_of, lt, optional
from torch.nn import Parameter

from aaecore.part import Part

if TYPE_CHECKING:
    from aaecore.recipe import Recipe
    from aaecore.spec import Spec


@frozen(kw_only=True)
class Optimizer(Part):
    """A kind of gradient descent.

    lr: learning rate.
    weight_decay: L2 penalty on the weights.
    milestones: epochs at which the learning rate is multiplied by `gamma`.
    gamma: factor applied at each milestone.
    final: learning rate that the epochs of a stage approach, starting from `lr`; none for no such annealing.
    power: of the share of these epochs that are over, by which `final` is approached; 1 is a straight line.
    """

    kind: ClassVar[str] = "optimizer"
    lr: float = field(default=1e-3, validator=gt(0))
    weight_decay: float = field(default=0.0, validator=ge(0))
    milestones: tuple[int, ...] = field(default=(), validator=deep_iterable(instance_of(int)))
    gamma: float = field(default=0.1, validator=gt(0))

    final: float | None = field(default=None, validator=optional(gt(0)))
    power: float = field(default=1.0, validator=gt(0))

    def rate(self, epoch: int, epochs: int) -> float:
        """The learning rate in a (0-based) epoch of so many."""
        rate = self.lr if self.final is None else self.lr + (self.final - self.lr) * (epoch / epochs) ** self.power
        return rate * self.gamma ** sum(epoch >= m for m in self.milestones)

    def without_effect(self, recipe: Recipe, spec: Spec) -> Sequence[str]:
        """How an annealing goes, or milestones, where there are none."""
        return [*([] if self.milestones else ["gamma"]), *(["power"] if self.final is None else [])]

    def build(self, parameters: Sequence[Parameter]) -> torch.optim.Optimizer:
        """A fresh optimizer over `parameters`."""
        raise NotImplementedError


@frozen(kw_only=True)
class SGD(Optimizer):
    """Stochastic gradient descent with momentum.

    momentum: share of the last update kept in the next.
    """

    momentum: float = field(default=0.0, validator=[ge(0), lt(1)])

    def build(self, parameters: Sequence[Parameter]) -> torch.optim.Optimizer:
        """`torch.optim.SGD`."""
        return torch.optim.SGD(
            parameters,
            lr=self.lr,
            momentum=self.momentum,
            weight_decay=self.weight_decay,
            fused=fusible(parameters),
        )


@frozen(kw_only=True)
class Adam(Optimizer):
    """Adam (Kingma and Ba 2015).

    beta1: decay of the first moment.
    beta2: decay of the second moment.
    """

    beta1: float = field(default=0.9, validator=[ge(0), lt(1)])
    beta2: float = field(default=0.999, validator=[ge(0), lt(1)])

    def build(self, parameters: Sequence[Parameter]) -> torch.optim.Optimizer:
        """`torch.optim.Adam`."""
        return torch.optim.Adam(
            parameters,
            lr=self.lr,
            betas=(self.beta1, self.beta2),
            weight_decay=self.weight_decay,
            fused=fusible(parameters),
        )


@frozen(kw_only=True)
class RMSprop(Optimizer):
    """RMSprop (Tieleman and Hinton 2012).

    alpha: decay of the mean square.
    momentum: share of the last update kept in the next.
    """

    alpha: float = field(default=0.99, validator=[ge(0), lt(1)])
    momentum: float = field(default=0.0, validator=[ge(0), lt(1)])

    def build(self, parameters: Sequence[Parameter]) -> torch.optim.Optimizer:
        """`torch.optim.RMSprop`."""
        return torch.optim.RMSprop(
            parameters, lr=self.lr, alpha=self.alpha, momentum=self.momentum, weight_decay=self.weight_decay
        )


def fusible(parameters: Sequence[Parameter]) -> bool:
    """Whether PyTorch has one kernel for the whole update, a quarter of a small network's step otherwise."""
    return all(p.device.type in ("cpu", "cuda") for p in parameters)
