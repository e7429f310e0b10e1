"""Any part with any other: every pair of installed parts trains, or is refused with a reason and a remedy."""

import re
from pathlib import Path

import pytest
import torch

import aaecore
from aaecore.config import change
from aaecore.errors import AAEError
from aaecore.plugins import registry
from aaecore.recipe import Recipe
from aaecore.testing import table
from aaecore.testing.bench import Bench, digits
from aaecore.testing.compositions import (
    choices,
    composed,
    crossed,
    foreign_row,
    recipe_named,
    recipe_names,
    refusal,
    refused_pairs,
    rows,
)
from aaecore.testing.pairs import Row, all_pairs, every_pair, pairs_of
from aaecore.testing.trial import try_out

REMEDY = re.compile(r"\b(set|choose|leave|give|use|add|take|free)\b")


@pytest.mark.parametrize("architecture", choices("architecture"))
def test_every_pair_of_parts_trains_moves_what_its_phases_name_and_reloads(architecture: str) -> None:
    failed = {str(row): outcome(Bench(), row) for row in rows() if row["architecture"] == architecture}
    assert set(failed.values()) == {None}, failed


def spelt(value: Row) -> str:
    """A row as an id."""
    return " ".join(value.values())


def outcome(recipe: Recipe, row: Row) -> str | None:
    """How a composition failed, None if it did not."""
    try:
        try_out(composed(recipe, row), digits())
    except Exception as e:
        return f"{type(e).__name__}: {e}"
    return None


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_trains_with_parts_of_others_or_refuses_them_before_training(name: str) -> None:
    row = foreign_row(name)
    why = refusal(composed(recipe_named(name), row))
    if why is None:
        assert outcome(recipe_named(name), row) is None, row
    else:
        assert_helpful(why)


def test_a_refusal_names_the_setting_and_says_what_would_work() -> None:
    for why in refused_pairs().values():
        assert_helpful(why)


def assert_helpful(why: str) -> None:
    """Whether a message begins with where it is, and ends with what to do about it."""
    assert re.match(r"(recipe(\.\w+)*|data): ", why), why
    assert REMEDY.search(why), why
    assert "\n" not in why


REFUSED = [
    ("classic-label-prior", {"prior": "categorical"}, "set code=4"),
    ("gasca", {"reconstruction": "bernoulli"}, "levels reconstruct features"),
    ("gasca-classifier", {"stacking": "greedy"}, "set stacking=pretrained"),
    ("learnedprior-vaegan", {"architecture": "dcgan"}, "choose from -1 to 1"),
    ("maagma", {"reconstruction": "discriminator-features", "architecture": "mlp"}, "told labels with its input"),
]


@pytest.mark.parametrize(("name", "parts", "said"), REFUSED, ids=lambda v: v if isinstance(v, str) else spelt(v))
def test_what_three_parts_cannot_do_together_is_refused_before_training(name: str, parts: Row, said: str) -> None:
    if name not in recipe_names():
        pytest.skip(f"no plugin here offers {name}")
    why = refusal(composed(recipe_named(name), parts))
    assert why is not None
    assert said in why


@pytest.mark.parametrize("condition", ["labels", "random"])
@pytest.mark.parametrize("name", recipe_names())
def test_a_learned_priors_condition_is_not_taken_for_labels_of_the_recipes_own(name: str, condition: str) -> None:
    if "learned" not in registry().names("prior"):
        pytest.skip("no plugin here offers a learned prior")
    prior = {"name": "learned", "condition": condition, "categories": 3}
    try:
        recipe = change(recipe_named(name), {"prior": prior}, path="recipe")
        model = aaecore.train(recipe, digits(), quiet=True, device="cpu")
    except AAEError as e:
        assert_helpful(str(e))
        return
    asked = model.recipe.sample_labels(model.spec)
    assert model.sample(2, labels=asked - 1 if asked else None).isfinite().all()
    if model.recipe.own_labels(model.spec):  # codes are one thing, labels another
        assert torch.equal(model.prior(3, labels=0), model.prior(3, labels=asked - 1))


def test_most_pairs_work() -> None:
    assert len(refused_pairs()) < 0.1 * len(every_pair(crossed()))


def test_the_table_says_what_is_refused_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "recipe_names", lambda: recipe_names()[:2])
    text = table.compositions()
    for name in recipe_names()[:2]:
        assert f"| `{name}` |" in text
    for pair, why in refused_pairs().items():
        assert f". {why}\n" in text
        assert all(f"`{name}`" in text for _, name in pair)


def test_the_page_has_a_place_for_the_table() -> None:
    assert "<!-- compositions -->" in (Path(__file__).parents[1] / "docs" / "compositions.md").read_text("utf-8")


# ---- the rows themselves

FACTORS = {"a": ["1", "2", "3"], "b": ["1", "2"], "c": ["1", "2", "3", "4"]}


def test_every_pair_of_choices_stands_in_some_row() -> None:
    found = all_pairs(FACTORS)
    covered = set().union(*map(pairs_of, found))
    assert covered == set(every_pair(FACTORS))
    assert len(found) < 3 * 2 * 4
    assert found == all_pairs(FACTORS)


def test_no_row_holds_an_impossible_pair() -> None:
    impossible = [p for p in every_pair(FACTORS) if p == frozenset({("a", "1"), ("b", "1")})]
    found = all_pairs(FACTORS, impossible)
    covered = set().union(*map(pairs_of, found))
    assert covered == set(every_pair(FACTORS)) - set(impossible)
