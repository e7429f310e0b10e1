"""Codes of any size on one line or one plane."""

from __future__ import annotations

import numpy as np
from attrs import frozen

from aaecore.arrays import Floats, Values, floats
from aaecore.errors import DataError


@frozen
class Plane:
    """Codes and draws from the prior in the same one or two coordinates, with the names of these."""

    codes: Floats
    prior: Floats
    axes: tuple[str, ...]

    @property
    def limits(self) -> list[tuple[float, float]]:
        """What each axis shows: of a plane a square, in true proportions unless one side is hardly there."""
        ranges = [self._range(i) for i in range(len(self.axes))]
        sides = [b - a for a, b in ranges]
        if max(sides) > 6 * min(sides):
            return ranges
        return [((a + b - max(sides)) / 2, (a + b + max(sides)) / 2) for a, b in ranges]

    def _range(self, axis: int) -> tuple[float, float]:
        """A range that holds both, or nearly all of both where a few points are far out."""
        spans = [np.quantile(p[:, axis], (0, 0.005, 0.995, 1)) for p in (self.codes, self.prior)]
        low, most_low = np.min([s[:2] for s in spans], axis=0)
        high, most_high = np.max([s[:1:-1] for s in spans], axis=0)
        if high - low > 2.5 * (most_high - most_low) > 0:
            low, high = most_low, most_high
        margin = 0.05 * (high - low) or 0.5
        return float(low - margin), float(high + margin)

    def outside(self, points: Floats) -> int:
        """How many of `points` the limits leave out."""
        low, high = np.array(self.limits).T
        return int(((points < low) | (points > high)).any(axis=1).sum())


def on_plane(codes: Values, prior_draws: Values, projection: Values | None = None) -> Plane:
    """One and two dimensions as they are; more, by `projection` or on the codes' first two principal components."""
    z, p = floats(codes), floats(prior_draws)
    if z.ndim != 2 or p.ndim != 2 or not z.size or not p.size or z.shape[1] != p.shape[1]:
        raise DataError(f"codes {z.shape} and draws {p.shape} do not go together: give (N, code) of one size")
    size = z.shape[1]
    if projection is not None:
        return _projected(z, p, floats(projection))
    if size <= 2:
        return Plane(z, p, tuple(f"z{i + 1}" for i in range(size)))
    if len(z) < 3 or not np.ptp(z, axis=0).any():  # no principal components to speak of
        return Plane(z[:, :2], p[:, :2], (f"z1 (of {size} dimensions)", f"z2 (of {size} dimensions)"))
    return _principal(z, p)


def _projected(z: Floats, p: Floats, projection: Floats) -> Plane:
    if projection.shape != (z.shape[1], 2):
        raise DataError(f"codes {z.shape} are not projected by a map {projection.shape}: give one of (code, 2)")
    names = [f"{word} projection of {z.shape[1]}-D codes" for word in ("first", "second")]
    return Plane(z @ projection, p @ projection, tuple(names))


def _principal(z: Floats, p: Floats) -> Plane:
    from sklearn.decomposition import PCA

    pca = PCA(n_components=2, random_state=0).fit(z)
    names = [
        f"PC {i + 1} of {z.shape[1]}-D codes ({share:.0%} of variance)"
        for i, share in enumerate(pca.explained_variance_ratio_)
    ]
    middle = pca.transform(p.mean(axis=0, keepdims=True)) if len(p) else 0.0  # else the prior would look shifted
    return Plane(pca.transform(z) - middle, pca.transform(p) - middle, tuple(names))
