"""How unusual each sample is to a trained model: anomaly scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from torch import Tensor

from aaecore.adversary import Adversary, games
from aaecore.loss import without_noise

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from aaecore.forward import Forward
    from aaecore.model import Model


def scores(
    model: Model,
    x: ArrayLike | Tensor,
    *,
    labels: ArrayLike | Tensor | None = None,
    condition: ArrayLike | Tensor | None = None,
) -> dict[str, Tensor]:
    """Scores by name, (N,) each, as far as the recipe has what they are made of.

    `reconstruction_error`: mean squared error of a sample, in the data's own units.
    `prior_log_density`: log p(z) of its code, where the prior has a density.
    `discriminator_score`: what the discriminator of codes says of its code; higher is more like the prior.
    """

    def each(quantity: Callable[[Forward], Tensor]) -> Tensor:
        return model.compute(quantity, x, labels=labels, condition=condition, sample=False)

    found = {}
    if "decoder" in model.networks:
        found["reconstruction_error"] = each(lambda f: _error(model, f))
    if model.recipe.shapes_codes and (density := model.recipe.prior.log_density(each(lambda f: f.z))) is not None:
        found["prior_log_density"] = density
    if (game := _game(model)) and _is_told(game, model, labels is not None, condition is not None):
        found["discriminator_score"] = each(lambda f: without_noise(game.scores(f))(f.z).float())
    return found


def _error(model: Model, f: Forward) -> Tensor:
    x, x_rec = model.scaling.invert(f.x.float()), model.scaling.invert(f.x_rec.float())
    return (x - x_rec).flatten(1).square().mean(1)


def _game(model: Model) -> Adversary | None:
    """The game that tells codes from draws of the prior."""
    found = games(model.recipe.all_phases(model.spec))
    return next((game for game, _ in found if game.real == "z_prior" and "z" in game.fakes), None)


def _is_told(game: Adversary, model: Model, labels: bool, condition: bool) -> bool:
    """Whether the discriminator can be told all that it is told in training."""
    spec = model.spec
    return game.condition is None or ((labels or not spec.classes) and (condition or not spec.condition))
