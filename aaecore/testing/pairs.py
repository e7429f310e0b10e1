"""All pairs of choices in few rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import combinations, product

Row = dict[str, str]
Pair = frozenset[tuple[str, str]]
"""Two choices, each a factor's name and what is chosen of it."""


def every_pair(factors: Mapping[str, Sequence[str]]) -> list[Pair]:
    """Any two choices of two factors, in order."""
    return [
        frozenset(pair)
        for (a, left), (b, right) in combinations(factors.items(), 2)
        for pair in product([(a, x) for x in left], [(b, y) for y in right])
    ]


def all_pairs(factors: Mapping[str, Sequence[str]], impossible: Collection[Pair] = ()) -> list[Row]:
    """Rows with one choice a factor, such that every pair but the impossible ones stands in some row.

    Each row is begun with a pair that is still missing and filled up with what covers most others. No row holds an
    impossible pair, if every factor has a choice that goes with all others.
    """
    missing = dict.fromkeys(pair for pair in every_pair(factors) if pair not in impossible)
    rows = []
    while missing:
        row = dict(sorted(next(iter(missing))))
        for name in (n for n in factors if n not in row):
            row[name] = max(factors[name], key=lambda choice: _worth({**row, name: choice}, missing, impossible))
        for pair in pairs_of(row):
            missing.pop(pair, None)
        rows.append({name: row[name] for name in factors})
    return rows


def pairs_of(row: Row) -> set[Pair]:
    """All pairs in a row."""
    return {frozenset(pair) for pair in combinations(row.items(), 2)}


def _worth(row: Row, missing: Mapping[Pair, None], impossible: Collection[Pair]) -> tuple[int, int]:
    pairs = pairs_of(row)
    return -sum(pair in impossible for pair in pairs), len(pairs & missing.keys())
