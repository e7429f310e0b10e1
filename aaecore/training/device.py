"""Devices, processes and precision, by Accelerate."""

from __future__ import annotations

import os

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import DistributedType

from aaecore.config import RunConfig
from aaecore.errors import ConfigError

_PRECISIONS = {"fp32": "no", "bf16": "bf16"}
_TOGETHER = (DistributedType.NO, DistributedType.MULTI_CPU, DistributedType.MULTI_GPU)
_ELSEWHERE = {
    "ACCELERATE_USE_FSDP": "FSDP shards one network, and an adversarial autoencoder is several",
    "ACCELERATE_USE_DEEPSPEED": "DeepSpeed drives one network by one optimizer, and here each phase has its own",
    "ACCELERATE_USE_MEGATRON_LM": "Megatron-LM trains transformers",
}


def make_accelerator(run: RunConfig) -> Accelerator:
    """The accelerator a run asks for; raises `ConfigError` where this machine has none such."""
    _check_launcher()
    AcceleratorState._reset_state(reset_partial_state=True)  # else the first run of a process decides for all
    try:
        accelerator = Accelerator(
            cpu=run.device == "cpu" or (_started() > 1 and not torch.accelerator.is_available()),
            mixed_precision=_PRECISIONS[run.precision],
            step_scheduler_with_optimizer=False,
        )
    except ValueError as e:
        raise ConfigError("run.precision", f"{e}; use fp32") from e
    found = accelerator.device
    if accelerator.num_processes != _started() or accelerator.distributed_type not in _TOGETHER:
        raise ConfigError("run", f"{accelerator.distributed_type} is not supported; use torchrun on CPUs or CUDA GPUs")
    choices = sorted({"cpu", found.type, str(found)})
    if run.device not in (None, "cpu", found.type, str(found)):
        hint = "; CUDA_VISIBLE_DEVICES chooses among several" if run.device.startswith("cuda:") else ""
        raise ConfigError("run.device", f"{run.device!r} is not here; choose from: {', '.join(choices)}{hint}")
    return accelerator


def release() -> None:
    """Leave the other processes in good order, when all work is done."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def _started() -> int:
    """How many processes the launcher says there are."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def _check_launcher() -> None:
    for variable, reason in _ELSEWHERE.items():
        if os.environ.get(variable, "false").lower() in ("1", "true"):
            raise ConfigError("run", f"{reason}; start plain data parallelism, with torchrun or accelerate launch")
