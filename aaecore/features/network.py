"""A named network that samples are compared by."""

from __future__ import annotations

from collections.abc import Callable

import torch
from attrs import frozen
from torch import Tensor

from aaecore.errors import DataError

Seen = tuple[Tensor, Tensor | None]
"""Features (N, d), and class logits (N, K) where the network has them."""

_AT_ONCE = 500


@frozen(eq=False)
class FeatureNetwork:
    """Samples as features, and where it classifies as class logits too.

    `forward` takes images (N, C, H, W) in [0, 1], or vectors (N, F), and gives features, alone or with logits.
    """

    name: str
    """What figures that rest on it say they rest on."""
    forward: Callable[[Tensor], Tensor | tuple[Tensor, ...]]
    shape: tuple[int, ...] | None = None
    """One sample's shape, where it takes no other."""
    classes: tuple[str, ...] = ()
    """Names of the classes that its logits are of, where they are known."""
    accuracy: float | None = None
    """Share of held-out samples whose class it knows, where that was measured."""

    def __call__(self, x: Tensor) -> Seen:
        """Features (N, d) and logits (N, K) or None, in inference mode, on the CPU."""
        if self.shape not in (None, tuple(x.shape[1:])):
            raise DataError(f"{self.name}: takes samples of shape {self.shape}, not {tuple(x.shape[1:])}")
        with torch.inference_mode():
            parts = [self._checked(self.forward(part)) for part in torch.split(x, _AT_ONCE)]
        features = torch.cat([features for features, _ in parts])
        logits = [logits for _, logits in parts if logits is not None]
        return features, torch.cat(logits) if logits else None

    def features(self, x: Tensor) -> Tensor:
        """Features (N, d)."""
        return self(x)[0]

    def logits(self, x: Tensor) -> Tensor:
        """Class logits (N, K)."""
        found = self(x)[1]
        if found is None:
            raise DataError(f"{self.name} gives features only; choose a network that classifies, a pair of outputs")
        return found

    def _checked(self, seen: object) -> Seen:
        pair = seen if isinstance(seen, (tuple, list)) else (seen, None)
        features, logits = pair if len(pair) == 2 else (None, None)
        if not isinstance(features, Tensor) or features.dim() != 2 or not isinstance(logits, (Tensor, type(None))):
            raise DataError(f"{self.name}: must give features (N, d), or a pair of features and logits (N, K)")
        return features.float().cpu(), None if logits is None else logits.float().cpu()
