"""Several processes that train one model: what they must agree on. No network is wrapped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

import torch
import torch.distributed as dist
from accelerate import Accelerator
from attrs import frozen
from torch import Tensor
from torch.nn import Module, Parameter

from aaecore.errors import AAEError
from aaecore.randomness import Share
from aaecore.training.normalisation import synchronised


@frozen
class Processes:
    """This process among those that train together; where it is alone, all of this costs nothing.

    Each sees its share of every batch. After a phase's backward pass its gradients are averaged in one message, so all
    processes take the same step, and their networks stay the same to the last bit.
    """

    count: int
    index: int
    device: torch.device

    @classmethod
    def of(cls, accelerator: Accelerator) -> Processes:
        """The processes that a launcher has started."""
        return cls(accelerator.num_processes, accelerator.process_index, accelerator.device)

    @property
    def main(self) -> bool:
        """Whether this is the one that writes and speaks."""
        return self.index == 0

    @property
    def share(self) -> Share:
        """This process's part of every global batch."""
        return Share(self.index, self.count)

    def average(self, parameters: Sequence[Parameter]) -> None:
        """Set every gradient to its mean over the processes; one that no process has stays None."""
        if self.count == 1:
            return
        has = torch.tensor([float(p.grad is not None) for p in parameters], device=self.device)
        grads = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
        flat = torch.cat([has, *(g.float().flatten() for g in grads)])
        dist.all_reduce(flat)
        has, *parts = torch.split(flat, [len(parameters), *(p.numel() for p in parameters)])
        for parameter, part, found in zip(parameters, parts, has.tolist(), strict=True):
            parameter.grad = (part / self.count).view_as(parameter).to(parameter.dtype) if found else None

    def mean(self, values: Tensor) -> Tensor:
        """The mean of `values` over the processes."""
        if self.count == 1:
            return values
        total = values.detach().to(self.device, torch.float32, copy=True)
        dist.all_reduce(total)
        return total / self.count

    def any(self, flag: bool) -> bool:
        """Whether one of the processes says yes."""
        return flag if self.count == 1 else bool(self.mean(torch.tensor(float(flag))) > 0)

    def wait(self) -> None:
        """Go on only when all have come here."""
        self.any(False)

    def equalise(self, networks: Iterable[Module]) -> None:
        """Give every process the main one's parameters and buffers."""
        if self.count > 1:
            for network in networks:
                for tensor in network.state_dict().values():
                    dist.broadcast(tensor, src=0)

    @contextmanager
    def synchronised(self, networks: Mapping[str, Module]) -> Iterator[None]:
        """Batch normalisation in these networks is over the global batch."""
        with ExitStack() as stack:
            if self.count > 1:
                for network in networks.values():
                    stack.enter_context(synchronised(network))
            yield


@contextmanager
def together() -> Iterator[None]:
    """Say in one line that this process cannot go on because another one has ended."""
    try:
        yield
    except RuntimeError as e:
        if not (isinstance(e, dist.DistError) or "gloo" in str(e)):
            raise
        reason = " ".join(str(e).split())[:120]
        raise AAEError(
            f"another process of this training has ended, so this one ends too; see what that one said ({reason})"
        ) from e
