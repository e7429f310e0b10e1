"""Interleaved measurements, and a table of them against their targets."""

from collections.abc import Callable, Mapping
from statistics import median

from attrs import frozen
from rich.console import Console
from rich.table import Table


@frozen
class Measured:
    """What repeated measurements of one thing gave."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle value."""
        return median(self.values)


@frozen
class Row:
    """One line of a table: a ratio against what it should be."""

    what: str
    measured: Measured
    ratio: float | None = None
    target: str = ""
    met: bool | None = None


def interleave(contenders: Mapping[str, Callable[[], float]], repeats: int) -> dict[str, Measured]:
    """Measure all contenders in turn, again and again, after one round that does not count (A B, A B, ...)."""
    for run in contenders.values():
        run()
    rounds = [{name: run() for name, run in contenders.items()} for _ in range(repeats)]
    return {name: Measured(tuple(r[name] for r in rounds)) for name in contenders}


def at_least(what: str, measured: Measured, against: Measured, target: float) -> Row:
    """A row whose ratio should be `target` or more."""
    ratio = _ratio(measured, against)
    return Row(what, measured, ratio, f">= {target}", ratio >= target)


def at_most(what: str, measured: Measured, against: Measured, target: float) -> Row:
    """A row whose ratio should be `target` or less."""
    ratio = _ratio(measured, against)
    return Row(what, measured, ratio, f"<= {target}", ratio <= target)


def _ratio(measured: Measured, against: Measured) -> float:
    """The median over rounds: what was measured one after the other shares the machine's mood."""
    return median(a / b for a, b in zip(measured.values, against.values, strict=True))


def show(title: str, unit: str, rows: list[Row]) -> None:
    """Print a table."""
    table = Table(title=title, title_justify="left")
    for name in ("", f"{unit}: min", "median", "max", "ratio", "target", ""):
        table.add_column(name, justify="left" if not name else "right")
    for row in rows:
        values = row.measured.values
        met = "" if row.met is None else "met" if row.met else "MISSED"
        ratio = "" if row.ratio is None else f"{row.ratio:.3f}"
        spread = (figure(min(values)), figure(row.measured.median), figure(max(values)))
        table.add_row(row.what, *spread, ratio, row.target, met)
    Console(width=110).print(table)


def figure(value: float) -> str:
    """A number in about four figures."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
