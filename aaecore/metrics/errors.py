"""How far outputs are from what was wanted."""

from __future__ import annotations

import numpy as np

from aaecore.arrays import Values, floats, integers
from aaecore.errors import DataError


def reconstruction_mse(x: Values, x_rec: Values) -> float:
    """Mean squared error per pixel (or feature), of two arrays of one shape (N, ...)."""
    a, b = floats(x), floats(x_rec)
    if a.shape != b.shape or not a.size:
        raise DataError(f"inputs {a.shape} and reconstructions {b.shape} must have one shape, not empty")
    return float(np.mean((a - b) ** 2))


def classification_error(predicted: Values, labels: Values) -> float:
    """Share in [0, 1] of the labelled samples whose class (N,) is wrong; labels below 0 are ignored."""
    guess, truth = integers(predicted), integers(labels)
    if guess.shape != truth.shape:
        raise DataError(f"{len(guess)} predictions for {len(truth)} labels: give one each")
    labelled = truth >= 0
    if not labelled.any():
        raise DataError("no sample has a label, so there is no error to measure: give labelled data")
    return float(np.mean(guess[labelled] != truth[labelled]))
