"""How codes are distributed, against the prior and by themselves."""

from __future__ import annotations

import warnings

import numpy as np

from aaecore.arrays import Floats, Integers, Values, floats
from aaecore.errors import DataError


def moments(codes: Values) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each dimension, (code,) each, of codes (N, code)."""
    z = floats(codes)
    if z.ndim != 2 or not len(z):
        raise DataError(f"codes of shape {z.shape} have no moments: give at least one code, as (N, code)")
    return z.mean(axis=0), z.std(axis=0)


def prior_gap(codes: Values, prior_draws: Values) -> dict[str, float]:
    """How far the first two moments of codes are from the prior's, the worst dimension's and the average.

    `prior_mean_gap` is |mean difference| in code units, `prior_mean_gap_in_stds` in the prior's standard
    deviations; `prior_std_gap` is |std difference| relative to the prior's (0.15 = 15 %). The averages end in
    `_average`. A dimension in which the prior is constant has no relative figure and is left out of those.
    """
    (mean, std), (prior_mean, prior_std) = moments(codes), moments(prior_draws)
    if mean.shape != prior_mean.shape:
        raise DataError(f"codes of size {len(mean)} and a prior of size {len(prior_mean)} cannot be compared")
    varies = prior_std > 0
    if not varies.any():
        raise DataError("draws of the prior are all the same: draw more, or choose a prior that varies")
    difference, scale = np.abs(mean - prior_mean), prior_std[varies]
    return (
        _worst_and_average("prior_mean_gap", difference)
        | _worst_and_average("prior_mean_gap_in_stds", difference[varies] / scale)
        | _worst_and_average("prior_std_gap", np.abs(std[varies] - scale) / scale)
    )


def _worst_and_average(name: str, gaps: Floats) -> dict[str, float]:
    return {name: float(gaps.max()), f"{name}_average": float(gaps.mean())}


def dead_dimensions(codes: Values, below: float = 0.01) -> list[int]:
    """Dimensions whose spread is at most `below` times that of the liveliest; all of them if none varies."""
    _, std = moments(codes)
    return [int(i) for i in np.flatnonzero(std <= below * std.max())]


def sigma_collapse(mu: Values, sigma: Values) -> dict[str, float]:
    """Mean |sigma|, std of mu and std of z = mu + sigma * eta, averaged over dimensions; mu, sigma (N, code).

    A posterior that has become deterministic has mean |sigma| near 0, and std of mu near that of z.
    """
    _, std_mu = moments(mu)
    s = np.broadcast_to(floats(sigma), floats(mu).shape)
    std_z = np.sqrt(std_mu**2 + (s**2).mean(axis=0))
    return {
        "mean_abs_sigma": float(np.abs(s).mean()),
        "std_mu": float(std_mu.mean()),
        "std_z": float(std_z.mean()),
    }


def discriminator_accuracy(codes: Values, prior_draws: Values, *, seed: int = 0) -> float:
    """Share of codes and draws (N, code) that a fresh discriminator tells apart, on halves it was not trained on.

    A classifier two-sample test (Lopez-Paz and Oquab 2017): 0.5 where both have one law. The discriminator is a
    perceptron with two hidden layers of 64.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    v, real = _shuffled(floats(codes), floats(prior_draws), seed)
    half = len(v) // 2
    network = MLPClassifier((64, 64), early_stopping=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it tells apart what it can in 200 epochs
        judge = make_pipeline(StandardScaler(), network).fit(v[:half], real[:half])
    return float(judge.score(v[half:], real[half:]))


def _shuffled(codes: Floats, draws: Floats, seed: int) -> tuple[Floats, Integers]:
    """As many of each, mixed, and which of them are draws."""
    n = min(len(codes), len(draws))
    if n < 20:
        raise DataError(f"{n} codes are too few to train a discriminator on: give at least 20 and as many draws")
    order = np.random.default_rng(seed).permutation(2 * n)
    return np.concatenate([codes[:n], draws[:n]])[order], np.repeat([0, 1], n)[order]
