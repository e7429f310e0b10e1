"""What was trained, in a few words each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from torch.nn import Module

from aaecore.config import to_dict
from aaecore.data import Data
from aaecore.part import summary
from aaecore.pictures.history import History
from aaecore.progress.words import duration, thousands
from aaecore.report.kept import Kept, written
from aaecore.version import core_version


def recipe_name(run: Kept) -> str:
    """As `aae train` is given it."""
    return str(to_dict(run.config)["recipe"]["name"])


def facts(run: Kept, data: Data | None, history: History | None) -> dict[str, str]:
    """Names and values, for the top of the page."""
    config, figures = run.config, run.figures
    found = {
        "Recipe": f"{recipe_name(run)}: {summary(type(config.recipe)).rstrip('.').replace('`', '')}",
        "Data": _data(run, data),
        "Plugins": ", ".join(f"{name} {version}" for name, version in _plugins(run).items()),
        "Seed": str(config.run.seed),
        "Epochs": _epochs(run, history),
    }
    if "seconds" in figures:
        speed = (
            f", {thousands(figures['images_per_second'])} samples a second" if "images_per_second" in figures else ""
        )
        found["Time"] = duration(figures["seconds"]) + speed
    found["Trained"] = datetime.fromtimestamp(written(run), UTC).strftime("%Y-%m-%d %H:%M UTC")
    return found


def _plugins(run: Kept) -> dict[str, str]:
    return {**run.about.plugins, **({} if "aaecore" in run.about.plugins else {"aaecore": core_version()})}


def _data(run: Kept, data: Data | None) -> str:
    words = [run.config.data.source, _sizes(run, data), _shape(run.about.shape)]
    if run.about.classes:
        words.append(f"{len(run.about.classes)} classes")
    if run.config.data.labels is not None:
        words.append(f"{run.config.data.labels} labels kept")
    return ", ".join(filter(None, words))


def _sizes(run: Kept, data: Data | None) -> str:
    if data is None:
        judged = f"{run.figures['evaluated_on']:,.0f}" if "evaluated_on" in run.figures else ""
        return f"judged on {judged} samples" if judged else ""
    held = f", {len(data.heldout):,} held out" if data.heldout is not None else ", none held out"
    return f"{len(data):,} samples to train on{held}"


def _shape(shape: tuple[int, ...]) -> str:
    if len(shape) == 1:
        return f"vectors of {shape[0]}"
    channels = {1: "grey", 3: "colour"}.get(shape[0], f"{shape[0]} channels")
    return f"{shape[1]} × {shape[2]} pixels, {channels}"


def _epochs(run: Kept, history: History | None) -> str:
    stages = history.stages if history else ()
    if len(stages) < 2:
        return str(run.config.recipe.epochs)
    return f"{len(stages)} stages: {', '.join(name for name, _ in stages)}"


def network_sizes(networks: Mapping[str, Module]) -> dict[str, str]:
    """The parameters of each network."""
    return {role: f"{sum(p.numel() for p in net.parameters()):,}" for role, net in networks.items()}
