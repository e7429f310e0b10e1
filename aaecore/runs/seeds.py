"""A family: one configuration trained with several seeds, and its figures with their spread."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from attrs import evolve, field, frozen

from aaecore.config import Config, to_toml
from aaecore.data import load_data, located
from aaecore.errors import AAEError, Interrupted, RunError
from aaecore.files import write_text
from aaecore.progress.summary import say_family
from aaecore.runs.directory import new_run_directory
from aaecore.runs.families import begun, is_finished
from aaecore.runs.resume import check_same_settings
from aaecore.runs.saved import CONFIG, METRICS, read_metrics
from aaecore.runs.session import Session

SEEDS = "seeds.json"
SUMMARY = "summary.json"


@frozen(kw_only=True)
class Family:
    """One configuration, and the seeds to train it with; `DIR/seed-N` is the run with seed N."""

    config: Config
    seeds: Sequence[int]
    name: str
    out: str | None = None
    resume: bool = False
    options: Mapping[str, Any] = field(factory=dict)
    """What every `Session` is given."""

    def train(self) -> tuple[Path, dict[int, str]]:
        """The family's folder, and why the seeds that failed did; they do not lose the others."""
        self._session(self.seeds[0]).prepared()  # what no seed can train is said before
        folder = self._folder()
        failed: dict[int, str] = {}
        for i, seed in enumerate(self.seeds, 1):
            self._say(f"seed {seed} ({i} of {len(self.seeds)})")
            try:
                self._train(seed, folder / f"seed-{seed}")
            except AAEError as e:
                failed[seed] = str(e)
                self._say(f"seed {seed} failed: {e}")
            except Interrupted as e:
                raise Interrupted(f" in seed {seed}; go on with: aae train --resume --out {folder}") from e
        return folder, failed

    def _train(self, seed: int, folder: Path) -> None:
        if is_finished(folder) and (folder / METRICS).is_file() and not self.options.get("allowed"):
            return
        self._session(seed, out=folder, resume=begun(folder)).run()

    def _folder(self) -> Path:
        folder = Path(str(self.out)) if self.resume else new_run_directory(self.out, self.name)
        config = evolve(self.config, data=located(self.config.data))
        if self.resume:
            check_same_settings(folder, config, ["run.seed", *self.options.get("allowed", ())])
        write_text(folder / CONFIG, to_toml(config))
        write_text(folder / SEEDS, json.dumps(list(self.seeds)) + "\n")
        return folder

    def _session(self, seed: int, **options: Any) -> Session:
        config = evolve(self.config, run=evolve(self.config.run, seed=seed))
        return Session(config=config, data=load_data(config.data, seed), **options, **self.options)

    def _say(self, words: str) -> None:
        if not self.options.get("quiet"):
            print(words, file=sys.stderr)


def train_family(
    config: Config, seeds: Sequence[int], out: str | None, *, resume: bool, options: Mapping[str, Any]
) -> None:
    """`aae train --seeds`; raises `RunError` in the end if some failed."""
    if resume and out is None:
        raise RunError("which family to resume must be said; give its directory as --out")
    if resume and not is_family(Path(str(out))):
        raise RunError(f"{out}: holds no family of seeds; resume a single run without --seeds, or give another --out")
    chosen = list(dict.fromkeys([*seeds_of(Path(str(out))), *seeds])) if resume else seeds
    family = Family(config=config, seeds=chosen, name=options["name"], out=out, resume=resume, options=options)
    folder, failed = family.train()
    found = summary(folder, chosen, failed)
    write_text(folder / SUMMARY, json.dumps(found, indent=2) + "\n")
    if not options["quiet"]:
        say_family(folder, found)
    if failed:
        reasons = "; ".join(f"seed {seed}, {reason}" for seed, reason in failed.items())
        raise RunError(f"{folder}: {len(failed)} of {len(chosen)} seeds failed: {reasons}; the others are kept")


def is_family(folder: Path) -> bool:
    """Whether a folder holds, or will hold, the runs of several seeds."""
    return (folder / SEEDS).is_file()


def seeds_of(folder: Path) -> list[int]:
    """The seeds a family was begun with."""
    path = folder / SEEDS
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as e:
        raise RunError(f"{path}: cannot be read ({e}); give --seeds") from e
    if not found or not isinstance(found, list) or not all(isinstance(seed, int) and seed >= 0 for seed in found):
        raise RunError(f"{path}: holds no list of seeds; give --seeds")
    return found


def summary(folder: Path, seeds: Sequence[int], failed: Mapping[int, str]) -> dict[str, Any]:
    """Each figure's values by seed, with their mean and (sample) standard deviation."""
    figures = {seed: read_metrics(folder / f"seed-{seed}") for seed in seeds if seed not in failed}
    names = dict.fromkeys(name for found in figures.values() for name in found)
    return {
        "seeds": list(figures),
        "failed": {str(seed): reason for seed, reason in failed.items()},
        "metrics": {name: _spread({seed: f[name] for seed, f in figures.items() if name in f}) for name in names},
    }


def _spread(values: Mapping[int, float]) -> dict[str, Any]:
    numbers = list(values.values())
    std = stdev(numbers) if len(numbers) > 1 else None
    return {"mean": mean(numbers), "std": std, "values": {str(seed): value for seed, value in values.items()}}
