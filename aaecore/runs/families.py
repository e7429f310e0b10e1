"""Folders of runs: the seeds of one recipe, the trials of a sweep, or any runs put side by side."""

from __future__ import annotations

import re
from itertools import count
from pathlib import Path

from aaecore.errors import RunError

MODEL = "model.safetensors"


def is_finished(path: Path) -> bool:
    """Whether a folder is a run that has been trained to its end."""
    return (path / MODEL).is_file()


def runs_of(path: str | Path) -> list[Path]:
    """The finished runs a path stands for: itself, or the runs directly in it, numbers in their names in order.

    Raises `RunError` where there is none.
    """
    folder = Path(path)
    if is_finished(folder):
        return [folder]
    if not folder.is_dir():
        raise RunError(f"{folder}: no such folder; give a run directory, or a folder of them (`aae train` makes both)")
    inside = sorted((p for p in folder.iterdir() if p.is_dir()), key=in_number_order)
    if found := [p for p in inside if is_finished(p)]:
        return found
    begun = [p for p in (folder, *inside) if (p / "config.toml").is_file()]
    reason = f"{begun[0]} has not been trained to its end" if begun else "neither a run nor a folder of runs"
    raise RunError(f"{folder}: {reason}; `aae train` makes runs, and `aae train --resume --out DIR` finishes one")


def begun(folder: Path) -> bool:
    """Whether training in a folder can go on; a folder that holds nothing to go on from is set aside."""
    if any((folder / "checkpoints").glob("step-*")):
        return True
    if folder.exists():
        aside = (folder.with_name(f"{folder.name}-stopped-{n}") for n in count(1))
        folder.rename(next(path for path in aside if not path.exists()))
    return False


def in_number_order(path: Path) -> list[tuple[int, str]]:
    """A key that sorts `seed-9` before `seed-10`."""
    return [(int(word), "") if word.isdecimal() else (0, word) for word in re.split(r"(\d+)", path.name)]
