"""Codes beside draws from the prior, and the plane of a two-dimensional code with what decodes at each place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from aaecore.arrays import Floats, Integers, floats
from aaecore.gallery import draws_from_prior
from aaecore.pictures.palette import MUTED, class_colours
from aaecore.pictures.plane import Plane, on_plane
from aaecore.report.blocks import Block, Charts, Manifold
from aaecore.report.charts import Axis, Chart, Shape, axes, band, dots
from aaecore.report.subject import Subject
from aaecore.report.tiles import BARS, MOST, Sheet, sheet

SIZE = (360.0, 348.0)
"""Of a chart, so that its plane is square."""
POINTS = 1200
BINS = 50
NAMED = 24
"""Classes a legend names, at most."""
FINEST, COARSEST = 25, 9
"""Places along a side of the manifold."""
PIXELS = 1_500_000
"""In all sheets of a manifold together, about."""


def codes(s: Subject) -> Block | None:
    """Codes by class, and draws from the prior on the same axes."""
    if "encoder" not in s.model.networks or not s.model.recipe.shapes_codes:
        return None
    z = s.model.encode(s.x, sample=True)
    draws, draw_labels = draws_from_prior(s.model, len(z), s.seed)
    plane = on_plane(z, draws, s.model.recipe.projection(s.model.networks))
    panels = [("codes q(z)", plane.codes, s.labels), ("prior p(z)", plane.prior, draw_labels)]
    k = s.model.spec.classes
    charts = [_panel(title, plane, points, _labels(points, y), k) for title, points, y in panels]
    held = "held-out" if s.data.heldout else "training"
    caption = f"Codes of {len(z):,} {held} samples, and as many draws from the prior, on the same axes."
    return Charts(title="Codes and prior", caption=caption, charts=charts, legend=_legend(s, [p[2] for p in panels]))


def _labels(points: Floats, y: Tensor | None) -> Integers:
    return np.full(len(points), -1) if y is None else y.numpy()


def _panel(title: str, plane: Plane, points: Floats, y: Integers, classes: int) -> Chart:
    if len(plane.axes) == 1:
        return _histogram(title, plane, points)
    x, height = axes(plane.limits, (plane.axes[0], plane.axes[1]), SIZE)
    return _chart(title, x, height, _dots(x, height, points, y, classes), plane.outside(points))


def _chart(title: str, x: Axis, y: Axis, shapes: Sequence[Shape], outside: int = 0) -> Chart:
    notes = [(x.end - 4, y.end + 9, f"{outside} outside")] if outside else []
    return Chart(title=title, x=x, y=y, shapes=shapes, width=SIZE[0], height=SIZE[1], notes=notes)


def _dots(x: Axis, y: Axis, points: Floats, labels: Integers, classes: int) -> list[Shape]:
    """A path a class, of evenly chosen points within the limits."""
    kept = np.linspace(0, len(points) - 1, min(POINTS, len(points))).round().astype(int)
    points, labels = points[kept], labels[kept]
    inside = (points >= (x.low, y.low)).all(axis=1) & (points <= (x.high, y.high)).all(axis=1)
    points, labels = points[inside], labels[inside]
    groups = [(k, points[labels == k]) for k in np.unique(labels)]
    return [Shape(dots(x(p[:, 0]), y(p[:, 1])), "dots", _colour(int(k), classes)) for k, p in groups]


def _histogram(title: str, plane: Plane, points: Floats) -> Chart:
    bins = np.linspace(*plane.limits[0], BINS + 1)
    found = {name: np.histogram(p[:, 0], bins, density=True)[0] for name, p in (("z", plane.codes), ("p", plane.prior))}
    heights = np.histogram(points[:, 0], bins, density=True)[0]
    top = 1.05 * max(h.max() for h in found.values())
    x, y = axes([plane.limits[0], (0.0, float(top))], (plane.axes[0], "density"), SIZE)
    edges, steps = x(bins.repeat(2)[1:-1]), y(heights.repeat(2))
    return _chart(title, x, y, [Shape(band(edges, np.full_like(steps, y.start), steps), "bars", 0)])


def _colour(label: int, classes: int) -> int | str:
    """A colour of the page where it has enough; past those, of a spectrum."""
    if label < 0:
        return "var(--muted)"
    return label if classes <= len(MUTED) else class_colours(classes)[label]


def _legend(s: Subject, labels: Sequence[Tensor | None]) -> list[tuple[str, str]]:
    known = [y for y in labels if y is not None]
    k = s.model.spec.classes
    if not known or k > NAMED:
        return []
    present = [int(i) for i in np.unique(torch.cat(known).numpy())]
    shapes = [("unlabelled" if i < 0 else s.model.classes[i], Shape("", "dots", _colour(i, k))) for i in present]
    return [(name, shape.style) for name, shape in shapes]


def manifold(s: Subject) -> Block | None:
    """What decodes at each place of a plane of codes, for every label the decoder takes."""
    if not s.reconstructs or s.code != 2 or s.model.spec.features < 1:
        return None
    labels = _decoder_labels(s)
    if labels is None:
        return None
    plane = on_plane(s.codes, _prior(s))
    x, y = axes(plane.limits, (plane.axes[0], plane.axes[1]), SIZE)
    shapes = _dots(x, y, plane.codes, _labels(plane.codes, s.labels), s.model.spec.classes)
    return Manifold(
        title="Manifold",
        caption="What decodes at each place of the plane of codes: move over either, or use the arrow keys.",
        chart=_chart("codes q(z)", x, y, shapes, plane.outside(plane.codes)),
        sheets=_sheets(s, plane, labels),
        label_names=[s.model.label_names[k] for k in labels] or [""],
        x=plane.limits[0],
        y=plane.limits[1],
        legend=_legend(s, [s.labels]),
    )


def _decoder_labels(s: Subject) -> list[int] | None:
    """The labels that choose a manifold; none where codes are all the decoder is given, None where it takes more."""
    recipe, spec = s.model.recipe, s.model.spec
    if recipe.decoder_width(spec) == s.code:
        return []
    told = s.samples and recipe.decoder_width(spec) == s.code + recipe.sample_labels(spec)
    return list(range(recipe.sample_labels(spec))) if told else None


def _prior(s: Subject) -> Tensor:
    return draws_from_prior(s.model, len(s.codes), s.seed)[0] if s.samples else s.codes


def _sheets(s: Subject, plane: Plane, labels: Sequence[int]) -> list[Sheet]:
    side = min(MOST, max(s.model.spec.shape[-2:])) if s.model.spec.is_image else BARS
    places = int(np.sqrt(PIXELS / max(1, len(labels)))) // side
    places = min(FINEST, max(COARSEST, places))
    z = _grid(plane, places)
    decoded = [s.model.sample_at(z, labels=k) for k in labels] if labels else [s.model.decode(z)]
    most = max(8, min(MOST, int(np.sqrt(PIXELS / max(1, len(labels)))) // places))
    return [sheet(list(s.tiles(d, most=most, least=1)), places, gap=0) for d in decoded]


def _grid(plane: Plane, places: int) -> Floats:
    """Places (places^2, 2) over the plane in reading order: from the top left."""
    (left, right), (low, high) = plane.limits
    half = [(b - a) / places / 2 for a, b in ((left, right), (low, high))]
    across = np.linspace(left + half[0], right - half[0], places)
    down = np.linspace(high - half[1], low + half[1], places)
    return floats([(a, b) for b in down for a in across])
