"""Periods, and groups of phases that repeat."""

import pytest
from aae_learnedprior.scheduler import Periodic

import aaecore
from aaecore.errors import ConfigError
from aaecore.optimizer import SGD
from aaecore.phase import Phase, Progress, Role


def phase(name: str, role: Role = "generator") -> Phase:
    return Phase(name, role, ("encoder",), {}, SGD())


PHASES = [
    phase("D_C", "discriminator"),
    phase("enc"),
    phase("dec"),
    phase("D_I", "discriminator"),
    phase("CG", "prior"),
]


def ran(scheduler: Periodic, step: int = 0) -> list[str]:
    progress = Progress(stage=0, epoch=step // 10, step=step, epochs=5, steps_per_epoch=10)
    return [p.name for p in scheduler.plan(PHASES, progress)]


def test_every_phase_runs_once_by_default() -> None:
    assert ran(Periodic(), 7) == ["D_C", "enc", "dec", "D_I", "CG"]


def test_a_phase_with_a_period_runs_on_every_nth_batch() -> None:
    scheduler = Periodic(every={"D_C": 5})
    assert [step for step in range(12) if "D_C" in ran(scheduler, step)] == [0, 5, 10]
    assert all("enc" in ran(scheduler, step) for step in range(12))


def test_a_period_of_0_is_once_at_the_end_of_an_epoch() -> None:
    scheduler = Periodic(every={"D_I+CG": 0})
    assert [step for step in range(30) if "CG" in ran(scheduler, step)] == [9, 19, 29]


def test_a_group_repeats_as_a_whole() -> None:
    assert ran(Periodic(repeats={"enc+dec": 3})) == ["D_C", "enc", "dec", "enc", "dec", "enc", "dec", "D_I", "CG"]


def test_a_phase_of_a_group_that_is_not_due_is_left_out_of_its_repeats() -> None:
    scheduler = Periodic(every={"D_C": 2}, repeats={"D_C+enc": 2})
    assert ran(scheduler, 1) == ["enc", "enc", "dec", "D_I", "CG"]


def test_a_role_stands_for_its_phases_and_a_name_goes_first() -> None:
    assert ran(Periodic(every={"discriminator": 2}), 1) == ["enc", "dec", "CG"]
    assert ran(Periodic(every={"discriminator": 2, "D_I": 1}), 1) == ["enc", "dec", "D_I", "CG"]
    assert ran(Periodic(repeats={"generator": 2})) == ["D_C", "enc", "dec", "enc", "dec", "D_I", "CG"]


@pytest.mark.parametrize("fields", [{"every": {"D_C": -1}}, {"repeats": {"D_C": 0}}, {"every": {"D_C": 1.5}}])
def test_counts_are_checked(fields: dict[str, dict[str, float]]) -> None:
    with pytest.raises((ValueError, TypeError)):
        Periodic(**fields)  # type: ignore[arg-type]


def test_a_phase_is_in_one_group() -> None:
    with pytest.raises(ValueError, match="'enc' twice"):
        Periodic(repeats={"enc+dec": 2, "enc": 3})


def test_a_phase_that_does_not_exist_is_refused() -> None:
    recipe = aaecore.compose("learnedprior", scheduler={"name": "periodic", "repeats": {"enc+deck": 2}})
    from aaecore.spec import Spec

    with pytest.raises(ConfigError, match="deck"):
        recipe.build(Spec(shape=(1, 8, 8), output="tanh"))
