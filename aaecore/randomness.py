"""Random numbers as a function of (seed, step, purpose), never of history or of the number of processes."""

import zlib
from functools import cache

import torch
from attrs import frozen
from torch import Tensor

_MASK = (1 << 63) - 1


@cache
def _word(purpose: str) -> int:
    return zlib.crc32(purpose.encode())


def mix(*numbers: int) -> int:
    """Scramble integers into one 63-bit seed (the finaliser of splitmix64, applied to each in turn)."""
    h = 0
    for n in numbers:
        h = (h + n + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
        h = ((h ^ (h >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
        h = ((h ^ (h >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
        h ^= h >> 31
    return h & _MASK


@frozen
class Share:
    """Which of `parts` equal slices of every global batch is worked on here (a process, or a micro-batch)."""

    index: int = 0
    parts: int = 1

    def rows(self, local: int) -> slice:
        """The rows of the global batch that this share's `local` rows are."""
        return slice(self.index * local, (self.index + 1) * local)

    def within(self, index: int, parts: int) -> "Share":
        """This share cut once more into `parts`."""
        return Share(self.index * parts + index, self.parts * parts)


class Draw:
    """A source of random tensors for one purpose; every call to one purpose continues its stream.

    The first axis of everything drawn is the batch. Each share draws the numbers of the whole global batch and keeps
    its own rows, so two processes together see exactly what one process sees.
    """

    def __init__(self, *key: int, device: torch.device | str = "cpu", share: Share | None = None) -> None:
        self.key = key
        self.device = torch.device(device)
        self.share = share or Share()
        self._generator: torch.Generator | None = None

    def purpose(self, name: str, redraw: int = 0) -> "Draw":
        """An independent source for another purpose; `redraw` numbers fresh draws within one step."""
        return Draw(*self.key, _word(name), redraw, device=self.device, share=self.share)

    @property
    def generator(self) -> torch.Generator:
        """The generator behind this purpose, seeded on first use."""
        if self._generator is None:
            self._generator = torch.Generator(self.device)
            self._generator.manual_seed(mix(*self.key))
        return self._generator

    def normal(self, n: int, *shape: int) -> Tensor:
        """Standard normal numbers, (n, *shape)."""
        full = torch.randn(n * self.share.parts, *shape, generator=self.generator, device=self.device)
        return self._mine(full, n)

    def uniform(self, n: int, *shape: int) -> Tensor:
        """Numbers uniform in [0, 1), (n, *shape)."""
        full = torch.rand(n * self.share.parts, *shape, generator=self.generator, device=self.device)
        return self._mine(full, n)

    def integers(self, below: int, n: int) -> Tensor:
        """Integers uniform in 0 .. below-1, (n,)."""
        full = torch.randint(below, (n * self.share.parts,), generator=self.generator, device=self.device)
        return self._mine(full, n)

    def permutation(self, n: int) -> Tensor:
        """A permutation of 0 .. n-1, the same on every share."""
        return torch.randperm(n, generator=self.generator, device=self.device)

    def _mine(self, full: Tensor, n: int) -> Tensor:
        return full if self.share.parts == 1 else full[self.share.rows(n)]
