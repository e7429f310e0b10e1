"""All that one run is configured by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from attrs import field, frozen
from attrs.validators import ge, in_, lt

from aaecore.config.components import Components
from aaecore.config.fields import settings
from aaecore.config.problems import Refused
from aaecore.data.config import DataConfig
from aaecore.plugins import Registry
from aaecore.plugins import registry as installed
from aaecore.recipe import Recipe


@frozen(kw_only=True)
class RunConfig:
    """How to train, whatever the recipe and the data.

    seed: makes every random number of the run; the same seed gives the same run.
    precision: of the networks' arithmetic; weights stay fp32.
    device: `cpu`, `cuda`, `mps`; without it the best there is.
    deterministic: use only algorithms that give the same bits every time, as a CPU does anyway; slower on a GPU.
    log_every: steps between two lines of `history.jsonl`.
    pictures_every: epochs between two sets of pictures; 0 makes them at the end only.
    accumulate: micro-batches that one step's batch is cut into, to save memory.
    checkpoint_minutes: minutes between two checkpoints; 0 writes none in between.
    checkpoint_epochs: epochs between two checkpoints; 0 goes by the other two.
    checkpoint_steps: steps between two checkpoints; 0 goes by the other two.
    checkpoints: how many of the newest checkpoints to keep.
    on_nan: what to do at a loss or gradient that is not finite: stop, or skip that update and go on.
    nan_limit: skipped updates after which training stops all the same.
    """

    seed: int = field(default=0, validator=[ge(0), lt(2**63)])
    precision: Literal["fp32", "bf16"] = field(default="fp32", validator=in_(("fp32", "bf16")))
    device: str | None = None
    deterministic: bool = False
    log_every: int = field(default=1, validator=ge(1))
    pictures_every: int = field(default=0, validator=ge(0))
    accumulate: int = field(default=1, validator=ge(1))
    checkpoint_minutes: float = field(default=10.0, validator=ge(0))
    checkpoint_epochs: int = field(default=0, validator=ge(0))
    checkpoint_steps: int = field(default=0, validator=ge(0))
    checkpoints: int = field(default=2, validator=ge(1))
    on_nan: Literal["stop", "skip"] = field(default="stop", validator=in_(("stop", "skip")))
    nan_limit: int = field(default=100, validator=ge(0))


@frozen(kw_only=True)
class Config:
    """A run: a recipe on data.

    recipe: the composition of parts that is trained.
    data: which data, and how much of it.
    run: how to train.
    """

    recipe: Recipe
    data: DataConfig = field(factory=DataConfig)
    run: RunConfig = field(factory=RunConfig)


ELSEWHERE = {key: f"run.{key}" for key in settings(RunConfig)} | {key: f"data.{key}" for key in settings(DataConfig)}


def structure(tree: Mapping[str, Any], *, registry: Registry | None = None) -> Config:
    """A `Config` from plain tables `recipe`, `data` and `run`; raises `ConfigError`."""
    components = Components(registry or installed(), ELSEWHERE)
    try:
        made: Config = components.converter.structure(dict(tree), Config)
    except Refused as refused:
        raise refused.error() from None
    return made


def change(part: Any, settings: Mapping[str, Any], *, path: str, registry: Registry | None = None) -> Any:
    """A part with some settings changed; raises `ConfigError`."""
    try:
        return Components(registry or installed(), ELSEWHERE).changed(part, settings)
    except Refused as refused:
        raise refused.error(path) from None


def make(base: type | str, value: Any, *, path: str = "", registry: Registry | None = None) -> Any:
    """A part from its name, a table with `name`, or a part as it is; raises `ConfigError`.

    `base` is a kind (`prior`) or a base class; `path` begins the paths in messages, the kind if not given.
    """
    kind: str = base if isinstance(base, str) else base.kind  # type: ignore[attr-defined]
    components = Components(registry or installed(), ELSEWHERE)
    try:
        return components.part(value, kind, object if isinstance(base, str) else base)
    except Refused as refused:
        raise refused.error(path or kind) from None
