"""Real trainings on small problems, with the figures they must reach (check 9, and the point of semi-supervision)."""

import numpy as np
import pytest
import torch

from aaecore import compose, train
from aaecore.data import DataConfig, load_data
from aaecore.observer import Observer
from aaecore.optimizer import Adam


class Discriminated(Observer):
    """Keeps L_D of every step."""

    def __init__(self):
        self.losses = []

    def step_end(self, t, losses):
        """One more."""
        self.losses.append(losses["disc/L_D"])


def test_codes_of_correlated_data_become_the_unit_gaussian_and_the_discriminator_cannot_tell():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2000, 2)) @ np.array([[2.0, 1.0], [0.5, 1.0]]) + [3, -1]
    optimizers = {
        "reconstruction_optimizer": Adam(lr=1e-3, milestones=(150, 250)),
        "generator_optimizer": Adam(lr=1e-3, beta1=0.5, milestones=(150, 250)),
        "discriminator_optimizer": Adam(lr=1e-3, beta1=0.5, milestones=(250,)),
    }
    recipe = compose("classic", code=2, batch=250, architecture={"name": "mlp", "hidden": [32, 32]}, **optimizers)
    watched = Discriminated()
    model = train(recipe, x.astype(np.float32), epochs=300, heldout=0.0, quiet=True, observers=[watched])
    z = model.encode(x)
    assert z.mean(0).abs().max() < 0.1
    assert (z.std(0) - 1).abs().max() < 0.1
    assert np.mean(watched.losses[-160:]) == pytest.approx(1.386, abs=0.05)
    assert model.metrics["reconstruction_mse"] < 0.05 * x.var(0).mean()
    assert torch.corrcoef(z.T)[0, 1].abs() < 0.1


def classification_error(supervision, seed):
    optimizers = {
        "reconstruction_optimizer": Adam(lr=1e-3, milestones=(42,)),
        "discriminator_optimizer": Adam(lr=2e-4, beta1=0.5, milestones=(42,)),
        "generator_optimizer": Adam(lr=2e-4, beta1=0.5, milestones=(42,)),
        "classification_optimizer": Adam(lr=1e-3, milestones=(42,)),
    }
    sizes = {"architecture": {"name": "mlp", "hidden": [300, 300]}, "supervision": supervision}
    data = load_data(DataConfig(labels=100), seed)
    model = train(compose("classic-semi-supervised", **sizes, **optimizers), data, epochs=60, seed=seed, quiet=True)
    return model.metrics["classification_error"]


def test_unlabelled_digits_lower_the_error_of_100_labels_over_three_seeds():
    semi, only = ([classification_error(s, seed) for seed in range(3)] for s in ("semi", "only"))
    assert np.mean(semi) < 0.85 * np.mean(only)
    assert max(semi) < 0.1
