"""Whatever a configuration or an array holds: it trains, or it is refused in one line with the path."""

import tomllib
from collections.abc import Callable

import attrs
import numpy as np
import pytest
from every_recipe import digits, small
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import aaecore
from aaecore.config import Config, RunConfig, load_config, structure, to_dict, to_toml
from aaecore.data import Data, DataConfig, from_arrays
from aaecore.errors import AAEError, ConfigError
from aaecore.observer import Observer
from aaecore.part import Part
from aaecore.plugins import registry
from aaecore.runs.session import new_model
from aaecore.training import Training
from aaecore.training.device import make_accelerator

RECIPES = registry().names("recipe")
CALM = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
WORDS = st.sampled_from(
    ["classic", "mixture", "auto", "single", "mlp", "bce", "kl", "1e-3", "", "ü", "nan", "[", "a.b"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 10**12) | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=2),
    max_leaves=4,
)


class OneStep(Observer):
    def step_end(self, t, losses):
        t.stop()


def train_a_step(config: Config, data: Data) -> None:
    training = Training(new_model(config, data), data, make_accelerator(RunConfig(device="cpu")), observers=[OneStep()])
    with pytest.raises(KeyboardInterrupt):
        training.run()


def choices(part: type[Part], name: str) -> st.SearchStrategy[object]:
    """Valid values of a field, as a user might set it: names of parts, numbers near the default."""
    default = getattr(part(), name)
    if isinstance(default, Part):
        return st.sampled_from(registry().names(default.kind))
    if isinstance(default, bool):
        return st.booleans()
    if isinstance(default, int):
        return st.integers(0, 8)
    return st.floats(0, 2) if isinstance(default, float) else st.just(default)


@st.composite
def composed(draw: st.DrawFn) -> dict[str, object]:
    """A recipe with some fields changed."""
    name = draw(st.sampled_from(RECIPES))
    recipe = type(aaecore.compose(name))
    fields = [f.name for f in attrs.fields(recipe) if f.name not in ("batch", "epochs", "labelled_batch", "stacking")]
    chosen = draw(st.lists(st.sampled_from(fields), max_size=3, unique=True))
    return {"name": name} | {f: draw(choices(recipe, f)) for f in chosen}


def refused(attempt: Callable[[], object]) -> AAEError | None:
    """Why an attempt was refused, in one line; None if it was not. Any other error fails the test."""
    try:
        attempt()
    except AAEError as error:
        found = error
    else:
        return None
    assert "\n" not in str(found)
    return found


@CALM
@given(composed())
def test_a_composition_trains_a_step_and_round_trips_or_is_refused(tree):
    made = []

    def attempt() -> None:
        recipe = aaecore.config.change(aaecore.compose(**tree), {"batch": 8, "epochs": 1}, path="recipe")
        made.append(structure({"recipe": recipe, "run": {"device": "cpu"}}))
        new_model(made[0], digits(8, 1))

    if refused(attempt) is None:
        assert structure(to_dict(made[0])) == made[0]
        assert structure(tomllib.loads(to_toml(made[0]))) == made[0]
        refused(lambda: train_a_step(made[0], digits(8, 1)))  # learning rates may be anything


KEYS = sorted({f"recipe.{f.name}" for f in attrs.fields(type(aaecore.compose("classic")))})
KEYS += [f"data.{f.name}" for f in attrs.fields(DataConfig)] + [f"run.{f.name}" for f in attrs.fields(RunConfig)]
KEYS += [
    "recipe.prior.std",
    "recipe.prior.modes",
    "recipe.posterior.name",
    "recipe.nothing",
    "nothing",
    "recipe",
    "a.b",
]


@settings(CALM, max_examples=300)
@given(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=3))
def test_any_settings_are_taken_or_refused_with_their_path(given_settings):
    made = []
    error = refused(lambda: made.append(load_config("classic", None, (), given_settings)))
    if error is None:
        assert structure(tomllib.loads(to_toml(made[0]))) == made[0]
    else:
        assert isinstance(error, ConfigError)
        assert error.path


@settings(CALM, max_examples=300)
@given(st.text(max_size=30))
def test_anything_typed_after_set_is_taken_or_refused(text):
    refused(lambda: load_config("classic", None, (text,), {}))


DTYPES = st.sampled_from(["f2", "f4", "f8", "i1", "i8", "u1", "u8", ">f4", "?", "c8", "U3", "O", "M8[s]"])
SHAPES = arrays.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=12)


@st.composite
def odd_arrays(draw: st.DrawFn) -> np.ndarray:
    """Arrays of any kind: NaN, infinities, huge and constant values among them."""
    shape, dtype = draw(SHAPES), np.dtype(draw(DTYPES))
    if dtype.kind in "UOM":
        return np.zeros(shape, dtype)
    scale = draw(st.sampled_from([0.0, 1.0, 255.0, -1.0, 1e30, float("inf"), float("nan")]))
    with np.errstate(all="ignore"):
        return (np.random.default_rng(0).random(shape) * scale).astype(dtype)


@settings(CALM, max_examples=150)
@given(odd_arrays(), st.none() | odd_arrays(), st.sampled_from([0.0, 0.2, 0.9]))
def test_any_arrays_become_data_that_trains_or_are_refused(x, y, heldout):
    made = []

    def attempt() -> None:
        made.append(from_arrays(x, y, heldout=heldout))
        recipe = aaecore.config.change(small("classic"), {"batch": 2, "code": 2}, path="recipe")
        train_a_step(structure({"recipe": recipe, "run": {"device": "cpu"}}), made[0])

    if refused(attempt) is None:
        assert made[0].x.take(range(len(made[0]))).isfinite().all()
