"""What figures are computed from: samples, reconstructions, codes, features; each made once, when first needed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import torch
from attrs import define, field
from torch import Tensor

from aaecore.data import Data
from aaecore.errors import AAEError
from aaecore.features import FeatureNetwork
from aaecore.features.network import Seen
from aaecore.model import Model
from aaecore.use.rundata import all_of, known_labels

_AT_ONCE = 2000


@define(slots=False, eq=False)
class Material:
    """One trained model, the data it is judged on, and all that comes from them."""

    model: Model
    data: Data
    most: int
    """Held-out samples looked at, and samples drawn, at most."""
    features: FeatureNetwork | str
    """What samples are compared by, or the reason why there is nothing."""
    trained_on_data: bool = True
    """Whether `data` is what the model was trained on."""
    seed: int = field(default=0)

    @cached_property
    def judged(self) -> Data:
        """What the figures are of."""
        return self.data.judged.some(self.most)

    @cached_property
    def x(self) -> Tensor:
        """The samples judged, (N, ...)."""
        return all_of(self.judged)

    @cached_property
    def target(self) -> Tensor:
        """What reconstructions should equal, (N, ...)."""
        target = self.judged.target
        return self.x if target is None else target.take(range(len(target)))

    @cached_property
    def x_rec(self) -> Tensor:
        """Reconstructions, (N, ...)."""
        if "decoder" not in self.model.networks:
            raise AAEError("this recipe has no decoder")
        return self.model.reconstruct(self.x, labels=known_labels(self.model, self.judged))

    @cached_property
    def samples(self) -> Tensor:
        """`most` new samples, (M, ...)."""
        drawn = self.model.sample(self.most, seed=self.seed)
        if not drawn.isfinite().all():
            raise AAEError("the model's samples are not all finite")
        return drawn

    @cached_property
    def codes(self) -> Tensor:
        """Codes of the samples judged, (N, code)."""
        return self.model.compute(lambda f: f.z, self.x, seed=self.seed)

    @cached_property
    def draws(self) -> Tensor:
        """`most` draws from the prior, (M, code)."""
        if not self.model.recipe.shapes_codes:
            raise AAEError("this recipe's codes follow no prior")
        return self.model.prior(self.most, seed=self.seed)

    @cached_property
    def seen(self) -> Seen:
        """Features and logits of the samples judged."""
        return self.network(self.x)

    @cached_property
    def seen_samples(self) -> Seen:
        """Features and logits of the new samples."""
        return self.network(self.samples)

    @property
    def network(self) -> FeatureNetwork:
        """What samples are compared by; raises `AAEError` with the reason where there is nothing."""
        if isinstance(self.features, str):
            raise AAEError(self.features)
        return self.features

    def training_parts(self) -> Iterator[Tensor]:
        """All samples the model was trained on, a part at a time."""
        if not self.trained_on_data:
            raise AAEError("this is not the data that the model was trained on")
        for rows in torch.split(torch.arange(len(self.data)), _AT_ONCE):
            yield self.data.x.take(rows)
