"""Configurations: layers, strictness, messages, and the way to a file and back."""

import tomllib
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Literal

import attrs
import numpy as np
import pytest
from attrs import Factory, field, frozen
from attrs.validators import ge, gt, min_len
from hypothesis import given, settings
from hypothesis import strategies as st

from aaecore.config import Config, RunConfig, load_config, make, structure, to_dict, to_toml
from aaecore.data import DataConfig
from aaecore.defaults.losses import KL
from aaecore.defaults.priors import Gaussian, Uniform
from aaecore.errors import ConfigError
from aaecore.hooks import hookimpl
from aaecore.loss import Loss
from aaecore.optimizer import SGD, Adam, Optimizer
from aaecore.plugins import Registry
from aaecore.posterior import GaussianPosterior
from aaecore.prior import Prior
from aaecore.recipe import Recipe


@frozen(kw_only=True)
class Mixture(Prior):
    """Gaussians on a circle.

    modes: how many.
    radius: of the circle.
    """

    modes: int = field(default=10, validator=ge(1))
    radius: float = field(default=4.0, validator=gt(0))


@frozen(kw_only=True)
class Warped(Prior):
    """Another prior, changed.

    base: the prior that is changed.
    by: how much.
    """

    base: Prior = Mixture(modes=3)
    by: float = 1.0


@frozen(kw_only=True)
class Exact(Prior):
    """A prior whose setting must be given."""

    at: float


@frozen(kw_only=True)
class Toy(Recipe):
    """A recipe with a field of every type.

    optimizer: how it moves.
    second: how something else moves.
    extra: a prior that may be missing.
    chosen: a prior that may be taken away.
    clip: largest gradient, none if it is not limited.
    sizes: two sizes.
    repeats: how often phases run, by name.
    mode: an integer or a word.
    layers: at least one.
    """

    optimizer: Optimizer = field(default=Adam(lr=3e-4, beta1=0.5))
    second: Optimizer = Factory(lambda self: attrs.evolve(self.optimizer, lr=self.optimizer.lr / 10), takes_self=True)
    extra: Prior | None = None
    chosen: Prior | None = field(factory=Mixture)
    clip: float | None = 1.0
    sizes: tuple[int, float] = (1, 2.0)
    repeats: Mapping[str, int] = field(factory=dict)
    mode: int | float | str = 1
    flag: bool = False
    layers: tuple[int, ...] = field(default=(3,), validator=min_len(1))
    form: Literal["a", "b", 3] = "a"


@frozen(kw_only=True)
class Bent(Loss):
    """A loss with something only Python can make."""

    function: Callable[[float], float] = abs


@hookimpl
def aaecore_priors():
    return {"mixture": Mixture, "warped": Warped, "exact": Exact}


@hookimpl
def aaecore_losses():
    return {"bent": Bent}


@hookimpl
def aaecore_recipes():
    return {"toy": Toy}


REGISTRY = Registry.from_modules(
    {
        "toys": SimpleNamespace(
            aaecore_priors=aaecore_priors, aaecore_losses=aaecore_losses, aaecore_recipes=aaecore_recipes
        )
    }
)


def load(*sets: str, recipe: str | None = "toy", config=None, **options) -> Config:
    return load_config(recipe, config, sets, options, registry=REGISTRY)


def toy(*sets: str) -> Toy:
    return load(*sets).recipe


def refused(*sets: str, **given) -> str:
    with pytest.raises(ConfigError) as e:
        load(*sets, **given)
    assert "\n" not in str(e.value)
    return str(e.value)


# ---- settings


def test_defaults_are_the_classes_own():
    assert load() == Config(recipe=Toy(), data=DataConfig(), run=RunConfig())


def test_a_part_is_set_by_its_name():
    assert toy("prior=mixture").prior == Mixture()
    assert toy('prior="mixture"').prior == Mixture()
    assert toy("prior.name=mixture").prior == Mixture()
    assert toy("recipe.prior=toys:mixture").prior == Mixture()


def test_a_part_is_set_by_a_table_with_name():
    assert toy('prior={name="mixture", modes=3}').prior == Mixture(modes=3)


