"""What papers state of their own results, to stand beside a run's figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from aaecore.recipe import Recipe


@frozen
class Published:
    """One figure of a paper."""

    metric: str
    """The figure's name among a run's figures, `classification_error` say."""
    value: str
    """As printed, with its unit and spread: `1.90 ± 0.10 %`."""
    on: str
    """What it was measured on, without which it says nothing."""
    source: str
    """Where it is printed."""


def figures(metric: str, source: str, values: Mapping[str, str]) -> tuple[Published, ...]:
    """One row of a table: values by what they were measured on."""
    return tuple(Published(metric, value, on, source) for on, value in values.items())


def published_of(recipe: Recipe) -> tuple[Published, ...]:
    """What is stated for this very recipe: a variant inherits the methods of its base class, never its results."""
    stated: tuple[Published, ...] = vars(type(recipe)).get("published", ())
    return stated
