"""The equalized linear layer of StyleGAN (Karras et al. 2019)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class EqualLinear(nn.Module):
    """y = x (gamma A)^T + gamma b with A ~ N(0, 1), b = 0 at the start, gamma = 1 / sqrt(inputs).

    Every weight is of unit scale, so one learning rate fits all layers. Without `scale_bias` the bias is not
    multiplied by gamma, as in the authors' code.
    """

    def __init__(self, inputs: int, outputs: int, *, scale_bias: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.gamma = inputs**-0.5
        self.scale_bias = scale_bias

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs) to (B, outputs); of unit variance at the start for x ~ N(0, I)."""
        return F.linear(x, self.weight * self.gamma, self.bias * self.gamma if self.scale_bias else self.bias)

    def extra_repr(self) -> str:
        """Sizes, for printing."""
        return f"{self.weight.shape[1]}, {self.weight.shape[0]}, scale_bias={self.scale_bias}"
