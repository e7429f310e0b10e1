"""Feature networks in files that `torch.export.save` wrote, read without unpickling anything."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from aaecore.errors import RunError
from aaecore.features.network import FeatureNetwork

_TARGET = re.compile(r"torch\.ops\.(aten|prims|torchvision)\.\w+\.\w+|_operator\.\w+|torch\.sym_\w+|math\.\w+")
"""What a graph may call: operations on tensors and on their sizes."""
_SYMBOL = re.compile(r"Symbol\('\w+'(, \w+=(True|False))*\)")
_SIZE = re.compile(r"([su]\d+|[A-Z]\w*|\d+|[ +*/(),-])*")
"""Arithmetic of sizes, which torch evaluates: no word that Python itself knows."""


def read_exported(path: Path) -> FeatureNetwork:
    """A network whose features samples are compared by, from a .pt2 file.

    Raises `RunError` for a file that is none, that would have to be unpickled, or that calls more than operations on
    tensors.
    """
    try:
        content = _cleaned(path)
        network = torch.export.load(content).module(check_guards=False)
    except RunError:
        raise
    except Exception as e:  # whatever is in a file that somebody else wrote
        reason = " ".join(str(e).split())[:200]
        raise RunError(f"{path}: is missing, damaged or no file that torch.export.save wrote ({reason})") from e
    return FeatureNetwork(f"the network in {path.name}", network)


def _cleaned(path: Path) -> io.BytesIO:
    """The archive without its example inputs, which are pickled."""
    out = io.BytesIO()
    with zipfile.ZipFile(path) as given, zipfile.ZipFile(out, "w") as kept:
        for name in given.namelist():
            content = b"" if "/data/sample_inputs/" in name else given.read(name)
            kept.writestr(name, _checked(path, name, content))
    out.seek(0)
    return out


def _checked(path: Path, name: str, content: bytes) -> bytes:
    """What an entry holds, if it needs no unpickling and calls nothing but operations."""
    inside = name.partition("/")[2]
    if inside.endswith(".json"):
        described = json.loads(content)
        _check(path, described)
        if inside.startswith("models/"):
            described["guards_code"] = []
            return json.dumps(described).encode()
    elif inside.startswith("data/") and content and not re.search(r"/(weight|tensor)_\d+$", inside):
        raise RunError(f"{path}: holds {inside!r}, which is pickled or compiled; export it again, tensors only")
    return content


def _check(path: Path, described: Any) -> None:
    for key, value in _entries(described):
        if key == "use_pickle" and value is not False:
            raise RunError(f"{path}: has pickled tensors, which are never read; export it again with dense ones")
        if key == "target" and not _TARGET.fullmatch(str(value)):
            raise RunError(f"{path}: calls {str(value)[:80]!r}; only operations on tensors are run")
        if key == "expr_str" and not _SIZE.fullmatch(_SYMBOL.sub("", str(value))):
            raise RunError(f"{path}: has a size that is no arithmetic ({str(value)[:80]!r})")


def _entries(described: Any) -> Iterator[tuple[str, Any]]:
    """Every key with its value, at any depth."""
    pairs = described.items() if isinstance(described, dict) else ()
    yield from pairs
    for child in described.values() if isinstance(described, dict) else described:
        if isinstance(child, (dict, list)):
            yield from _entries(child)