def test_a_setting_of_a_part_named_before_changes_that_part():
    assert toy("prior=mixture", "prior.modes=12").prior == Mixture(modes=12)


def test_a_table_without_name_changes_the_part_that_stands_there():
    assert toy("optimizer.lr=0.5").optimizer == Adam(lr=0.5, beta1=0.5)
    assert toy("chosen={modes=2}").chosen == Mixture(modes=2)


def test_a_default_computed_from_another_field_follows_it():
    made = toy("optimizer.lr=0.5", "second.beta1=0.25")
    assert made.second == Adam(lr=0.05, beta1=0.25)


def test_a_part_inside_a_part_is_set_likewise():
    assert toy("prior=warped", "prior.base.radius=2").prior == Warped(base=Mixture(modes=3, radius=2.0))
    assert toy("prior=warped", "prior.base=uniform").prior == Warped(base=Uniform())


def test_setting_a_part_by_name_leaves_nothing_of_the_old_one():
    assert toy("optimizer=adam").optimizer == Adam()
    assert toy("optimizer.lr=0.5", "optimizer.weight_decay=1", "optimizer.lr=0.25").optimizer.weight_decay == 1


def test_a_setting_may_not_be_wiped_out_by_a_later_one():
    message = "recipe.prior.modes: would be lost when recipe.prior is set after it; set recipe.prior first"
    assert refused("prior.modes=12", "prior=mixture") == message
    assert refused("prior.modes=12", "prior.name=mixture") == message


def test_an_integer_is_taken_for_a_number_and_stays_one_elsewhere():
    assert isinstance(toy("optimizer.lr=1").optimizer.lr, float)
    assert toy("mode=1").mode == 1
    assert isinstance(toy("mode=1").mode, int)
    assert isinstance(toy("mode=1.0").mode, float)
    assert toy("mode=word").mode == "word"


def test_none_is_said_in_a_word():
    assert toy("clip=none").clip is None
    assert toy("chosen=none").chosen is None


def test_lists_and_tables_become_tuples_and_mappings():
    made = toy("sizes=[3, 4]", "repeats={a=1}", "repeats.b=2", "layers=[1, 2, 3]")
    assert (made.sizes, made.repeats, made.layers) == ((3, 4.0), {"a": 1, "b": 2}, (1, 2, 3))


def test_numpys_numbers_are_numbers():
    recipe = make("recipe", {"name": "toy", "code": np.int64(3), "clip": np.float32(0.5)}, registry=REGISTRY)
    assert (type(recipe.code), type(recipe.clip)) == (int, float)


def test_naming_the_recipe_again_changes_nothing():
    assert toy("code=3", "name=toy") == toy("code=3")
    assert "'tay', not 'toy'" in refused("name=tay")


def test_a_list_of_parts_takes_names_and_tables():
    made = toy("regularizers=['kl', {name='kl', weight=2}]")
    assert made.regularizers == (KL(), KL(weight=2.0))


def test_data_and_run_are_sections_of_their_own():
    made = load("data.limit=10", "run.seed=3", "run.device=cpu")
    assert (made.data.limit, made.run.seed, made.run.device) == (10, 3, "cpu")


def test_options_are_taken_as_they_are():
    made = load_config("toy", None, ["epochs=7"], {"data.source": "12", "recipe.epochs": 3}, registry=REGISTRY)
    assert (made.data.source, made.recipe.epochs) == ("12", 7)


# ---- files


