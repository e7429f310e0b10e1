"""Discriminators' accuracy, and stages that end when they stop to improve."""

import json

import pytest
import torch
from attrs import evolve, frozen

from aaecore.adversary import Adversary, judges, told_apart
from aaecore.config import structure
from aaecore.data import from_arrays
from aaecore.defaults.losses import BCE
from aaecore.defaults.priors import Gaussian
from aaecore.defaults.stackings import Single
from aaecore.errors import ConfigError
from aaecore.observer import Observer
from aaecore.optimizer import SGD
from aaecore.runs.session import Session
from aaecore.stacking import Stage
from aaecore.training.patience import Patience


@frozen
class StopAfter(Observer):
    """Ends training after so many steps."""

    steps: int

    def step_end(self, t, losses):
        if t.step >= self.steps:
            t.stop()


@pytest.mark.parametrize(
    ("real", "fake", "share"),
    [([1.0, 2.0], [0.0, -1.0], 1.0), ([0.0], [3.0], 0.0), ([1.0, 1.0], [1.0], 0.5), ([0.0, 2.0], [1.0], 0.5)],
)
def test_accuracy_is_the_share_of_pairs_in_the_right_order(real, fake, share):
    assert told_apart(torch.tensor(real), torch.tensor(fake)) == share


def test_accuracy_heeds_no_threshold():
    real, fake = torch.randn(50) + 1, torch.randn(50)
    assert told_apart(real + 7, fake + 7) == pytest.approx(told_apart(real, fake).item(), abs=1e-3)


def test_only_terms_of_discriminators_are_judged(toy, prepare):
    training = prepare(toy())
    assert [j.network for j in judges(training.recipe.all_phases(training.model.spec))] == ["code_discriminator"]


def test_every_discriminator_of_one_phase_is_measured(toy, prepare):
    class Two(toy):
        def own_networks(self, spec):
            own = super().own_networks(spec)
            return {**own, "other": own["code_discriminator"]}

        def own_phases(self, spec):
            game = Adversary("other", real="z_prior", fakes=("z", "mu"), loss=BCE())
            return [
                p.extended(moves=("other",), terms={"L_other": game.discriminate}) if p.name == "disc" else p
                for p in super().own_phases(spec)
            ]

    training = prepare(Two(epochs=1))
    training.run()
    assert training.diagnostics.keys() == {"accuracy_code_discriminator", "accuracy_other"}
    assert all(0 <= value <= 1 for value in training.diagnostics.values())


def test_a_discriminator_that_scores_everything_alike_is_right_half_the_time(toy, prepare):
    training = prepare(toy())
    for parameter in training.model.networks["code_discriminator"].parameters():
        torch.nn.init.zeros_(parameter)
    assert accuracy(training) == 0.5


def test_a_discriminator_that_learns_alone_wins(toy, prepare):
    class Alone(toy):
        def own_phases(self, spec):
            return [p if p.role == "discriminator" else p.weighted(0) for p in super().own_phases(spec)]

    training = prepare(Alone(epochs=60, prior=Gaussian(std=5.0)))
    untrained = accuracy(training)
    training.run()
    assert accuracy(training) > max(0.65, untrained)


def accuracy(training):
    phases = training.recipe.all_phases(training.model.spec)
    return training._probe.accuracies(Stage("train", training.model.networks, phases, 1))["accuracy_code_discriminator"]


def test_measuring_leaves_networks_in_the_mode_they_were_in(toy, prepare):
    training = prepare(toy())
    encoder = training.model.networks["encoder"].train()
    encoder.blocks[0].eval()
    accuracy(training)
    assert (encoder.training, encoder.blocks[0].training) == (True, False)


def test_patience_counts_epochs_without_a_smaller_error():
    patience, spent = Patience(2), []
    for error in (3.0, 2.0, 2.0, 1.0, 1.5, 1.0):
        patience.look(error)
        spent.append(patience.spent)
    assert spent == [False, False, False, False, False, True]
    assert not Patience(None, since=10).spent


def test_a_stage_ends_when_its_error_on_heldout_samples_no_longer_falls(toy, prepare):
    still = prepare(toy(epochs=9, stacking=Single(patience=3), optimizer=SGD(lr=1e-30)))
    still.run()
    assert still.step == 4 * (1 + 3)  # the first epoch is the best


def test_a_stage_that_still_improves_goes_on(toy, prepare):
    training = prepare(toy(epochs=6, stacking=Single(patience=2), optimizer=SGD(lr=0.02)))
    training.run()
    assert training.step == 4 * 6


def test_the_error_watched_is_of_reconstructions_of_heldout_samples(toy, prepare, data):
    training = prepare(toy(epochs=1, stacking=Single(patience=1)))
    training.run()
    x = data.heldout.x.take(range(len(data.heldout)))
    expected = (training.model.reconstruct(x) - x).square().mean().item()
    assert training.diagnostics["heldout_error"] == pytest.approx(expected, rel=1e-5)


def test_a_resumed_run_ends_at_the_same_epoch(toy, images, tmp_path):
    recipe = toy(epochs=9, stacking=Single(patience=3), optimizer=SGD(lr=1e-30))
    config = structure({"recipe": recipe, "run": {"checkpoint_epochs": 1}})
    whole, cut = (Session(config=config, data=from_arrays(*images), out=tmp_path / n) for n in ("whole", "cut"))
    whole = evolve(whole, quiet=True)
    whole.run()
    stop = StopAfter(4 * 2 + 1)
    with pytest.raises(KeyboardInterrupt):
        evolve(cut, quiet=True, observers=[stop]).run()
    evolve(cut, quiet=True, resume=True).run()
    first, second = ((tmp_path / name / "history.jsonl").read_text() for name in ("whole", "cut"))
    assert first == second
    assert json.loads(first.splitlines()[-1])["epoch"] == 3


def test_patience_without_reconstructions_is_refused(toy, prepare):
    class NoDecoder(toy):
        def own_networks(self, spec):
            return {k: v for k, v in super().own_networks(spec).items() if k != "decoder"}

    with pytest.raises(ConfigError, match="goes by reconstructions"):
        prepare(NoDecoder(stacking=Single(patience=1)))
