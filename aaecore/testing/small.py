"""Any part with small networks and few samples a step, so that trying it takes no time."""

from __future__ import annotations

from typing import Any, TypeVar

import attrs
from attrs import evolve

from aaecore.part import Part

P = TypeVar("P", bound=Part)
WIDTH = 8
"""What becomes of integers beyond 16: widths, batch sizes, epochs."""


def small(part: P) -> P:
    """`part` with all integers beyond 16 cut to 8, also inside the parts it holds, wherever its validators agree."""
    for a in attrs.fields(type(part)):  # type: ignore[arg-type] # every part is an attrs class
        value = getattr(part, a.name)
        less = _less(value)
        if a.init and less != value:
            part = _changed(part, a.alias, less)
    return part


def _less(value: Any) -> Any:
    if isinstance(value, Part):
        return small(value)
    if isinstance(value, tuple):
        return tuple(map(_less, value))
    return WIDTH if isinstance(value, int) and not isinstance(value, bool) and value > 2 * WIDTH else value


def _changed(part: P, name: str, value: Any) -> P:
    try:
        changed: P = evolve(part, **{name: value})  # type: ignore[misc] # every part is an attrs class
        return changed
    except (TypeError, ValueError):
        return part
