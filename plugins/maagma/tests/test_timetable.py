"""Phases that start late, repeat, weigh less, or run in another order, in any recipe."""

import pytest
from maagma.timetable import Timetable, first_epoch

from aaecore import compose
from aaecore.errors import ConfigError
from aaecore.phase import Phase, Progress
from aaecore.spec import Spec

PHASES = [
    Phase(name, role, (), {}, None)
    for name, role in [("a", "discriminator"), ("b", "generator"), ("c", "discriminator"), ("d", "supervision")]
]


def names(epoch=0, epochs=100, **settings):
    planned = Timetable(**settings).plan(PHASES, Progress(0, epoch, 0, epochs, 1))
    return "".join(p.name for p in planned)


def test_an_empty_timetable_is_the_recipes_own_order():
    assert names() == "abcd"


@pytest.mark.parametrize(("epoch", "expected"), [(0, "ab"), (2, "ab"), (3, "abc"), (4, "abc"), (5, "abcd")])
def test_a_phase_runs_from_the_epoch_it_starts_in(epoch, expected):
    assert names(epoch, starts={"c": 3, "d": 5}) == expected


def test_a_start_below_one_is_a_share_of_the_stage():
    assert [names(e, 10, starts={"d": 0.6}) for e in (5, 6)] == ["abc", "abcd"]


@pytest.mark.parametrize(("start", "epochs", "epoch"), [(0.6, 500, 300), (0.604, 500, 302), (0.5, 5, 3), (300, 5, 300)])
def test_shares_round_up_to_the_epoch_they_mean(start, epochs, epoch):
    assert first_epoch(start, epochs) == epoch


def test_a_phase_repeats_where_it_stands():
    assert names(repeats={"a": 3, "d": 2}) == "aaabcdd"


def test_a_role_stands_for_its_phases_that_are_not_named():
    assert names(repeats={"discriminator": 2, "c": 3}) == "aabcccd"


def test_the_phases_in_the_order_run_first():
    assert names(order=("d", "b")) == "dbac"


def test_weights_multiply_the_phases_own():
    planned = Timetable(weights={"b": 0.5}).plan([PHASES[1].weighted(3)], Progress(0, 0, 0, 1, 1))
    assert [p.weight for p in planned] == [1.5]


def test_a_phase_of_weight_zero_is_left_out():
    assert names(weights={"discriminator": 0}) == "bd"


@pytest.mark.parametrize(
    "settings",
    [
        {"starts": {"d_out": -1}},
        {"starts": {"d_out": 1.5}},
        {"repeats": {"d_em": 0}},
        {"weights": {"confuse": -0.1}},
        {"order": ["confuse", "d_em", "confuse"]},
    ],
)
def test_settings_that_make_no_sense_are_refused(settings):
    with pytest.raises(ConfigError, match=next(iter(settings))):
        compose("maagma", scheduler={"name": "timetable", **settings})


@pytest.mark.parametrize("setting", ["starts", "repeats", "weights"])
def test_a_phase_that_does_not_exist_is_refused(setting):
    recipe = compose("maagma-aae", conditional=False, scheduler={"name": "timetable", setting: {"d_oout": 1}})
    with pytest.raises(ConfigError, match="'d_oout'"):
        recipe.build(Spec((1, 8, 8)))


def test_an_order_that_names_no_phase_is_refused():
    recipe = compose("maagma-aae", conditional=False, scheduler={"name": "timetable", "order": ["confuse"]})
    with pytest.raises(ConfigError, match="'confuse'"):
        recipe.build(Spec((1, 8, 8)))
