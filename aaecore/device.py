"""Devices, processes and precision, by Accelerate."""

from __future__ import annotations

from accelerate import Accelerator
from accelerate.state import AcceleratorState

from aaecore.config import RunConfig
from aaecore.errors import ConfigError

_PRECISIONS = {"fp32": "no", "bf16": "bf16"}


def make_accelerator(run: RunConfig) -> Accelerator:
    """The accelerator a run asks for; raises `ConfigError` where this machine has none such."""
    AcceleratorState._reset_state(reset_partial_state=True)  # else the first run of a process decides for all
    try:
        accelerator = Accelerator(
            cpu=run.device == "cpu",
            mixed_precision=_PRECISIONS[run.precision],
            step_scheduler_with_optimizer=False,
        )
    except ValueError as e:
        raise ConfigError("run.precision", f"{e}; use fp32") from e
    found = accelerator.device
    choices = sorted({"cpu", found.type, str(found)})
    if run.device not in (None, "cpu", found.type, str(found)):
        raise ConfigError("run.device", f"{run.device!r} is not here; choose from: {', '.join(choices)}")
    if accelerator.num_processes > 1:
        raise ConfigError("run", "training on several processes is not supported yet; start one process")
    return accelerator
