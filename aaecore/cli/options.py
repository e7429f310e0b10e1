"""Options that several commands have."""

from __future__ import annotations

from typing import Any

import click


class Seeds(click.ParamType[tuple[int, ...]]):
    """Seeds as 1,2,3, as 1-5, or both."""

    name = "seeds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """Each seed once, in the order given."""
        if isinstance(value, tuple):
            return value
        found: list[int] = []
        for word in str(value).split(","):
            first, _, last = word.strip().partition("-")
            if not first.isdigit() or not (last or first).isdigit() or int(last or first) < int(first):
                self.fail(f"{word.strip()!r} is no seed; write them as in 1,2,3 or 1-5")
            found += range(int(first), int(last or first) + 1)
        return tuple(dict.fromkeys(found))


SEEDS = Seeds()

config = click.option("--config", metavar="FILE", help="A TOML file of settings, as `aae show` prints.")
sets = click.option(
    "--set",
    "sets",
    metavar="KEY=VALUE",
    multiple=True,
    help="Change a setting, say prior=uniform, prior.bound=2 or data.limit=1000; repeatable.",
)
run = click.argument("run", metavar="RUN")
seed = click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the draws.")
