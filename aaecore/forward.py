"""The quantities of one batch, in the papers' symbols, each computed at most once for as long as it is valid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from attrs import define
from torch import Tensor
from torch.nn import Module
from torch.nn.functional import one_hot

from aaecore.errors import DataError
from aaecore.randomness import Draw

if TYPE_CHECKING:
    from aaecore.recipe import Recipe
    from aaecore.spec import Spec

T = TypeVar("T")


class quantity(Generic[T]):  # noqa: N801 - a decorator
    """A method of a `Forward` as a lazily computed, cached attribute."""

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self.compute = compute
        self.name = compute.__name__
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, f: None, owner: type) -> quantity[T]: ...
    @overload
    def __get__(self, f: Forward, owner: type) -> T: ...
    def __get__(self, f: Forward | None, owner: type) -> quantity[T] | T:
        return self if f is None else f.quantity(self.name, self.compute)


@define
class _Cached:
    value: Any
    sources: set[str]


class Networks:
    """The networks by role, as attributes; notes which of them the quantity being computed came from."""

    def __init__(self, modules: Mapping[str, Module], note: Callable[[str], None]) -> None:
        self._modules = modules
        self._note = note

    def __getattr__(self, role: str) -> Module:
        self._note("net:" + role)
        return self._modules[role]

    def __contains__(self, role: str) -> bool:
        return role in self._modules

    __getitem__ = __getattr__


class Forward:
    """One batch on its way through the networks.

    `f.x_rec`, `f.z` and so on are computed on first use. A quantity stays valid over several phases until a network it
    came from has moved or a noise in it is redrawn. A loss asks for what it needs and never detaches anything: it is
    given a constant where the running phase moves none of the networks a quantity came from.
    A paper with new symbols extends this class by a `@quantity` each.
    """

    def __init__(
        self,
        recipe: Recipe,
        spec: Spec,
        networks: Mapping[str, Module],
        batch: Mapping[str, Tensor],
        draw: Draw,
        *,
        training: bool = True,
        sampled: bool = True,
        n: int | None = None,
        whole: Mapping[str, Tensor] | None = None,
    ) -> None:
        self.recipe = recipe
        self.spec = spec
        self.batch = batch
        self.training = training
        self.sampled = sampled
        """Whether `z` is drawn from the posterior; otherwise it is the posterior's mean."""
        self.n = len(next(iter(batch.values()))) if n is None else n
        """The number of samples in the batch, B."""
        self._whole = batch if whole is None else whole
        self.net = Networks(networks, self._note)
        self._draw = draw
        self._draws: Counter[str] = Counter()
        self._cache: dict[str, _Cached] = {}
        self._open: list[set[str]] = []
        self._moving: frozenset[str] = frozenset()

    # ---- the symbols

    @property
    def x(self) -> Tensor:
        """The batch, scaled: (B, C, H, W) or (B, F)."""
        return self.batch["x"]

    @property
    def target(self) -> Tensor:
        """What the reconstruction should equal: `x`, unless the data comes in pairs."""
        return self.batch.get("target", self.x)

    @property
    def labels(self) -> Tensor | None:
        """Class indices (B,), -1 where unlabelled; None for data without labels."""
        return self.batch.get("y")

    @property
    def asked_labels(self) -> Tensor | None:
        """Class indices (B,) that samples drawn from a trained model should have; None while training."""
        return self.batch.get("asked_labels")

    @property
    def condition(self) -> Tensor:
        """The dense condition vectors given with the data, (B, condition)."""
        return self.batch["condition"]

    @property
    def others_condition(self) -> Tensor:
        """For each sample the condition of another one of the global batch, (B, condition)."""
        return self._whole["condition"].roll(1, 0)[self._draw.share.rows(self.n)]

    def mean_over_labelled(self, values: Tensor) -> Tensor:
        """The mean of `values` (B,) over the labelled samples; 0 where none of the global batch is.

        Divides by the labelled samples of an average share, so that a mean over micro-batches and processes is the
        global batch's.
        """
        assert self.labels is not None
        count = (self._whole["y"] >= 0).sum().clamp(min=1) / self._draw.share.parts
        return values.where(self.labels >= 0, 0).sum() / count

    @quantity
    def x_in(self) -> Tensor:
        """What the encoder sees: `x`, corrupted as the recipe says (training only)."""
        if self.training and self.recipe.corrupts:
            return self.recipe.corrupt(self.x, self.draw("x_in"))
        return self.x

    @quantity
    def eta(self) -> Tensor:
        """The posterior's noise, one draw per sample and step."""
        return self.draw("eta").normal(self.n, self.recipe.posterior.noise(self.recipe.code))

    @quantity
    def encoded(self) -> dict[str, Tensor]:
        """What the encoder says of the batch: its heads by name; `code` holds the posterior's parameters."""
        return self.encode(self.x_in, self.eta if self.recipe.posterior.noisy_input else None)

    @quantity
    def mu(self) -> Tensor:
        """The posterior's mean, (B, code)."""
        return self.recipe.posterior.mean(self.encoded["code"])

    @quantity
    def sigma(self) -> Tensor:
        """The posterior's standard deviation, (B, code); zero if it has none in closed form."""
        return self.recipe.posterior.std(self.encoded["code"])

    @quantity
    def z(self) -> Tensor:
        """A code drawn from q(z|x), (B, code)."""
        if self.recipe.posterior.reparameterized and self.sampled:
            return self.mu + self.sigma * self.eta
        return self.mu

    @quantity
    def z_prior(self) -> Tensor:
        """Codes drawn from the prior p(z), (B, code); of samples asked for by code, these."""
        given = self.batch.get("asked_codes")
        return self.recipe.sample_prior(self) if given is None else given

    @quantity
    def x_rec(self) -> Tensor:
        """The reconstruction of `x` from its code."""
        return self.net.decoder(self.recipe.code_of_data(self))  # type: ignore[no-any-return]

    @quantity
    def x_gen(self) -> Tensor:
        """Samples decoded from draws of the prior."""
        return self.net.decoder(self.recipe.code_of_prior(self))  # type: ignore[no-any-return]

    @quantity
    def y_known(self) -> Tensor:
        """The label one-hot in K + 1 places, the last for "no label", (B, K + 1)."""
        if self.labels is None:
            raise DataError("this recipe's networks are given the samples' labels; give them, or data that has them")
        k = self.spec.classes
        return one_hot(self.labels.where(self.labels >= 0, k), k + 1).float()

    @quantity
    def y(self) -> Tensor:
        """The samples' own labels, one-hot (B, K); zero where unlabelled."""
        return self.y_known[:, :-1]

    @quantity
    def y_prior(self) -> Tensor:
        """The labels of new samples, one-hot (B, K): those asked for, or random ones."""
        k = self.draw("y_prior").integers(self.spec.classes, self.n)
        asked = self.asked_labels
        return one_hot(k if asked is None else asked.where(asked >= 0, k), self.spec.classes).float()

    # ---- running networks

    def encode(self, x: Tensor, noise: Tensor | None = None) -> dict[str, Tensor]:
        """Run the encoder on any samples; a plain tensor it returns is its `code` head."""
        out = self.net.encoder(x) if noise is None else self.net.encoder(x, noise)
        return out if isinstance(out, dict) else {"code": out}

    def draw(self, purpose: str) -> Draw:
        """A source of random numbers that is a function of seed, step and `purpose` only."""
        self._note("noise:" + purpose)
        self._draws[purpose] += 1
        return self._draw.purpose(purpose, self._draws[purpose])

    # ---- the mechanism

    def quantity(self, name: str, compute: Callable[[Any], T]) -> T:
        """The quantity `name`, computed by `compute(self)` unless it is still valid.

        A part may keep quantities of its own this way.
        """
        entry = self._cache.get(name)
        if entry is None:
            self._open.append(set())
            try:
                value = compute(self)
            finally:
                sources = self._open.pop()
            entry = self._cache[name] = _Cached(value, sources)
        if self._open:  # inside another quantity, which must remain differentiable
            self._open[-1] |= entry.sources
            return entry.value  # type: ignore[no-any-return]
        return entry.value if self._moving & entry.sources else detached(entry.value)  # type: ignore[no-any-return]

    def begin(self, moves: Iterable[str]) -> None:
        """From now on a phase runs that moves the networks `moves`."""
        self._moving = frozenset("net:" + role for role in moves)

    def end(self) -> None:
        """The running phase has moved its networks: forget everything that came from them."""
        self._forget(self._moving)
        self._moving = frozenset()

    def forget(self, roles: Iterable[str]) -> None:
        """Compute anew what came from the networks `roles`, when it is next needed."""
        self._forget(frozenset("net:" + role for role in roles))

    def redraw(self, purposes: Iterable[str] | None = None) -> None:
        """Draw these noises anew (all, if None) when they are next needed."""
        stale = ("noise:" + p for p in (self._draws if purposes is None else purposes))
        self._forget(frozenset(stale))

    def _forget(self, sources: frozenset[str]) -> None:
        for name in [name for name, entry in self._cache.items() if entry.sources & sources]:
            del self._cache[name]

    def _note(self, source: str) -> None:
        if self._open:
            self._open[-1].add(source)


def detached(value: Any) -> Any:
    """`value` as a constant: tensors, also inside mappings and tuples, cut from their graphs."""
    if isinstance(value, Tensor):
        return value.detach()
    if isinstance(value, Mapping):
        return {k: detached(v) for k, v in value.items()}
    if isinstance(value, tuple):
        return tuple(map(detached, value))
    return value
