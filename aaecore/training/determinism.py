"""The same bits every time, also on a GPU."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from aaecore.errors import AAEError

_WORKSPACE = "CUBLAS_WORKSPACE_CONFIG"


@contextmanager
def deterministic(wanted: bool) -> Iterator[None]:
    """Inside, if `wanted`, PyTorch uses only algorithms that give the same bits every time.

    Raises `AAEError` at an operation that has none such. What was set before is restored.
    """
    if not wanted:
        yield
        return
    before, workspace = torch.are_deterministic_algorithms_enabled(), os.environ.get(_WORKSPACE)
    torch.use_deterministic_algorithms(True)
    os.environ[_WORKSPACE] = workspace or ":4096:8"  # without it PyTorch refuses to multiply matrices on CUDA
    try:
        yield
    except RuntimeError as e:
        if "deterministic" not in str(e):
            raise
        raise AAEError(f"{str(e).partition(', but you')[0]}; set run.deterministic=false, or run.device=cpu") from e
    finally:
        torch.use_deterministic_algorithms(before)
        if workspace is None:
            del os.environ[_WORKSPACE]