@pytest.fixture
def file(tmp_path):
    def write(text: str | bytes, name: str = "c.toml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_a_file_comes_before_the_command_line(file):
    path = file('[recipe]\nname = "toy"\nprior = "mixture"\n[recipe.optimizer]\nlr = 0.5\n[data]\nlimit = 5\n')
    made = load("prior.modes=12", "data.limit=6", recipe=None, config=path)
    assert made.recipe == Toy(prior=Mixture(modes=12), optimizer=Adam(lr=0.5, beta1=0.5))
    assert made.data.limit == 6


def test_a_file_may_leave_the_recipe_to_the_command_line(file):
    assert load(config=file("[recipe]\ncode = 3\n")).recipe.code == 3
    assert load(recipe=None, config=file('recipe = "toy"\n')).recipe == Toy()


def test_a_file_for_another_recipe_is_refused(file):
    message = refused(config=file('[recipe]\nname = "classic"\n'))
    assert message == "recipe: the configuration is for 'classic', not 'toy'; give one of them"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[recipe\n", "c.toml: is not valid TOML: "),
        (b"a = 1\nb = \n", "at line 2"),
        (b"\xff\xfe\x00", "c.toml: is not UTF-8 text"),
        (b"a = " + b"[" * 100000, "c.toml: is n"),
        (b"", "recipe: none is named in "),
        (b"[recipe]\ncode = 2\n", "recipe: none is named"),
        (b"recipe = 3\n", "recipe: expected a recipe, got 3; choose from: toy"),
        (b"[recipe]\nname = 3\n", "recipe.name: expected the name of a recipe, got 3"),
        (b"recipe = 'toy'\ndata = 'digits'\n", "data: expected a table, got the string 'digits'"),
        (
            b"recipe = 'toy'\n[recpie]\n",
            "recpie: unknown; did you mean 'recipe'? choose from: data, recipe, run",
        ),
    ],
)
def test_a_bad_file_is_refused_in_one_line(file, content, said):
    assert said in refused(recipe=None, config=file(content))


def test_a_missing_file_a_directory_and_a_byte_order_mark(tmp_path, file):
    assert refused(config=tmp_path / "no.toml").endswith(
        "no.toml: no such file; a run directory has one, and `aae show RECIPE` prints one to start from"
    )
    assert refused(config=tmp_path).endswith("is a directory, not a TOML file")
    assert load(recipe=None, config=file(b"\xef\xbb\xbfrecipe = 'toy'\n")).recipe == Toy()


# ---- strictness


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("batch='12'", "recipe.batch: expected an integer, got the string '12'"),
        ("batch=12.0", "recipe.batch: expected an integer, got 12.0"),
        ("batch=true", "recipe.batch: expected an integer, got true"),
        ("flag=1", "recipe.flag: expected true or false, got 1"),
        ("optimizer.lr=true", "recipe.optimizer.lr: expected a number, got true"),
        ("optimizer.lr=nan", "recipe.optimizer.lr: expected a finite number, got nan"),
        ("optimizer.lr=-inf", "recipe.optimizer.lr: expected a finite number, got -inf"),
        (f"optimizer.lr=1{'0' * 400}", "recipe.optimizer.lr: expected a finite number, got inf"),
        ("optimizer.lr=fast", "recipe.optimizer.lr: expected a number, got the string 'fast'"),
        ("optimizer.lr=0", "recipe.optimizer.lr: must be > 0, not 0.0"),
        ("data.source=12", "data.source: expected a string, got 12"),
        ("run.seed=1979-05-27", "run.seed: expected an integer, got a date or time"),
        ("run.seed=-1", "run.seed: must be >= 0, not -1"),
        (
            "run.precision=fp16",
            "run.precision: no such choice 'fp16'; did you mean 'bf16'? choose from: bf16, fp32",
        ),
        ("form=4", "recipe.form: expected one of 'a', 'b', 3, got 4"),
        ("layers=3", "recipe.layers: expected a list, got 3"),
        ("layers=abc", "recipe.layers: expected a list, got the string 'abc'"),
        ("layers=[1, 'b']", "recipe.layers.1: expected an integer, got the string 'b'"),
        ("layers=[]", "recipe.layers: Length of 'layers' must be >= 1: 0"),
        ("sizes=[1]", "recipe.sizes: expected a list of 2, got 1"),
        ("repeats={a=1.5}", "recipe.repeats.a: expected an integer, got 1.5"),
        ("repeats=3", "recipe.repeats: expected a table, got 3"),
        ("mode=true", "recipe.mode: expected an integer or a number or a string, got true"),
        ("clip=much", "recipe.clip: expected a number, got the string 'much'"),
        ("prior=3", "recipe.prior: expected a prior, got 3; choose from: categorical, exact, gaussian"),
        ("prior={name=3}", "recipe.prior.name: expected the name of a prior, got 3"),
        ("prior=mixtura", "recipe.prior: no prior named 'mixtura'; did you mean 'mixture'? choose from: cat"),
        (
            "posterior=mixture",
            "recipe.posterior: no posterior named 'mixture'; choose from: deterministic, gaus",
        ),
        ("extra={modes=3}", "recipe.extra: needs a `name`; choose from: categorical"),
        ("prior=exact", "recipe.prior.at: must be given; it has no default"),
        ("regularizers=kl", "recipe.regularizers: expected a list, got the string 'kl'"),
        ("regularizers={weight=2}", "recipe.regularizers: expected a list, got a table"),
        (
            "regularizers=['mse-mean']",
            "recipe.regularizers.0: loss 'mse-mean' is no Regularizer; choose from: kl",
        ),
        (
            "regularizers=[{name='kl', weigt=1}]",
            "recipe.regularizers.0.weigt: kl has no such setting; did you mean 'w",
        ),
        (
            "reconstruction=bent",
            "recipe.reconstruction: loss 'bent' is no ReconstructionLoss; choose from: l1",
        ),
    ],
)
def test_a_wrong_value_is_refused_with_path_and_expectation(setting, said):
    assert refused(setting).startswith(said)


