"""What codes should look like."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from torch import Tensor

from aaecore.errors import ConfigError
from aaecore.forward import Forward, Networks
from aaecore.part import Part
from aaecore.randomness import Draw
from aaecore.spec import Spec

if TYPE_CHECKING:
    from aaecore.recipe import Recipe


class Prior(Part):
    """A distribution p(z) of codes, known by its samples."""

    kind: ClassVar[str] = "prior"
    uses_labels: ClassVar[bool] = False
    """Whether `sample` heeds labels."""

    def sample(self, n: int, code: int, *, labels: Tensor | None, draw: Draw, net: Networks) -> Tensor:
        """`n` codes, (n, code).

        `labels` (n,) asks for codes of these classes, -1 or None for codes of any. Everything random comes from
        `draw`; a trained prior finds its networks in `net`.
        """
        raise NotImplementedError

    def sample_for(self, f: Forward, labels: Tensor | None) -> Tensor:
        """Codes for a batch, (B, code): `sample`, for priors that heed no more of the batch than labels."""
        return self.sample(f.n, f.recipe.code, labels=labels, draw=f.draw("z_prior"), net=f.net)

    def log_density(self, z: Tensor) -> Tensor | None:
        """log p(z) of codes (N, code), (N,), whatever their labels; None if it has no density that can be computed."""
        return None

    def check_labels(self, classes: int, recipe: Recipe) -> None:
        """Raise `ConfigError` unless codes of so many classes can be asked for, saying what could be."""
        if not self.uses_labels:
            raise ConfigError(
                "recipe.prior", f"this recipe needs a prior that heeds labels; choose from: {', '.join(_heeding())}"
            )

    def own_labels(self, spec: Spec) -> int:
        """By how many labels codes can be asked for to which it gives a meaning in whatever recipe; 0 for none."""
        return 0

    def own_condition(self, spec: Spec) -> int:
        """Width of the dense condition that codes can be asked for by; 0 if it heeds none."""
        return 0


def _heeding() -> list[str]:
    """The names of installed priors that heed labels."""
    from aaecore.plugins import registry  # the registry imports all parts

    known = registry()
    return [name for name in known.names("prior") if getattr(known.get("prior", name), "uses_labels", False)]
