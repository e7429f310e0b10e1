"""What the encoder's output means: the three posteriors q(z|x) of Makhzani et al. 2015, section 2."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from attrs import field, frozen
from attrs.validators import ge, in_
from torch import Tensor

from aaecore.part import Part


class Posterior(Part):
    """How a code z is drawn given the encoder's head `code`."""

    kind: ClassVar[str] = "posterior"
    reparameterized: ClassVar[bool] = False
    """Whether z = mu + sigma * eta."""
    noisy_input: ClassVar[bool] = False
    """Whether the noise eta enters the encoder beside x."""

    @property
    def stochastic(self) -> bool:
        """Whether one sample has many codes."""
        return self.reparameterized or self.noisy_input

    def width(self, code: int) -> int:
        """How many numbers the encoder's `code` head has for codes of size `code`."""
        return code

    def noise(self, code: int) -> int:
        """How many noise numbers eta one sample takes."""
        return 0

    def mean(self, head: Tensor) -> Tensor:
        """mu(x), (B, code)."""
        return head

    def std(self, head: Tensor) -> Tensor:
        """sigma(x), (B, code)."""
        return torch.zeros_like(head)


@frozen(kw_only=True)
class Deterministic(Posterior):
    """z = f(x): the only randomness is the data's."""


@frozen(kw_only=True)
class GaussianPosterior(Posterior):
    """z = mu(x) + sigma(x) * eta, eta ~ N(0, I).

    sigma: `logvar` for sigma = exp(0.5 * head), or `raw` for sigma = head, which may be negative.
    """

    reparameterized: ClassVar[bool] = True
    sigma: Literal["logvar", "raw"] = field(default="logvar", validator=in_(("logvar", "raw")))

    def width(self, code: int) -> int:
        """mu and sigma."""
        return 2 * code

    def noise(self, code: int) -> int:
        """One number per code dimension."""
        return code

    def mean(self, head: Tensor) -> Tensor:
        """The first half of the head."""
        return head.chunk(2, dim=1)[0]

    def std(self, head: Tensor) -> Tensor:
        """The second half of the head, as `sigma` says."""
        s = head.chunk(2, dim=1)[1]
        return s if self.sigma == "raw" else torch.exp(0.5 * s)


@frozen(kw_only=True)
class Universal(Posterior):
    """z = f(x, eta), eta ~ N(0, I): a universal approximator, eta beside x in the encoder's first layer.

    width_of_noise: how many noise numbers enter.
    """

    noisy_input: ClassVar[bool] = True
    width_of_noise: int = field(default=16, validator=ge(1))

    def noise(self, code: int) -> int:
        """`width_of_noise`, whatever the code's size."""
        return self.width_of_noise
