"""Exporting a trained model, checked against the model itself: what `aae export` does."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from importlib.util import find_spec
from io import BytesIO, StringIO
from pathlib import Path

import torch
from torch import Tensor

from aaecore.errors import AAEError, RunError
from aaecore.export.modules import Export, Module, example, export_of, exports
from aaecore.files import write_bytes
from aaecore.model import Model
from aaecore.runs.saved import load
from aaecore.use.outputs import output

ENDINGS = {"torch": ".pt2", "onnx": ".onnx"}
"""The ending of each format's files."""
SIZES = (1, 2, 5)
"""Batches of these sizes are compared with what the model says."""
TOLERANCE = 1e-4
"""How far from the model, as a share of the largest number it says, an export may be."""

Runner = Callable[..., Tensor]


def export(model: Model, path: str | Path, what: str = "encoder") -> float:
    """Write the `encoder`, `decoder`, `autoencoder` or `classifier` of a model to PATH.pt2 or PATH.onnx.

    What is written takes and gives data in its own units, in batches of any size. It is read again and compared with
    the model; the largest difference is returned, and `RunError` raised where that is more than rounding.
    """
    file = output(str(path), tuple(ENDINGS.values()))
    chosen = export_of(model, what)
    made = _torch if file.suffix == ENDINGS["torch"] else _onnx
    content, runner = made(Module(model, chosen), model, chosen)
    difference = _compared(model, chosen, runner, f"{file.name}, the {what},")
    write_bytes(file, content)
    return difference


def export_command(run: str, what: str, form: str | None, out: str) -> None:
    """`aae export`."""
    path, model = Path(out), load(run)
    if what != "both":
        file = path if path.suffix in ENDINGS.values() or form is None else path.with_name(path.name + ENDINGS[form])
        _agree(file, form)
        _say(file, what, export(model, file, what))
        return
    if form == "onnx":
        _need_onnx()
    _new_folder(path)
    for name in (name for name in ("encoder", "decoder") if name in exports(model)):
        file = path / f"{name}{ENDINGS[form or 'torch']}"
        _say(file, name, export(model, file, name))


def _torch(module: Module, model: Model, chosen: Export) -> tuple[bytes, Runner]:
    program = torch.export.export(module, example(model, chosen, 3), dynamic_shapes=_dynamic(chosen))
    program.example_inputs = None  # they would be pickled
    file = BytesIO()
    torch.export.save(program, file)
    content = file.getvalue()
    return content, torch.export.load(BytesIO(content)).module()


def _onnx(module: Module, model: Model, chosen: Export) -> tuple[bytes, Runner]:
    _need_onnx()
    import onnxruntime

    given = example(model, chosen, 3)
    with _quiet():
        program = torch.onnx.export(
            module,
            given,
            input_names=chosen.inputs,
            output_names=[chosen.output],
            dynamic_shapes=_dynamic(chosen),
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    content = program.model_proto.SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])

    def run(*rows: Tensor) -> Tensor:
        feed = {name: tensor.numpy() for name, tensor in zip(chosen.inputs, rows, strict=True)}
        return torch.from_numpy(session.run(None, feed)[0])

    return content, run


def _need_onnx() -> None:
    if missing := [name for name in ("onnx", "onnxscript", "onnxruntime") if find_spec(name) is None]:
        raise AAEError(f"ONNX needs {' and '.join(missing)}; pip install 'aaecore[export]'")


def _dynamic(chosen: Export) -> tuple[tuple[dict[int, torch.export.Dim], ...]]:
    batch = torch.export.Dim("batch")
    return (tuple({0: batch} for _ in chosen.inputs),)


def _compared(model: Model, chosen: Export, runner: Runner, who: str) -> float:
    """The largest difference between an export and the model, as a share of the largest number the model says."""
    worst = 0.0
    for n in SIZES:
        given = example(model, chosen, n)
        said = _said(model, chosen, given)
        with torch.no_grad():
            difference = (runner(*given) - said).abs().max() / said.abs().max().clamp(min=1e-6)
        worst = max(worst, float(difference))
        if not float(difference) <= TOLERANCE:
            raise RunError(f"{who} differs from the model by {float(difference):.2g} of its range; nothing was written")
    return worst


def _said(model: Model, chosen: Export, given: tuple[Tensor, ...]) -> Tensor:
    """What the model says; of one whose encoder takes noise, without that noise."""
    if not model.recipe.posterior.noisy_input or "x" not in chosen.inputs:
        return chosen.own(*given)
    with torch.no_grad():
        return Module(model, chosen)(*given)  # type: ignore[no-any-return]


def _agree(file: Path, form: str | None) -> None:
    if form is not None and file.suffix != ENDINGS[form]:
        raise RunError(f"{file}: --format {form} is written to files that end with {ENDINGS[form]}; leave one out")


def _new_folder(path: Path) -> None:
    if path.suffix in ENDINGS.values():
        raise RunError(f"{path}: encoder and decoder are two files; give a folder, or say --what encoder or decoder")
    try:
        path.mkdir(parents=True)
    except FileExistsError as e:
        raise RunError(f"{path}: exists already and is never overwritten; give another -o") from e


def _say(file: Path, what: str, difference: float) -> None:
    words = f"to {difference:.0e} of its range" if difference else "to the last bit"
    print(f"{file}: the {what}, which says what the model says {words}")


@contextmanager
def _quiet() -> Iterator[None]:
    """What PyTorch's exporter says of itself is of no use to anybody who exports a model."""
    with warnings.catch_warnings(), redirect_stdout(StringIO()):
        warnings.simplefilter("ignore")
        before = logging.root.manager.disable
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(before)
