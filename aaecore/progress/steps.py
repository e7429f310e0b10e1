"""Progress of what is not a training: so many steps, shown or not."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


class Steps:
    """Shows nothing."""

    def over(self, items: Sequence[T], doing: Callable[[T], str]) -> Iterator[T]:
        """The items one by one; `doing` says in a few words what is done with one."""
        yield from items


class ShownSteps(Steps):
    """Shows a bar on standard error; where that is no terminal, a line for each thing that is done."""

    def over(self, items: Sequence[T], doing: Callable[[T], str]) -> Iterator[T]:
        """The items one by one, under a bar labelled with what is done."""
        from rich.console import Console

        console = Console(stderr=True)
        if sys.stderr.isatty() and not console.is_dumb_terminal:
            yield from _under_bar(items, doing)
            return
        told = ""
        for item in items:
            if (now := doing(item)) != told:
                print(f"{now} ...", file=sys.stderr, flush=True)
                told = now
            yield item


def _under_bar(items: Sequence[T], doing: Callable[[T], str]) -> Iterator[T]:
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=len(items))
        for item in items:
            bar.update(task, description=doing(item))
            yield item
            bar.advance(task)
