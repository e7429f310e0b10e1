"""Batch normalisation over the batch of all processes, on any device and differentiable twice.

PyTorch's own SyncBatchNorm works on GPUs only and replaces modules.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import torch
import torch.distributed as dist
from torch import Tensor
from torch.autograd.function import FunctionCtx
from torch.nn import Module
from torch.nn.modules.batchnorm import _BatchNorm


@contextmanager
def synchronised(network: Module) -> Iterator[None]:
    """While this lasts, batch normalisation layers of `network` take their statistics from all processes."""
    layers = [m for m in network.modules() if isinstance(m, _BatchNorm)]
    for layer in layers:
        layer.forward = partial(_normalise, layer)  # type: ignore[method-assign]
    try:
        yield
    finally:
        for layer in layers:
            layer.__dict__.pop("forward", None)  # two roles may hold one layer


def _normalise(layer: _BatchNorm, x: Tensor) -> Tensor:
    if not (layer.training or layer.running_mean is None):
        return type(layer).forward(layer, x)
    axes = [0, *range(2, x.dim())]
    wide = x.float()
    count = x.numel() // x.shape[1] * dist.get_world_size()
    mean = total(wide.sum(axes)) / count
    centred = wide - _beside(mean, x)
    variance = total(centred.square().sum(axes)) / count
    _remember(layer, mean.detach(), variance.detach(), count)
    out = centred * _beside((variance + layer.eps).rsqrt(), x)
    if layer.affine:
        out = out * _beside(layer.weight, x) + _beside(layer.bias, x)
    return out.to(x.dtype)


def _remember(layer: _BatchNorm, mean: Tensor, variance: Tensor, count: int) -> None:
    """Move the running statistics as `torch.nn.BatchNorm` does."""
    if layer.running_mean is None or layer.running_var is None or layer.num_batches_tracked is None:
        return
    layer.num_batches_tracked.add_(1)
    momentum = 1 / float(layer.num_batches_tracked) if layer.momentum is None else layer.momentum
    layer.running_mean.lerp_(mean.to(layer.running_mean.dtype), momentum)
    layer.running_var.lerp_((variance * count / (count - 1)).to(layer.running_var.dtype), momentum)


def _beside(channels: Tensor, x: Tensor) -> Tensor:
    return channels.view(1, -1, *[1] * (x.dim() - 2))


def total(values: Tensor) -> Tensor:
    """The sum over all processes, through which gradients flow to all of them."""
    return _Total.apply(values)  # type: ignore[no-any-return]


class _Total(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, values: Tensor) -> Tensor:
        summed = values.clone()
        dist.all_reduce(summed)
        return summed

    @staticmethod
    def backward(ctx: FunctionCtx, *grads: Tensor) -> Tensor:
        return total(grads[0].contiguous())
