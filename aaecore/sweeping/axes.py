"""What a sweep varies: `KEY=A,B,C` chooses among values, `KEY=LOW:HIGH` among numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from attrs import frozen

from aaecore.config.layers import parse_set
from aaecore.errors import ConfigError

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_RANGE = re.compile(rf"({_NUMBER}):({_NUMBER})(?::(log|{_NUMBER}))?")
_OPENING, _CLOSING = "[{", "]}"


@frozen
class Choices:
    """A setting that takes one of some values, as typed."""

    key: str
    values: tuple[str, ...]

    @property
    def ends(self) -> tuple[str, ...]:
        """The values that are checked before the first trial: all."""
        return self.values


@frozen
class Range:
    """A setting that takes a number from `low` to `high`, whole if these are."""

    key: str
    low: float
    high: float
    whole: bool
    log: bool = False
    step: float | None = None

    @property
    def ends(self) -> tuple[str, ...]:
        """The values that are checked before the first trial: the ends."""
        return written(self.low, self.whole), written(self.high, self.whole)


Axis = Choices | Range


def written(value: float, whole: bool) -> str:
    """A number as `--set` takes it."""
    return str(int(value)) if whole else repr(float(value))


def parse_axes(given: Sequence[str]) -> list[Axis]:
    """Axes as typed after `--over`, each key once; raises `ConfigError`."""
    axes = [parse_axis(text) for text in given]
    keys = [axis.key.removeprefix("recipe.") for axis in axes]
    if not axes:
        raise ConfigError(
            "", "nothing is varied; say what, as in --over prior=gaussian,uniform --over lr=1e-4:1e-2:log"
        )
    if twice := [key for key in keys if keys.count(key) > 1]:
        raise ConfigError("", f"--over {twice[0]} is given twice; give all its values at once")
    return axes


def parse_axis(text: str) -> Axis:
    """One `--over KEY=VALUES`."""
    key, equals, values = (part.strip() for part in text.partition("="))
    if not (key and equals and values):
        raise ConfigError("", f"--over {text!r}: expected KEY=A,B,C or KEY=LOW:HIGH, or KEY=LOW:HIGH:log")
    if found := _RANGE.fullmatch(values):
        return _range(text, key, *found.groups())
    choices = tuple(dict.fromkeys(choice.strip() for choice in _split(values)))
    for choice in choices:
        parse_set(f"{key}={choice}")
    return Choices(key, choices)


def _range(text: str, key: str, low: str, high: str, more: str | None) -> Range:
    numbers = (low, high, more) if more and more != "log" else (low, high)
    whole = all(re.fullmatch(r"[+-]?\d+", number) for number in numbers)
    step = float(more) if more and more != "log" else None
    made = Range(key, float(low), float(high), whole, more == "log", step)
    if made.low >= made.high:
        raise ConfigError("", f"--over {text!r}: {low} is not below {high}")
    if made.log and made.low <= 0:
        raise ConfigError("", f"--over {text!r}: on a logarithmic scale numbers are above 0, not {low}")
    if step is not None and not 0 < step <= made.high - made.low:
        raise ConfigError("", f"--over {text!r}: the step must be above 0 and within the range, not {more}")
    return made


def _split(values: str) -> Iterator[str]:
    """At the commas that stand in no bracket and no quotes."""
    depth, quote, start = 0, "", 0
    for i, letter in enumerate(values):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter == "," and not depth:
            yield values[start:i]
            start = i + 1
        else:
            depth += (letter in _OPENING) - (letter in _CLOSING)
    yield values[start:]
