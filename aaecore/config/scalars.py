"""Strict structuring of single values: nothing is converted but an integer to a float."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any, get_args

from aaecore.config.problems import Refused, expected
from aaecore.errors import suggest


def integer(value: Any, _: Any) -> int:
    """An integer, also numpy's, and no bool."""
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise expected("an integer", value)
    return int(value)


def number(value: Any, _: Any) -> float:
    """A finite number, also numpy's."""
    if not isinstance(value, Real) or isinstance(value, bool):
        raise expected("a number", value)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise Refused(f"expected a finite number, got {number}")
    return number


def boolean(value: Any, _: Any) -> bool:
    """True or false, and no 0 or 1."""
    if not isinstance(value, bool):
        raise expected("true or false", value)
    return value


def string(value: Any, _: Any) -> str:
    """A string."""
    if not isinstance(value, str):
        raise expected("a string", value)
    return value


def choice(value: Any, t: Any) -> Any:
    """One of a `Literal`'s values."""
    for choice in get_args(t):
        if type(choice) is type(value) and choice == value:
            return choice
    if not isinstance(value, str):
        raise expected("one of " + ", ".join(map(repr, get_args(t))), value)
    raise Refused(f"no such choice {value!r}; {suggest(value, map(str, get_args(t)))}")
