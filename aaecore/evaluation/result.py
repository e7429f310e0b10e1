"""What an evaluation found, for people and for machines."""

from __future__ import annotations

import json
from collections.abc import Iterator

from attrs import field, frozen

DIMENSIONS = 16
"""Dimensions of the code that are shown."""


@frozen(kw_only=True)
class Evaluation:
    """Figures by flat names, on what they rest, and why others are missing."""

    data: str
    """The data judged."""
    features: str
    """The network by whose features samples are compared, or why there is none."""
    groups: dict[str, dict[str, float]] = field(factory=dict)
    """Figures by what they are of."""
    left_out: dict[str, str] = field(factory=dict)
    """Why the figures of a kind are missing."""

    @property
    def figures(self) -> dict[str, float]:
        """All figures by flat names."""
        return {name: value for group in self.groups.values() for name, value in group.items()}

    def to_json(self) -> str:
        """One object of figures by flat names, with `data`, `features` and `left_out` beside them."""
        told = {"data": self.data, "features": self.features, **self.figures, "left_out": self.left_out}
        return json.dumps(told, indent=2, allow_nan=False) + "\n"

    def lines(self) -> Iterator[str]:
        """The figures as a table, a group after another."""
        yield f"data      {self.data}"
        yield f"features  {self.features}"
        for name, group in self.groups.items():
            yield ""
            yield name
            yield from _dimensions(group) if f"{BY_DIMENSION}0" in group else _figures(group)
        if self.left_out:
            yield ""
            yield "left out"
            yield from (f"  {name}: {reason}" for name, reason in self.left_out.items())


BY_DIMENSION = "codes_mean_"
_COLUMNS = ("codes_mean_", "codes_std_", "prior_mean_", "prior_std_")


def _figures(group: dict[str, float]) -> Iterator[str]:
    for name, value in group.items():
        yield f"  {name:<38} {value:.5g}"


def _dimensions(group: dict[str, float]) -> Iterator[str]:
    n = sum(name.startswith(BY_DIMENSION) for name in group)
    yield "     " + "".join(f"{name.rstrip('_').replace('_', ' '):>12}" for name in _COLUMNS)
    for i in range(min(n, DIMENSIONS)):
        yield f"  {i:>3}" + "".join(f"{group[f'{name}{i}']:>12.3f}" for name in _COLUMNS)
    if n > DIMENSIONS:
        yield f"  and {n - DIMENSIONS} more; --json gives all"
