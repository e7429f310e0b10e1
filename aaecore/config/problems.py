"""What is wrong with a configuration: several problems, each with its path, gathered into one line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, time
from typing import Any

from attrs import frozen

from aaecore.errors import AAEError, ConfigError

MARK = "python:"
"""How a file marks an object that no plugin offers."""
SHOWN = 3
"""Problems reported at once."""


@frozen
class Problem:
    """One refused setting."""

    path: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        path = ".".join(self.path)
        return f"{path}: {self.text}" if path else self.text


class Refused(Exception):  # noqa: N818 - it never leaves this package
    """Settings that cannot be used."""

    def __init__(self, *problems: Problem | str) -> None:
        super().__init__(*map(str, problems))
        self.problems = tuple(Problem((), p) if isinstance(p, str) else p for p in problems)

    def under(self, segment: str) -> tuple[Problem, ...]:
        """The problems, seen from one level further out."""
        return tuple(Problem((segment, *p.path), p.text) for p in self.problems)

    def error(self, root: str = "") -> ConfigError:
        """The one-line error a user sees, its paths beginning with `root`."""
        first, *others = self.under(root) if root else self.problems
        rest = [str(p) for p in others[: SHOWN - 1]]
        more = [f"and {len(others) - len(rest)} more"] if len(others) > len(rest) else []
        return ConfigError(".".join(first.path), "; ".join([first.text, *rest, *more]))


def is_marked(value: Any) -> bool:
    """Whether a value stands for something that only Python can make."""
    return isinstance(value, str) and value.startswith(MARK)


def expected(what: str, value: Any) -> Refused:
    """A value of the wrong type, or one that was written for something composed in Python."""
    if is_marked(value):
        return Refused(
            f"this run was composed in Python, from {value.removeprefix(MARK)}, which no plugin offers; "
            "give the recipe to aaecore.load(path, recipe=...)"
        )
    return Refused(f"expected {what}, got {describe(value)}")


def describe(value: Any) -> str:
    """A refused value in a reader's words."""
    if isinstance(value, str):
        return f"the string {value if len(value) < 60 else value[:57] + '...'!r}"
    if isinstance(value, bool):
        return str(value).lower()
    for types, words in (((dict,), "a table"), ((list, tuple), "a list"), ((date, time), "a date or time")):
        if isinstance(value, types):
            return words
    return repr(value) if isinstance(value, (int, float)) else f"an object of {type(value).__name__}"


def from_validator(error: Exception, fields: Iterable[str]) -> Refused:
    """What an attrs validator said (`'modes' must be >= 1: 0`), with the field as path."""
    if isinstance(error, AAEError):
        return Refused(str(error))
    text = " ".join(str(error.args[0] if error.args else error).split())
    named = re.search(r"'(\w+)'", text)
    if not named or named[1] not in set(fields):
        return Refused(text)
    text = text.removeprefix(named[0]).strip()
    return Refused(Problem((named[1],), re.sub(r"^(must be [^:]+): (.+)$", r"\1, not \2", text)))
