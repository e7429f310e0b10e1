"""Dimensionality reduction: cluster heads in the plane, and styles around them (section 7, figure 10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from math import pi
from typing import ClassVar

import torch
from attrs import field, frozen
from attrs.validators import ge, gt
from torch import Tensor, nn

from aae_classic.published import DIMENSIONALITY_REDUCTION
from aae_classic.semi import CategoricalForward, SemiSupervised
from aaecore.forward import Forward, quantity
from aaecore.loss import Loss
from aaecore.optimizer import SGD, Optimizer
from aaecore.phase import Phase, Term
from aaecore.published import Published
from aaecore.recipe import Builders
from aaecore.spec import Spec


class ClusterHeads(nn.Module):
    """W_C: a head w_i in code space for each category."""

    def __init__(self, categories: int, code: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(categories, code))

    def forward(self, y: Tensor) -> Tensor:
        """y W_C, (B, code)."""
        return y @ self.weight


class HeadsForward(CategoricalForward):
    """A batch whose representation is the sum of its head and its style."""

    @quantity
    def z_rep(self) -> Tensor:
        """softmax(y) W_C + z, (B, code)."""
        return self.net.cluster_heads(self.y_decoded) + self.z  # type: ignore[no-any-return]

    @quantity
    def heads(self) -> Tensor:
        """W_C, (K, code)."""
        one_of_each = torch.eye(self.recipe_.categories_for(self.spec), device=self.x.device)
        return self.net.cluster_heads(one_of_each)  # type: ignore[no-any-return]


@frozen(kw_only=True)
class HeadRepulsion(Loss):
    """L_head = sum over i < j of max(0, eta - ||w_i - w_j||).

    eta: distance at which heads stop repelling each other.
    """

    eta: float = field(default=2.0, validator=gt(0))

    def __call__(self, f: Forward) -> Tensor:
        """L_head."""
        assert isinstance(f, HeadsForward)
        return (self.eta - torch.pdist(f.heads.float())).clamp(min=0).sum()


def circle(n: int) -> Tensor:
    """`n` equally spaced points of the unit circle, (n, 2)."""
    angle = 2 * pi / n * torch.arange(n)
    return torch.stack([angle.cos(), angle.sin()], dim=1)


@frozen(kw_only=True)
class DimensionalityReduction(SemiSupervised):
    """The representation is the sum of a category's head and a style, both in `code` dimensions (section 7).

    head_distance: distance eta at which cluster heads stop repelling each other.
    head_weight: weight of that repulsion, which moves the heads only.
    head_optimizer: moves the cluster heads in `head`.
    """

    published: ClassVar[tuple[Published, ...]] = DIMENSIONALITY_REDUCTION
    forward: ClassVar[type[Forward]] = HeadsForward
    code: int = 2
    head_distance: float = field(default=2.0, validator=gt(0))
    head_weight: float = field(default=1.0, validator=ge(0))
    head_optimizer: Optimizer = SGD(lr=0.01, momentum=0.9, milestones=(70,))

    def own_networks(self, spec: Spec) -> Builders:
        """As semi-supervised, and the cluster heads."""
        builders = super().own_networks(spec)
        if self.supervision == "only":
            return builders
        return {**builders, "cluster_heads": partial(ClusterHeads, self.categories_for(spec), self.code)}

    def own_phases(self, spec: Spec) -> Sequence[Phase]:
        """On each batch: rec (which moves W_C too), disc, gen, head, and cls unless there is no supervision."""
        phases = super().own_phases(spec)
        if self.supervision == "only":
            return phases
        rec, *games = [p for p in phases if p.role != "supervision"]
        cls = [p for p in phases if p.role == "supervision"]
        repulsion = {"L_head": Term(HeadRepulsion(eta=self.head_distance), self.head_weight)}
        head = Phase("head", "prior", ("cluster_heads",), repulsion, self.head_optimizer)
        return (rec.extended(moves=("cluster_heads",)), *games, head, *cls)

    def decoder_width(self, spec: Spec) -> int:
        """The representation."""
        return self.code

    def code_of_data(self, f: Forward) -> Tensor:
        """z_rep."""
        assert isinstance(f, HeadsForward)
        return f.z_rep

    def code_of_prior(self, f: Forward) -> Tensor:
        """y_prior W_C + z_prior."""
        assert isinstance(f, HeadsForward)
        return f.net.cluster_heads(f.y_prior) + f.z_prior  # type: ignore[no-any-return]

    def representation(self, f: Forward) -> Tensor:
        """z_rep."""
        return self.code_of_data(f)

    def prior_representation(self, f: Forward) -> Tensor:
        """A head and a style around it."""
        return self.code_of_prior(f)

    def projection(self, networks: Mapping[str, nn.Module]) -> Tensor | None:
        """Beyond two dimensions, the linear map that puts the heads evenly on a circle (in least squares)."""
        if self.code <= 2 or "cluster_heads" not in networks:
            return None
        heads = next(networks["cluster_heads"].parameters()).detach()
        onto_circle: Tensor = torch.linalg.pinv(heads) @ circle(len(heads)).to(heads)
        return onto_circle
