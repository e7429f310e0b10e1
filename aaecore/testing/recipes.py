"""What every recipe must do."""

from __future__ import annotations

from torch import Tensor

from aaecore.data import Data
from aaecore.model import Model
from aaecore.recipe import Recipe
from aaecore.testing.configuration import check_configuration, check_file
from aaecore.testing.hosts import host_for
from aaecore.testing.problems import demand, instance
from aaecore.testing.small import small
from aaecore.testing.trial import outputs, try_out


def check_recipe(recipe: Recipe | type[Recipe], *, data: Data | None = None) -> None:
    """Raise `ContractError`, with what to mend, unless a recipe keeps its contract.

    It is trained for two steps with small networks and batches, on `data`; by default on small digits, or on vectors.
    """
    recipe = instance(recipe, Recipe)
    check_configuration(recipe)
    check_file(recipe)
    host = host_for(recipe, lambda base: base, small(recipe), data)
    model = try_out(host.recipe, host.data, recipe)
    check_model(recipe, model, host.data)


def check_model(recipe: Recipe, model: Model, data: Data) -> None:
    """Demand outputs of the shapes that users are promised."""
    n, said = 6, outputs(model, data)
    rows = {"sample": 5}
    shapes = {"reconstruct": data.shape, "sample": data.shape}
    for name, value in said.items():
        wanted = (rows.get(name, n), *shapes.get(name, value.shape[1:]))
        text = f"makes a model whose {name} gives {tuple(value.shape)}, not {wanted}"
        demand(tuple(value.shape) == wanted, recipe, text)
        demand(value.isfinite().all(), recipe, f"makes a model whose {name} gives NaN or infinite numbers")
    if "predict" in said:
        check_probabilities(recipe, said["predict"])


def check_probabilities(recipe: Recipe, p: Tensor) -> None:
    """Demand that each row sums to 1."""
    summed = (p >= 0).all() and (p.sum(1) - 1).abs().max() < 1e-4
    demand(summed, recipe, "makes a model whose predict gives no probabilities; end with softmax(dim=1)")
