import pytest

from aaecore.config import load_config
from aaecore.errors import ConfigError
from aaecore.sweeping.axes import Choices, Range, parse_axes, parse_axis
from aaecore.sweeping.points import check_combinations, combinations, config_of


def base(sets):
    return load_config("classic", None, ["architecture.hidden=[6]", *sets])


@pytest.mark.parametrize(
    ("text", "axis"),
    [
        ("prior=gaussian,mixture", Choices("prior", ("gaussian", "mixture"))),
        ("run.seed=1", Choices("run.seed", ("1",))),
        ("lr=1e-4:1e-2:log", Range("lr", 1e-4, 1e-2, whole=False, log=True)),
        ("code=2:16", Range("code", 2, 16, whole=True)),
        ("code=2:16:2", Range("code", 2, 16, whole=True, step=2)),
        ("input_noise=0:1.0", Range("input_noise", 0, 1, whole=False)),
        ("architecture.hidden=[64], [64,64]", Choices("architecture.hidden", ("[64]", "[64,64]"))),
        ('prior={name="mixture", modes=3},uniform', Choices("prior", ('{name="mixture", modes=3}', "uniform"))),
        ("prior=uniform,uniform", Choices("prior", ("uniform",))),
    ],
)
def test_what_varies_is_read_as_typed(text, axis):
    assert parse_axis(text) == axis


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "nothing is varied"),
        (["prior"], "expected KEY=A,B,C or KEY=LOW:HIGH"),
        (["=1,2"], "expected KEY=A,B,C"),
        (["lr=1:0.1"], "1 is not below 0.1"),
        (["lr=0:1:log"], "numbers are above 0, not 0"),
        (["lr=0:1:2"], "the step must be above 0 and within the range, not 2"),
        (["code=1,2", "code=3"], "--over code is given twice"),
        (["code=1,,2"], "expected KEY=VALUE"),
    ],
)
def test_what_makes_no_sense_is_refused(given, said):
    with pytest.raises(ConfigError) as caught:
        parse_axes(given)
    assert said in str(caught.value)


def test_a_key_that_is_no_setting_sets_all_that_end_with_it():
    recipe = config_of(base, {"lr": "0.25"}).recipe
    fields = ("reconstruction_optimizer", "discriminator_optimizer", "generator_optimizer")
    assert [getattr(recipe, name).lr for name in fields] == [0.25] * 3
    recipe = config_of(base, {"generator_optimizer.lr": "0.25"}).recipe
    assert (recipe.generator_optimizer.lr, recipe.reconstruction_optimizer.lr) == (0.25, 5e-4)


def test_settings_of_a_chosen_part_are_set_after_it():
    assert config_of(base, {"prior.bound": "3", "prior": "uniform"}).recipe.prior.bound == 3
    assert config_of(base, {"bound": "3", "prior": "uniform"}).recipe.prior.bound == 3


def test_combinations_are_all_choices_and_the_ends_of_ranges():
    axes = parse_axes(["prior=gaussian,uniform", "code=2:9"])
    assert [tuple(point.values()) for point in combinations(axes)] == [
        ("gaussian", "2"),
        ("gaussian", "9"),
        ("uniform", "2"),
        ("uniform", "9"),
    ]
    assert [config.recipe.code for config in check_combinations(base, axes)] == [2, 9, 2, 9]


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ("lrr=1,2", "recipe.lrr: there is no such setting; did you mean 'lr'?"),
        ("prior=gaussian,mixtur", "no prior named 'mixtur'; did you mean 'mixture'?"),
        ("code=0:4", "recipe.code: must be >= 1, not 0 (with code=0)"),
        ("architecture.hiden=[3],[4]", "mlp has no such setting; did you mean 'hidden'?"),
        ("data.limt=20", "data.limt: unknown; did you mean 'limit'?"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_before_the_first_trial(over, said):
    with pytest.raises(ConfigError) as caught:
        check_combinations(base, parse_axes([over]))
    assert said in str(caught.value)
