"""The table of what works with what, in Markdown: `python -m aaecore.testing.table`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations

from aaecore.testing.compositions import BASES, choices, crossed, recipe_names, refused_in, refused_pairs
from aaecore.testing.pairs import every_pair

WORDS = {
    "prior": "priors",
    "adversarial": "games",
    "reconstruction": "reconstruction losses",
    "regularizers": "regularizers",
    "scheduler": "schedulers",
    "stacking": "stackings",
    "architecture": "architectures",
}
Reasons = dict[str, int]
"""Reasons, each with the number it is cited by."""


def compositions() -> str:
    """Which pairs of parts work, and which parts work in which recipe, with the reason where they do not."""
    reasons: Reasons = {}
    parts = [*_pairs(reasons), "", "## Parts in recipes", "", *_recipes(reasons)]
    return "\n".join(["## Pairs of parts", "", *parts, "", "## Reasons", "", *_listed(reasons), ""])


def _pairs(reasons: Reasons) -> Iterator[str]:
    factors, refused = crossed(), refused_pairs()
    every = every_pair(factors)
    yield f"Of {len(every)} pairs of parts, {len(every) - len(refused)} work."
    for a, b in combinations(factors, 2):
        cells = {(dict(pair)[a], dict(pair)[b]): why for pair, why in refused.items() if {a, b} == {f for f, _ in pair}}
        if cells:
            yield from ["", f"Every one of the {WORDS[a]} works with every one of the {WORDS[b]} but these:", ""]
            yield from _matrix(a, b, cells, reasons)


def _matrix(a: str, b: str, cells: Mapping[tuple[str, str], str], reasons: Reasons) -> Iterator[str]:
    rows = [name for name in choices(a) if any(x == name for x, _ in cells)]
    columns = [name for name in choices(b) if any(y == name for _, y in cells)]
    yield _line(["", *map(_code, columns)])
    yield _line(["---"] * (len(columns) + 1))
    for x in rows:
        yield _line([_code(x), *(_cited(reasons, cells[x, y]) if (x, y) in cells else "yes" for y in columns)])


def _recipes(reasons: Reasons) -> Iterator[str]:
    refused = {recipe: refused_in(recipe) for recipe in recipe_names()}
    fields = [field for field in BASES if any(found[field] for found in refused.values())]
    always = ", ".join(f"every one of the {WORDS[field]}" for field in BASES if field not in fields)
    yield from [f"Every recipe takes {always}.", ""] if always else []
    yield _line(["recipe", *(WORDS[field] for field in fields)])
    yield _line(["---"] * (len(fields) + 1))
    for recipe, found in refused.items():
        yield _line([_code(recipe), *(_cell(field, found[field], reasons) for field in fields)])


def _cell(field: str, refused: Mapping[str, str], reasons: Reasons) -> str:
    if not refused:
        return "all"
    most = len(refused) > len(choices(field)) / 2
    if most:
        kept = [name for name in choices(field) if name not in refused]
        numbers = dict.fromkeys(_cited(reasons, why) for why in refused.values())
        return f"{'only ' + ', '.join(map(_code, kept)) if kept else 'none'} {' '.join(numbers)}"
    return "all but " + ", ".join(f"{_code(name)} {_cited(reasons, why)}" for name, why in refused.items())


def _cited(reasons: Reasons, why: str) -> str:
    return f"[{reasons.setdefault(why, len(reasons) + 1)}]"


def _listed(reasons: Reasons) -> Iterable[str]:
    return [f"{number}. {why}" for why, number in reasons.items()]


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _code(name: str) -> str:
    return f"`{name}`"


if __name__ == "__main__":
    print(compositions())
