"""What can go wrong for a user: each error is one line naming the thing, the choices and the remedy."""

from collections.abc import Iterable
from difflib import get_close_matches


class AAEError(ValueError):
    """Anything a user can mend; the command line prints its message, without a traceback."""


class ConfigError(AAEError):
    """A refused setting; `path` says where it stands (`recipe.prior.modes`)."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}" if path else problem)
        self.path = path
        self.problem = problem


class DataError(AAEError):
    """Data that is missing, unreadable or cannot be trained on."""


class RunError(AAEError):
    """A run directory that cannot be written or read."""


class PluginError(AAEError):
    """A plugin, or a name a plugin offers, that cannot be used."""


class DivergenceError(AAEError):
    """A loss became NaN or infinite."""


class Interrupted(KeyboardInterrupt):
    """Training ended early, between two batches, because somebody asked for it."""


def suggest(word: str, choices: Iterable[str]) -> str:
    """The end of a message about an unknown `word`: the nearest choice, then all of them."""
    known = sorted(choices)
    near = get_close_matches(word, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"{hint}choose from: {', '.join(known) or 'nothing is installed'}"
