"""What codes should look like."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from aaecore.forward import Networks
from aaecore.part import Part
from aaecore.randomness import Draw


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
