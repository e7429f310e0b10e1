"""How many epochs each level and each fine-tuning takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import frozen


@frozen
class Budget:
    """Epochs of every level, and of the fine-tuning T(G) after some of them."""

    level: int
    tune: Mapping[int, int]


def share(epochs: int, levels: int, tuned: Sequence[int], level: int | None, tune: int | None) -> Budget:
    """What is not given is an even share of `epochs`, at least one.

    A level's share is the same whether every level is fine-tuned or the last alone, so that two strategies with equal
    `epochs` take equally many steps; what is left over goes to the last fine-tuning.
    """
    per_level = max(1, epochs // (2 * levels - 1)) if level is None else level
    if tune is not None or not tuned:
        return Budget(per_level, dict.fromkeys(tuned, tune or 0))
    rest = max(len(tuned) if levels > 1 else 0, epochs - levels * per_level)  # one level is the whole stack already
    even = {k: rest // len(tuned) for k in tuned}
    return Budget(per_level, {**even, tuned[-1]: even[tuned[-1]] + rest % len(tuned)})
