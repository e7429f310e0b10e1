"""Reconstruction errors in features: the encoder's own, or an image network's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal

from attrs import field, frozen
from attrs.validators import ge, in_, le
from torch import Tensor, nn
from torch.nn import functional as F

from aaecore.defaults.losses import MeanAbsoluteError
from aaecore.forward import Forward, detached
from aaecore.loss import ReconstructionLoss
from aaecore.phase import Phase
from iaae.imagenetwork import build_network, need_known_range

if TYPE_CHECKING:
    from aaecore.recipe import Recipe
    from aaecore.spec import Spec

ROLE = "feature_network"
SOURCES = ("encoder", "network")


@frozen(kw_only=True)
class Feature(ReconstructionLoss):
    """(1 - share) * pixel error + share * mean |features(x) - features(x_rec)|.

    share: the features' part, a in the paper; 0 is the pixel error alone.
    pixel: the error in pixels.
    source: whose features, the encoder's mean code (the paper) or an image network's (the authors' code).
    network: name of a torchvision network, for source=network; in Python, or give your own module that maps images in
        [0, 1] to features, frozen, as networks={"feature_network": module}.
    layer: the layer of it whose output, averaged over positions, is taken.
    weights: a .safetensors file with its weights; nothing is ever downloaded.
    size: images are resized to size x size for it; 0 leaves them as they are.
    """

    share: float = field(default=0.1, validator=[ge(0), le(1)])
    pixel: ReconstructionLoss = MeanAbsoluteError()
    source: Literal["encoder", "network"] = field(default="encoder", validator=in_(SOURCES))
    network: str = "inception_v3"
    layer: str = "Conv2d_2b_3x3"
    weights: str = ""
    size: int = field(default=299, validator=ge(0))

    def __call__(self, f: Forward) -> Tensor:
        """The weighted sum."""
        pixel = self.pixel(f)
        if not self.share:
            return pixel
        # A constant even where the encoder moves, which would otherwise bring the features of x to those of x_rec.
        wanted = detached(f.mu if self._has_encoded_target(f) else self._features(f, f.target))
        return (1 - self.share) * pixel + self.share * F.l1_loss(self._features(f, f.x_rec), wanted)

    def networks(self, recipe: Recipe, spec: Spec) -> Mapping[str, Callable[[], nn.Module]]:
        """The image network, if one is wanted."""
        if self.source == "encoder" or not self.share:
            return {}
        return {ROLE: partial(build_network, self.network, self.layer, self.weights, self.size)}

    def evaluated(self, phase: Phase) -> Sequence[str]:
        """The image network is the same in every phase."""
        return () if self.source == "encoder" or not self.share else (ROLE,)

    def without_effect(self, recipe: Recipe, spec: Spec) -> Sequence[str]:
        """What belongs to an image network, or to features of any kind."""
        if not self.share:
            return ("source", "network", "layer", "weights", "size")
        return ("network", "layer", "weights", "size") if self.source == "encoder" else ()

    def check(self, recipe: Recipe, spec: Spec) -> None:
        """An image network needs images, and must know their range."""
        if self.source == "network" and self.share:
            need_known_range(spec)

    def _has_encoded_target(self, f: Forward) -> bool:
        """Whether the codes of the batch are the features wanted: neither corrupted nor of another image."""
        return self.source == "encoder" and f.target is f.x and not (f.training and f.recipe.corrupts)

    def _features(self, f: Forward, x: Tensor) -> Tensor:
        if self.source == "network":
            return f.net[ROLE](x / 2 + 0.5 if f.spec.output == "tanh" else x)  # type: ignore[no-any-return]
        noise = f.eta if f.recipe.posterior.noisy_input else None
        return f.recipe.posterior.mean(f.encode(x, noise)["code"])
