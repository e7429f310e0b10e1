"""What every kind of part fails by: one line that tells its author what to mend."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from aaecore.errors import AAEError
from aaecore.part import Part
from aaecore.randomness import Draw

T = TypeVar("T")
P = TypeVar("P", bound=Part)
GIVEN_DRAW = "take all random numbers from the given `draw`"


class ContractError(AssertionError):
    """A part does not do what the framework relies on."""


def demand(holds: object, part: object, problem: str) -> None:
    """Raise `ContractError` naming the part and the problem, unless it `holds`."""
    if not holds:
        raise ContractError(f"{title(part)} {problem}")


def title(part: object) -> str:
    """A part by its class's name."""
    return part.__name__ if isinstance(part, type) else type(part).__name__


def instance(part: P | type[P], *bases: type) -> P:
    """A part of one of these kinds as it is, or one of a class with its defaults."""
    cls = part if isinstance(part, type) else type(part)
    kinds = " or ".join(base.__name__ for base in bases)
    derived = "one of these" if len(bases) > 1 else kinds
    demand(issubclass(cls, bases), part, f"is no {kinds}; give an instance of a class derived from {derived}")
    demand(cls not in bases, part, f"is what every {cls.__name__} derives from; give an instance of a class of its own")
    demand("__attrs_attrs__" in vars(cls), part, "is not an attrs class; decorate it with @attrs.frozen(kw_only=True)")
    if not isinstance(part, type):
        return part
    try:
        return part()
    except TypeError as e:
        raise ContractError(f"{title(part)} cannot be made of its defaults ({e}); check an instance") from e


@contextmanager
def blamed(part: object, doing: str) -> Iterator[None]:
    """What is raised inside is the part's fault."""
    try:
        yield
    except (ContractError, AAEError):
        raise
    except Exception as e:
        reason = " ".join(str(e).split())[:300]
        raise ContractError(f"{title(part)} fails when {doing}: {type(e).__name__}: {reason}") from e


def repeated(part: object, compute: Callable[[], T], doing: str, remedy: str = GIVEN_DRAW) -> T:
    """What `compute` gives, if it gives the same again while every global source of randomness differs."""
    with torch.random.fork_rng(devices=[]), blamed(part, doing):
        first, second = _seeded(compute, 1), _seeded(compute, 2)
    demand(same(first, second), part, f"is not the same function again when {doing}: {remedy}, keep no state")
    return first


def _seeded(compute: Callable[[], T], seed: int) -> T:
    held = random.getstate(), np.random.get_state()
    try:
        torch.manual_seed(seed)
        random.seed(seed)
        np.random.seed(seed)
        return compute()
    finally:
        random.setstate(held[0])
        np.random.set_state(held[1])


def same(a: Any, b: Any) -> bool:
    """Whether two results are equal bit for bit, NaN like NaN."""
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return a.shape == b.shape and bool(torch.equal(a.nan_to_num(7.25), b.nan_to_num(7.25)))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


class Nowhere(Draw):
    """Random numbers on the device `meta`, which has shapes and no numbers: what stays on the CPU shows there."""

    def __init__(self) -> None:
        super().__init__(0, device="meta")

    def purpose(self, name: str, redraw: int = 0) -> Draw:
        """Itself."""
        return self

    def normal(self, n: int, *shape: int) -> Tensor:
        """(n, *shape)."""
        return torch.empty(n, *shape, device="meta")

    uniform = normal

    def integers(self, below: int, n: int) -> Tensor:
        """(n,)."""
        return torch.empty(n, dtype=torch.int64, device="meta")

    def permutation(self, n: int) -> Tensor:
        """(n,)."""
        return torch.empty(n, dtype=torch.int64, device="meta")


def on_any_device(part: object, compute: Callable[[], Tensor], doing: str) -> None:
    """Demand that what is computed of tensors on `meta` lies there; a value that is looked at cannot be judged."""
    remedy = "make tensors where those it is given lie (device=x.device)"
    try:
        found = compute()
    except (RuntimeError, NotImplementedError) as e:
        demand("device" not in str(e), part, f"mixes devices when {doing}; {remedy}")
        return
    demand(found.device.type == "meta", part, f"is on the wrong device when {doing}; {remedy}")
