"""A run's report: everything it has left, and what it does, on one page."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from aaecore.adversary import equilibria
from aaecore.config import to_toml
from aaecore.data import Data
from aaecore.errors import AAEError
from aaecore.files import write_text
from aaecore.model import Model
from aaecore.pictures.history import read_history
from aaecore.report import figures
from aaecore.report.blocks import Block, Photo
from aaecore.report.curves import loss_charts
from aaecore.report.facts import facts, network_sizes, recipe_name
from aaecore.report.kept import Kept, read_run
from aaecore.report.pictures import clusters, neighbours, reconstructions, samples, styles
from aaecore.report.plane import codes, manifold
from aaecore.report.render import render
from aaecore.report.settings import changed, short
from aaecore.report.subject import Subject
from aaecore.report.walks import interpolations, traversals
from aaecore.runs.saved import load
from aaecore.use.rundata import run_data

REPORT = "report.html"
PICTURES: tuple[Callable[[Subject], Block | None], ...] = (
    samples,
    reconstructions,
    codes,
    manifold,
    styles,
    clusters,
    interpolations,
    traversals,
    neighbours,
)
"""In the order of the page; each that applies is shown."""
DRAWN = ("samples", "reconstructions", "styles", "codes")
"""Pictures in a run directory that stand in for those that need its data."""


def write_report(run: str | Path, *, model: Model | None = None, data: Data | str | None = None) -> Path:
    """Write `report.html` into a run directory; its path.

    A run with networks or parts of your own is given its `model`; one trained on arrays its `data`, or it is shown
    with the pictures that it drew when it ended. Raises `AAEError` where the directory holds no whole run.
    """
    kept = read_run(run)
    model = model or load(kept.folder)
    found, problem = _data(kept, data)
    path = kept.folder / REPORT
    write_text(path, render("report.html.j2", **_contents(kept, model, found, problem)))
    return path


def _data(run: Kept, data: Data | str | None) -> tuple[Data | None, str]:
    """The run's data, or what keeps it from being read."""
    if data is not None:
        return (data if isinstance(data, Data) else run_data(run.folder, data)), ""
    try:
        return run_data(run.folder, None), ""
    except AAEError as e:
        return None, str(e)


def _contents(run: Kept, model: Model, data: Data | None, problem: str) -> dict[str, Any]:
    history = read_history(run.history) if run.history.is_file() else None
    main, rest = figures.rows(run.figures, run.config.recipe)
    references = equilibria(model.recipe.all_phases(model.spec))
    return {
        "title": recipe_name(run),
        "folder": run.folder.name,
        "facts": facts(run, data, history),
        "networks": network_sizes(model.networks),
        "figures": main,
        "more_figures": rest,
        "judged": _judged(run),
        "remarks": run.remarks,
        "left_out": run.left_out,
        "changed": {short(key): row for key, row in changed(run.config).items()},
        "toml": to_toml(run.config),
        "blocks": list(_drawn(run) if data is None else _blocks(Subject(model, data, run.config.run.seed))),
        "vectors": not model.spec.is_image,
        "problem": problem,
        "charts": loss_charts(run.history, references) if history else [],
    }


def _judged(run: Kept) -> str:
    if "evaluated_on" not in run.figures:
        return ""
    what = "held-out" if run.figures.get("heldout") else "training"
    return f"{run.figures['evaluated_on']:,.0f} {what} samples"


def _blocks(s: Subject) -> Iterator[Block]:
    for draw in PICTURES:
        block = draw(s)
        if block is not None:
            yield block


def _drawn(run: Kept) -> Iterator[Block]:
    """The pictures the run drew when it ended."""
    for name in DRAWN:
        path = run.folder / f"{name}.png"
        if path.is_file():
            yield Photo(title=name.capitalize(), uri=f"data:image/png;base64,{b64encode(path.read_bytes()).decode()}")
