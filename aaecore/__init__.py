"""Adversarial autoencoders as replaceable parts."""

from importlib import import_module

TYPE_CHECKING = False  # the command imports this first, and `typing` would take longer than all that is here
if TYPE_CHECKING:
    from aaecore.api import compose, train
    from aaecore.data import Data, from_arrays, load_data
    from aaecore.errors import AAEError
    from aaecore.evaluation import evaluate
    from aaecore.hooks import hookimpl
    from aaecore.model import Model
    from aaecore.runs.saved import load

_WHERE = {
    "AAEError": "errors",
    "compose": "api",
    "evaluate": "evaluation",
    "Data": "data",
    "Model": "model",
    "from_arrays": "data",
    "hookimpl": "hooks",
    "load": "runs.saved",
    "load_data": "data",
    "train": "api",
}

__all__ = ["AAEError", "Data", "Model", "compose", "evaluate", "from_arrays", "hookimpl", "load", "load_data", "train"]


def __getattr__(name: str) -> object:
    """Import what is asked for, so that `import aaecore` does not import torch."""
    if name not in _WHERE:
        raise AttributeError(f"module 'aaecore' has no attribute {name!r}")
    return getattr(import_module(f"aaecore.{_WHERE[name]}"), name)
