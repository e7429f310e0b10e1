"""The directory a run leaves behind."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import TextIOWrapper
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from aaecore.errors import RunError
from aaecore.observer import Observer

if TYPE_CHECKING:
    from aaecore.training import Training

HISTORY = "history.jsonl"


def new_run_directory(out: str | Path | None, recipe: str) -> Path:
    """Make the directory `out`, or the next free `runs/RECIPE-N`; an existing one is refused, never overwritten."""
    if out is not None and not str(out).strip():
        raise RunError("--out is empty; name a directory that does not exist yet, or leave it out")
    if out is not None:
        return _make(Path(out))
    for n in count(1):
        path = Path("runs") / f"{recipe.replace(':', '-')}-{n}"
        if not path.exists():
            return _make(path)
    raise AssertionError


def _make(path: Path) -> Path:
    try:
        path.mkdir(parents=True)
    except FileExistsError as e:
        raise RunError(f"{path}: exists already and is never overwritten; give another one (--out)") from e
    except OSError as e:
        raise RunError(f"{path}: cannot be made: {e.strerror}; give a writable one (--out)") from e
    return path


class History(Observer):
    """Writes `history.jsonl`: a line of losses for every logged step, and one of diagnostics an epoch."""

    def __init__(self, folder: Path, every: int = 1, position: int = 0) -> None:
        self.path = folder / HISTORY
        self.every = every
        self._position = position
        self._file: TextIOWrapper | None = None

    def train_begin(self, t: Training) -> None:
        """Open the file; what a resumed run will write again is cut off."""
        there = self.path.stat().st_size if self.path.exists() else 0
        position = min(self._position, there)  # a damaged history is no reason not to train on
        with self._writing():
            self._file = self.path.open("r+" if position else "w", encoding="utf-8", buffering=1 << 16)
            self._file.truncate(position)
            self._file.seek(position)

    def position(self) -> int:
        """How many bytes are written and safe on the disk."""
        if self._file is None:
            return self._position
        with self._writing():
            self._file.flush()
            os.fsync(self._file.fileno())
        return self._file.tell()

    def step_end(self, t: Training, losses: Mapping[str, float]) -> None:
        """Write the losses, unrounded."""
        if (t.step - 1) % self.every == 0:
            self._write(t, losses)

    def epoch_end(self, t: Training) -> None:
        """Write the diagnostics, and everything so far to the disk."""
        if t.diagnostics:
            self._write(t, t.diagnostics)
        if self._file is not None:
            with self._writing():
                self._file.flush()

    def train_end(self, t: Training) -> None:
        """Close the file."""
        file, self._file = self._file, None
        if file is not None:
            with self._writing():
                file.close()

    def _write(self, t: Training, figures: Mapping[str, float]) -> None:
        assert self._file is not None
        where = {"stage": t.stage.name, "epoch": t.progress.epoch, "step": t.step - 1}
        with self._writing():
            self._file.write(json.dumps({**where, **figures}) + "\n")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as e:
            raise RunError(f"{self.path}: cannot be written: {e.strerror}; training stopped") from e
