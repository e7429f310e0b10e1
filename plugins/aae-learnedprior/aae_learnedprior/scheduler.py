"""A scheduler anybody can use: phases with periods, and groups of phases that repeat."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from attrs import field, frozen
from attrs.validators import and_, deep_mapping, ge, instance_of

from aaecore.phase import Phase, Progress
from aaecore.scheduler import PhaseScheduler


def _members(group: str) -> list[str]:
    return [name.strip() for name in group.split("+")]


def _disjoint(_instance: Any, attribute: Any, groups: Mapping[str, int]) -> None:
    names = [name for group in groups for name in _members(group)]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"'{attribute.name}' names {twice[0]!r} twice; let each phase be in one group")


def _counts(least: int) -> Any:
    return and_(deep_mapping(instance_of(str), and_(instance_of(int), ge(least))), _disjoint)


@frozen(kw_only=True)
class Periodic(PhaseScheduler):
    """Phases that run on every n-th batch only, and groups of phases that run n times on a batch.

    A group is written `enc+dec`; its members are names of phases, or roles for all phases of that role.

    every: for a phase or group, the number of batches from one run to the next; 0 for once, at the end of each epoch.
    repeats: for a phase or group, how often it runs on a batch, its phases in turn and each time with fresh noise.
    """

    every: Mapping[str, int] = field(factory=dict, validator=_counts(0))
    repeats: Mapping[str, int] = field(factory=dict, validator=_counts(1))

    def plan(self, phases: Sequence[Phase], progress: Progress) -> Iterable[Phase]:
        """The phases whose turn it is, in the recipe's order but for the repetition of groups."""
        due = [p for p in phases if _is_due(_found(self.every, p, 1), progress)]
        while due:
            group = self._group(due[0])
            length = next((i for i, p in enumerate(due) if self._group(p) != group), len(due)) if group else 1
            yield from due[:length] * (self.repeats[group] if group else 1)
            due = due[length:]

    def phase_names(self) -> Collection[str]:
        """All members of groups."""
        return [name for group in (*self.every, *self.repeats) for name in _members(group)]

    def _group(self, phase: Phase) -> str | None:
        return _holding(self.repeats, phase)


def _holding(groups: Iterable[str], phase: Phase) -> str | None:
    """The group a phase is in by name, or else by role."""
    by_name = (g for g in groups if phase.name in _members(g))
    return next(by_name, next((g for g in groups if phase.role in _members(g)), None))


def _found(groups: Mapping[str, int], phase: Phase, otherwise: int) -> int:
    group = _holding(groups, phase)
    return otherwise if group is None else groups[group]


def _is_due(every: int, progress: Progress) -> bool:
    if every == 0:
        return (progress.step + 1) % progress.steps_per_epoch == 0
    return progress.step % every == 0