def test_an_unknown_setting_is_refused_with_the_nearest_and_the_choices():
    assert refused("prior=mixture", "prior.mods=3") == (
        "recipe.prior.mods: mixture has no such setting; did you mean 'modes'? choose from: modes, radius"
    )


def test_a_setting_of_another_part_says_whose_it_is():
    said = refused("prior.modes=3")
    assert said.endswith("gaussian has no such setting; choose from: std; 'modes' is a setting of mixture")


def test_a_setting_of_another_section_says_where_it_is():
    assert refused("labels=100").endswith("or did you mean data.labels?")


def test_several_problems_are_reported_at_once_in_one_line():
    said = refused("batch=x", "code=1.5", "data.limit=no", "run.seed=x", "epochs=0.5")
    assert said.startswith(
        "recipe.code: expected an integer, got 1.5; recipe.batch: expected an integer, got the string 'x'; "
    )
    assert said.endswith("and 2 more")


@pytest.mark.parametrize("text", ["", "=", "=1", "foo", "foo=", "a..b=1", ".=1", "prior={name='x'", "layers=[1"])
def test_a_setting_that_cannot_be_parsed_is_refused(text):
    assert "\n" not in refused(text)


def test_a_value_cannot_smuggle_in_further_settings():
    assert "expected an integer, got the string" in refused("batch=1\nepochs=2")


# ---- from Python


def test_make_takes_names_tables_and_parts():
    assert make("prior", "mixture", registry=REGISTRY) == Mixture()
    assert make(Prior, {"name": "mixture", "modes": 3}, registry=REGISTRY) == Mixture(modes=3)
    part = Mixture(modes=2)
    assert make("prior", part, registry=REGISTRY) is part
    recipe = make("recipe", {"name": "toy", "prior": part, "code": 2, "layers": (1, 2)}, registry=REGISTRY)
    assert recipe == Toy(prior=part, code=2, layers=(1, 2))


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("prior", Adam(), "prior: expected a prior, got an object of Adam"),
        (Optimizer, Mixture(), "optimizer: expected an optimizer, got an object of Mixture"),
        (
            "recipe",
            {"name": "toy", "prior": {"name": "mixture", "modes": "3"}},
            "recipe.prior.modes: expected an int",
        ),
        (
            "recipe",
            {"name": "toy", "posterior": Mixture()},
            "recipe.posterior: expected a posterior, got an object of M",
        ),
        (
            "recipe",
            {"name": "toy", "code": None},
            "recipe.code: expected an integer, got an object of NoneType",
        ),
    ],
)
def test_make_refuses_what_does_not_fit(kind, value, said):
    with pytest.raises(ConfigError) as e:
        make(kind, value, registry=REGISTRY)
    assert str(e.value).startswith(said)


# ---- to a file and back


