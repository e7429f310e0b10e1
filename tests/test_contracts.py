"""Everything installed keeps its contract."""

import pytest

from aaecore.config import make
from aaecore.plugins import registry
from aaecore.testing import (
    check_architecture,
    check_loss,
    check_prior,
    check_recipe,
    check_scheduler,
    check_stacking,
)
from aaecore.testing.small import small

CHECKS = {
    "prior": check_prior,
    "loss": check_loss,
    "scheduler": check_scheduler,
    "stacking": check_stacking,
    "architecture": check_architecture,
    "recipe": check_recipe,
}
INSTALLED = [(kind, name) for kind in CHECKS for name in registry().names(kind)]


@pytest.mark.parametrize(("kind", "name"), INSTALLED, ids=" ".join)
def test_a_part_keeps_its_contract(kind: str, name: str) -> None:
    CHECKS[kind](small(make(kind, name)))  # type: ignore[operator] # a check for each kind


def test_every_kind_that_plugins_offer_has_a_check() -> None:
    assert {kind for plugin in registry().plugins for kind in plugin.offers} - set(CHECKS) == {"posterior", "optimizer"}
