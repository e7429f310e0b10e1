"""Every recipe is what it was after it has been saved and loaded."""

import pytest

import aaecore
from aaecore.config import structure, to_toml
from aaecore.runs.saved import CONFIG, WEIGHTS, save_model

RECIPES = (
    "classic",
    "classic-label-prior",
    "classic-supervised",
    "classic-semi-supervised",
    "classic-clustering",
    "classic-dim-reduction",
    "classic-vae",
    "classic-dcgan",
)


@pytest.mark.parametrize("architecture", ["mlp", "cnn"])
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_comes_back_with_identical_outputs(bench, digits, tmp_path, recipe, architecture):
    b = bench(recipe, architecture)
    b.run()
    save_model(b.model, tmp_path / WEIGHTS)
    (tmp_path / CONFIG).write_text(to_toml(structure({"recipe": b.recipe})))
    again = aaecore.load(tmp_path)
    assert again.recipe == b.recipe
    x, y = digits.x.take(range(12)), digits.y[:12]
    assert again.sample(7, seed=5).equal(b.model.sample(7, seed=5))
    if "encoder" in b.networks:
        assert again.encode(x).equal(b.model.encode(x))
        assert again.reconstruct(x, labels=y).equal(b.model.reconstruct(x, labels=y))
    if b.recipe.predicts != "nothing":
        assert again.predict(x).equal(b.model.predict(x))
