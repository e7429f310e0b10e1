"""The series of a run's history, by name."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from attrs import frozen

from aaecore.arrays import Floats
from aaecore.errors import RunError

Source: TypeAlias = "str | Path | Mapping[str, Sequence[float]]"
"""The path of a `history.jsonl`, or its columns by name."""


@frozen
class History:
    """Numbers by name, equally long, NaN where a record has none."""

    columns: Mapping[str, Floats]
    stages: Sequence[tuple[str, float]] = ()
    """The stages by name, and the step at which each began."""

    def along(self, axis: str, name: str) -> tuple[Floats, Floats]:
        """Column `axis` (counting from 0 if there is none) and column `name`, where both are finite."""
        y = self.columns[name]
        x = self.columns.get(axis, np.arange(len(y), dtype=float))
        kept = np.isfinite(x) & np.isfinite(y)
        return x[kept], y[kept]


def read_history(source: Source) -> History:
    """A history from a file with a JSON object a line, or from columns.

    Steps that begin again with a new `stage` are counted on; records that a resumed training has written
    again replace the older ones. A last line that is cut short is ignored: the training may be writing it.
    """
    if isinstance(source, Mapping):
        return History({k: np.asarray(v, dtype=float) for k, v in source.items()})
    records = _counted_on(_read(Path(source)))
    names = dict.fromkeys(k for record in records for k, v in record.items() if _is_number(v))
    columns = {k: np.array([_number(r.get(k)) for r in records]) for k in names}
    return History(columns, _stages(records))


def _stages(records: Sequence[dict[str, Any]]) -> list[tuple[str, float]]:
    found: list[tuple[str, float]] = []
    for record in records:
        name = str(record.get("stage", ""))
        if not found or name != found[-1][0]:
            found.append((name, float(record["step"])))
    return found


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as e:
        raise RunError(f"cannot read history {path}: {e.strerror}; give a run that has been trained") from e
    records = []
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as e:
            if number == len(lines):
                break
            raise RunError(f"{path}, line {number}: not JSON; remove the line") from e
        if not isinstance(record, dict):
            raise RunError(f"{path}, line {number}: not a JSON object; remove the line")
        records.append(record)
    return records


def _counted_on(records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    offset = last = 0.0
    for record in records:
        step = record["step"] + offset if _is_number(record.get("step")) else last
        if step < last and record.get("stage") != kept[-1].get("stage"):
            offset = last + 1
            step = record["step"] + offset
        while step < last and kept and kept[-1]["step"] >= step:
            kept.pop()
        kept.append({**record, "step": step})
        last = step
    return kept


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _number(value: Any) -> float:
    return float(value) if _is_number(value) else np.nan
