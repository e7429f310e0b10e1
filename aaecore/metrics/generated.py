"""How good generated samples are, by the features and class scores that a network gives them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from aaecore.arrays import Values
from aaecore.metrics.rows import rows, two_sets

if TYPE_CHECKING:
    from torchmetrics import Metric


class _Given(nn.Module):
    """The feature network of a metric that is given features."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.num_features = width

    def forward(self, features: Tensor) -> Tensor:
        return features


def frechet_distance(real: Values, generated: Values) -> float:
    """||m1 - m2||^2 + Tr(C1 + C2 - 2 (C1 C2)^(1/2)) of features (N, d), (M, d) (Heusel et al. 2017, eq. 6).

    It is biased upward for few samples: figures compare only where N and M are the same.
    """
    a, b = two_sets(real, generated)
    with _quietly():
        from torchmetrics.image.fid import FrechetInceptionDistance

        found = _compared(FrechetInceptionDistance(_Given(a.shape[1])), a, b).compute()
    return float(found)


def kernel_distance(
    real: Values, generated: Values, *, subsets: int = 100, size: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """Squared MMD of features (N, d), (M, d) under the kernel (x.y / d + 1)^3 (Binkowski et al. 2018, section 4).

    Mean and deviation over random `subsets` of `size` (all, where there are fewer); unbiased, so it can be below 0.
    """
    a, b = two_sets(real, generated)
    with _quietly(seed):
        from torchmetrics.image.kid import KernelInceptionDistance

        few = min(len(a), len(b), size)
        metric = KernelInceptionDistance(_Given(a.shape[1]), subsets=subsets, subset_size=few)
        mean, deviation = _compared(metric, a, b).compute()
    return float(mean), float(deviation)


def inception_score(logits: Values, *, parts: int | None = None, seed: int = 0) -> tuple[float, float]:
    """exp(E_x KL(p(y|x) || p(y))), from 1 to K, of class logits (N, K) (Salimans et al. 2016, section 4).

    Mean and deviation over random `parts`; by default ten, or fewer, two at least, where these would have less than 500
    samples. One part has no deviation: it is NaN.
    """
    scores = rows(logits, least=4)
    with _quietly(seed):
        from torchmetrics.image.inception import InceptionScore

        metric = InceptionScore(_Given(scores.shape[1]), splits=parts or max(2, min(10, len(scores) // 500)))
        metric.update(scores)
        mean, deviation = metric.compute()
    return float(mean), float(deviation)


def _compared(metric: Metric, real: Tensor, generated: Tensor) -> Metric:
    metric.set_dtype(torch.float64)
    metric.update(real, real=True)
    metric.update(generated, real=False)
    return metric


@contextmanager
def _quietly(seed: int = 0) -> Iterator[None]:
    """Random choices depend on `seed` alone; torchmetrics warns of the memory that it takes, which we limit."""
    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
        warnings.simplefilter("ignore")
        torch.manual_seed(seed)
        yield