def again(config: Config) -> Config:
    tables = to_dict(config, registry=REGISTRY)
    assert structure(tables, registry=REGISTRY) == config
    for comments in (True, False):
        text = to_toml(config, comments=comments, registry=REGISTRY)
        assert structure(tomllib.loads(text), registry=REGISTRY) == config
    return config


EVERYTHING = Toy(
    prior=Warped(base=Warped(base=Uniform(bound=2.0), by=-0.0)),
    posterior=GaussianPosterior(sigma="raw"),
    optimizer=SGD(lr=1e-300, milestones=(1, 2)),
    regularizers=(KL(weight=1e22), KL()),
    extra=Mixture(),
    chosen=None,
    clip=None,
    repeats={"a b": 1, "c": 2, 'd"': 3},
    mode="none",
    flag=True,
    form=3,
)


def test_a_configuration_comes_back_from_its_file():
    again(load())
    again(Config(recipe=EVERYTHING, data=DataConfig(labels=3, size=8), run=RunConfig(device="cpu", seed=2**62)))


def test_the_file_of_show_is_one_for_config(file):
    config = load("prior=mixture", "prior.modes=7", "data.labels=10")
    path = file(to_toml(config, registry=REGISTRY))
    assert load(recipe=None, config=path) == config
    assert load(config=path) == config


@settings(max_examples=60, deadline=None)
@given(
    source=st.text(st.characters(exclude_categories=["Cs"])),
    lr=st.floats(min_value=1e-300, allow_infinity=False, allow_nan=False),
    mode=st.one_of(
        st.integers(), st.floats(allow_infinity=False, allow_nan=False), st.text(st.characters(codec="ascii"))
    ),
    repeats=st.dictionaries(
        st.text(st.characters(codec="ascii")).filter(lambda k: k != "name"), st.integers(), max_size=3
    ),
)
def test_any_value_comes_back_from_its_file(source, lr, mode, repeats):
    mode = "x" + mode if isinstance(mode, str) else mode
    recipe = Toy(optimizer=Adam(lr=lr), mode=mode, repeats=repeats)
    again(Config(recipe=recipe, data=DataConfig(source=source)))


def test_a_file_explains_every_setting_and_says_what_else_there_is():
    text = to_toml(load(), registry=REGISTRY)
    for said in ("# how it moves: Adam", "# how often phases run", "# extra = ...", "or rmsprop, sgd"):
        assert said in text
    for key in attrs.fields_dict(Toy):
        assert f"{key} = " in text or f".{key}]" in text
    assert max(map(len, text.splitlines())) <= 110


def test_a_file_without_comments_has_none():
    assert "#" not in to_toml(load(), comments=False, registry=REGISTRY)


@frozen(kw_only=True)
class Unpublished(Prior):
    """No plugin offers it."""

    weight: float = 2.0


def test_a_part_composed_in_python_is_marked_and_cannot_be_read_back(file):
    text = to_toml(Config(recipe=Toy(prior=Unpublished())), registry=REGISTRY)
    assert 'name = "python:' in text
    assert "weight = 2.0" in text
    said = refused(recipe=None, config=file(text))
    assert said.startswith("recipe.prior: this run was composed in Python, from ")
    assert "Unpublished, which no plugin offers; give the recipe to aaecore.load(path, recipe=...)" in said


def test_a_value_only_python_can_make_is_marked_too():
    tables = to_dict({"loss": Bent()}, registry=REGISTRY)
    assert tables == {"loss": {"name": "bent", "function": "python:builtins.abs"}}
    with pytest.raises(ConfigError, match=r"loss.function: this run was composed in Python, from builtins.abs"):
        make("loss", tables["loss"], registry=REGISTRY)


def test_nothing_is_imported_because_a_configuration_names_it():
    assert "this run was composed in Python" in refused("prior=python:antigravity.Prior")
    import sys

    assert "antigravity" not in sys.modules


def test_an_ambiguous_name_is_written_with_its_plugin():
    other = SimpleNamespace(aaecore_priors=hookimpl(lambda: {"gaussian": Mixture}))
    registry = Registry.from_modules({"other": other})
    assert to_dict(Gaussian(), registry=registry)["name"] == "aaecore:gaussian"
    assert make("prior", "other:gaussian", registry=registry) == Mixture()
