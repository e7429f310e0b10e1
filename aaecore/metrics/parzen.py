"""The Parzen-window estimate of log-likelihood (Breuleux et al. 2011), as the papers report it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from aaecore.errors import DataError

SIGMAS: tuple[float, ...] = tuple(0.09 * (0.25 / 0.09) ** (i / 19) for i in range(20))
"""Twenty window widths from 0.09 to 0.25, evenly spaced in the logarithm, for images with pixels in [0, 1]."""


def parzen_log_likelihood(
    samples: Tensor | ArrayLike, test: Tensor | ArrayLike, sigma: float, *, chunk: int = 500
) -> tuple[float, float]:
    """Mean over `test` of log p(x), in nats, and its standard error, from N `samples`.

    log p(x) = logsumexp_i(-||x - s_i||^2 / (2 sigma^2)) - log N - (D/2) log(2 pi sigma^2). Both are (N, ...)
    and are flattened; `chunk` test points at a time meet all samples, on the device of `samples`.
    """
    scores = _log_likelihoods(samples, test, [sigma], chunk)[0]
    return float(scores.mean()), float(scores.std(correction=0)) / math.sqrt(len(scores))


def choose_sigma(
    samples: Tensor | ArrayLike,
    validation: Tensor | ArrayLike,
    grid: Sequence[float] = SIGMAS,
    *,
    chunk: int = 500,
) -> float:
    """The window width of `grid` under which `validation` is most likely."""
    if not grid:
        raise DataError("the grid of window widths is empty: give at least one sigma")
    means = _log_likelihoods(samples, validation, grid, chunk).mean(dim=1)
    return grid[int(means.argmax())]


def _log_likelihoods(
    samples: Tensor | ArrayLike, points: Tensor | ArrayLike, sigmas: Sequence[float], chunk: int
) -> Tensor:
    """log p of each point under each window width, (sigmas, points), in double precision."""
    if min(sigmas) <= 0:
        raise DataError(f"window width sigma = {min(sigmas)}: it must be greater than 0")
    s = _rows(samples)
    x = _rows(points).to(s.device)
    if s.shape[1] != x.shape[1]:
        raise DataError(f"samples of {s.shape[1]} and points of {x.shape[1]} numbers cannot be compared")
    parts = [_chunk_log_likelihoods(s, part, sigmas) for part in torch.split(x, chunk)]
    return torch.cat(parts, dim=1).cpu()


def _chunk_log_likelihoods(s: Tensor, x: Tensor, sigmas: Sequence[float]) -> Tensor:
    squared = torch.cdist(x, s, compute_mode="use_mm_for_euclid_dist").square_()
    return torch.stack([_log_mean_window(squared, sigma, s.shape[1]) for sigma in sigmas])


def _log_mean_window(squared: Tensor, sigma: float, features: int) -> Tensor:
    log_sum = torch.logsumexp(squared / (-2 * sigma**2), dim=1)
    return log_sum - math.log(squared.shape[1]) - features / 2 * math.log(2 * math.pi * sigma**2)


def _rows(values: Tensor | ArrayLike) -> Tensor:
    rows = torch.as_tensor(values).detach()
    if rows.dim() < 2 or not rows.numel():
        raise DataError(f"a Parzen estimate needs samples and points (N, ...), not {tuple(rows.shape)}")
    if rows.device.type == "mps":  # which has no double precision
        rows = rows.cpu()
    return rows.double().flatten(1)
