"""What images look like: how sharp they are, how different from each other, how like what was wanted."""

from __future__ import annotations

from math import inf, log10

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


def structural_similarity(x: Values, x_rec: Values) -> float:
    """SSIM (Wang et al. 2004) of images (N, C, H, W) in [0, 1] and their reconstructions, 1 for equal ones.

    Gaussian windows of deviation 1.5, which need sides of 7 pixels at least; mean over the images.
    """
    from torchmetrics.functional.image import structural_similarity_index_measure

    a, b = floats(x), floats(x_rec)
    if a.shape != b.shape or a.ndim != 4 or not a.size or min(a.shape[2:]) < 7:
        said = "must have one shape (N, C, H, W), with sides of 7 pixels at least"
        raise DataError(f"images {a.shape} and reconstructions {b.shape} {said}")
    found = structural_similarity_index_measure(torch.from_numpy(b), torch.from_numpy(a), data_range=1.0)
    return float(found)  # type: ignore[arg-type]


def signal_to_noise(mse: float) -> float:
    """PSNR in decibels of images in [0, 1] whose mean squared error is `mse`; infinite for none."""
    return 10 * log10(1 / mse) if mse else inf
