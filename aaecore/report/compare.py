"""Runs side by side: families of seeds, what differs in their configuration, their figures and curves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import mean, stdev

from attrs import frozen

from aaecore.report.figures import SAID_ELSEWHERE, is_detail, word
from aaecore.report.kept import Kept, read_run
from aaecore.report.settings import NOWHERE, Flat, differing, flat, short
from aaecore.runs.families import runs_of

SEED = "run.seed"
BESIDE_THE_POINT = (SEED, "run.device", "run.log_every", "run.pictures_every", "data.root", "data.workers")
"""Settings in which runs of one family may differ: they change no figure, or only by chance."""
AS_WELL = ("seconds",)


@frozen(kw_only=True)
class Family:
    """Runs that differ by their seeds only."""

    name: str
    runs: Sequence[Kept]
    settings: Flat

    @property
    def seeds(self) -> str:
        """Which seeds there are."""
        return ", ".join(str(run.config.run.seed) for run in self.runs)

    @property
    def features(self) -> str:
        """The networks by whose features samples of its runs were compared."""
        return "; ".join(dict.fromkeys(run.remarks["features"] for run in self.runs if "features" in run.remarks))

    def spread(self, figure: str) -> list[float]:
        """One figure of every run that has it."""
        return [(run.figures | run.final)[figure] for run in self.runs if figure in run.figures]


@frozen(kw_only=True)
class Comparison:
    """Families in the order in which their first runs were given."""

    families: Sequence[Family]

    @property
    def settings(self) -> dict[str, list[str]]:
        """The settings that differ, and what they are in each family; of different recipes those that all have."""
        rows = differing([family.settings for family in self.families])
        recipes = len({family.settings["recipe"] for family in self.families})
        return {short(key): row for key, row in rows.items() if recipes == 1 or NOWHERE not in row}

    @property
    def head(self) -> dict[str, list[str]]:
        """How many runs each family is of, their seeds, and by what features samples were compared, if they were."""
        features = [family.features for family in self.families]
        found = {"runs": [str(len(f.runs)) for f in self.families], "seed": [f.seeds for f in self.families]}
        return {**found, "features": features} if any(features) else found

    @property
    def figures(self) -> dict[str, list[str]]:
        """The figures that any run has, and what they are in each family."""
        return {name: row for name, row in self._figures.items() if not is_detail(name)}

    @property
    def more_figures(self) -> dict[str, list[str]]:
        """Those that say the same once more."""
        return {name: row for name, row in self._figures.items() if is_detail(name)}

    @property
    def _figures(self) -> dict[str, list[str]]:
        names = dict.fromkeys(n for family in self.families for run in family.runs for n in run.figures)
        shown = [n for n in names if n not in SAID_ELSEWHERE or n in AS_WELL]
        return {name: [spread_words(name, family.spread(name)) for family in self.families] for name in shown}


def compare(paths: Iterable[str | Path]) -> Comparison:
    """Runs, and folders of runs, as families; raises `RunError` if one is missing or broken."""
    folders = dict.fromkeys(run.resolve() for path in paths for run in runs_of(path))
    runs = {Path(folder): read_run(folder) for folder in folders}
    groups: dict[tuple[tuple[str, str], ...], list[Kept]] = {}
    tables: list[Flat] = []
    for run in runs.values():
        table = {k: v for k, v in flat(run.config).items() if k not in BESIDE_THE_POINT}
        tables += [] if tuple(table.items()) in groups else [table]
        groups.setdefault(tuple(table.items()), []).append(run)
    names = _names([[run.folder for run in members] for members in groups.values()])
    found = zip(names, groups.values(), tables, strict=True)
    return Comparison(families=[Family(name=name, runs=members, settings=table) for name, members, table in found])


def _names(families: Sequence[Sequence[Path]]) -> list[str]:
    """What to call each: its run, or its runs' name without the seed; with their folder where two would be the same."""
    names = [_name(family) for family in families]
    if len(set(names)) < len(names):
        names = [f"{family[0].parent.name}/{name}" for name, family in zip(names, families, strict=True)]
    return [f"{name} ({i})" if names.count(name) > 1 else name for i, name in enumerate(names, 1)]


def _name(runs: Sequence[Path]) -> str:
    if len(runs) == 1:
        return runs[0].name
    return re.sub(r"[-_ ]?(seed)?[-_ ]?\d+$", "", runs[0].name) or runs[0].parent.name


def spread_words(name: str, values: Sequence[float]) -> str:
    """A figure, or its mean and standard deviation over seeds."""
    if len(values) < 2:
        return word(name, values[0]) if values else ""
    return word(name, mean(values), stdev(values))
