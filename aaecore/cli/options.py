"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


class Seeds(click.ParamType[tuple[int, ...]]):
    """Seeds as 1,2,3, as 1-5, or both."""

    name = "seeds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """Each seed once, in the order given."""
        if isinstance(value, tuple):
            return value
        found: list[int] = []
        for word in str(value).split(","):
            first, dash, second = word.strip().partition("-")
            last = second if dash else first
            if not first.isdecimal() or not last.isdecimal() or int(last) < int(first):
                self.fail(f"{word.strip()!r} is no seed; write them as in 1,2,3 or 1-5")
            if int(last) - int(first) >= MOST_SEEDS:
                self.fail(f"{word.strip()!r} are more than {MOST_SEEDS} seeds; give fewer")
            found += range(int(first), int(last) + 1)
        return tuple(dict.fromkeys(found))


MOST_SEEDS = 1000
SEEDS = Seeds()


class Number(click.FloatRange):
    """A number in a range, which NaN is not."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number."""
        found: float = super().convert(value, param, ctx)
        return found if found == found else self.fail(f"{value} is no number")


class OutputFile(click.ParamType[Path]):
    """A file that can be written, found out before there is anything to write."""

    name = "file"

    def __init__(self, suffix: str) -> None:
        self.suffix = suffix

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The file's path."""
        path = Path(value)
        if path.suffix != self.suffix:
            self.fail(f"{path} must end in {self.suffix}")
        try:
            with TemporaryFile(dir=path.parent):
                return path
        except OSError as e:
            self.fail(f"{path}: cannot be written: {e.strerror}")


config = click.option("--config", metavar="FILE", help="A TOML file of settings, as `aae show` prints.")
sets = click.option(
    "--set",
    "sets",
    metavar="KEY=VALUE",
    multiple=True,
    help="Change a setting, say prior=uniform, prior.bound=2 or data.limit=1000; repeatable.",
)
_settings = (
    click.option("--data", metavar="D", help="digits, torchvision:NAME, folder:PATH, PATH.npz or PATH.npy."),
    click.option("--data-root", metavar="DIR", help="Where torchvision keeps its files."),
    click.option("--labels", type=int, metavar="N", help="Keep N labels, balanced over the classes."),
    config,
    sets,
    click.option("--epochs", type=int, metavar="N", help="Passes over the training data."),
    click.option("--seed", type=int, metavar="N", help="Seed of every random number of the run."),
    click.option("--precision", metavar="P", help="fp32 or bf16."),
    click.option("--on-nan", metavar="P", help="stop at a loss that is no number (default), or skip that update."),
)


def settings(command: F) -> F:
    """The options that set a run's configuration."""
    for option in reversed(_settings):
        command = option(command)
    return command


def shorthands(
    data: str | None,
    data_root: str | None,
    labels: int | None,
    epochs: int | None,
    seed: int | None,
    precision: str | None,
    on_nan: str | None,
) -> dict[str, Any]:
    """Those that were given, by the key of the setting each stands for."""
    keys = {
        "data.source": data,
        "data.root": data_root,
        "data.labels": labels,
        "recipe.epochs": epochs,
        "run.seed": seed,
        "run.precision": precision,
        "run.on_nan": on_nan,
    }
    return {key: value for key, value in keys.items() if value is not None}


log_with = click.option("--log-with", default="", metavar="T,T,...", help="Trackers: tensorboard, wandb, mlflow, ...")


def words(text: str) -> tuple[str, ...]:
    """Words separated by commas."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


run = click.argument("run", metavar="RUN")
seed = click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the draws.")
