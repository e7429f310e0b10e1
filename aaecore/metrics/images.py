"""What samples look like by themselves: how sharp they are, and how different from each other."""

from __future__ import annotations

import numpy as np
import torch

from aaecore.arrays import Values, floats
from aaecore.errors import DataError
from aaecore.metrics.rows import rows


def sharpness(images: Values) -> float:
    """Variance of an image's Laplacian (Pech-Pacheco et al. 2000), mean over channels and images (N, C, H, W)."""
    from scipy.ndimage import laplace

    x = floats(images)
    if x.ndim != 4 or not x.size:
        raise DataError(f"images of shape {x.shape} have no sharpness: give them as (N, C, H, W)")
    edges = laplace(x, axes=(2, 3))
    return float(np.var(edges, axis=(2, 3)).mean())


def diversity(samples: Values) -> float:
    """Root mean square difference per number between two samples, averaged over all pairs of (N, ...)."""
    x = rows(samples, least=2)
    return float(torch.nn.functional.pdist(x).mean()) / float(x.shape[1] ** 0.5)
