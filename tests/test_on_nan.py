"""A training that diverges: where it stops, what it says, and how it goes on without the bad updates."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import aaecore
from aaecore.cli import main
from aaecore.defaults.architectures import MLP
from aaecore.errors import DivergenceError
from aaecore.observer import Observer
from aaecore.optimizer import Adam
from aaecore.runs.checkpoints import network_tensors, optimizer_tensors
from aaecore.training.guard import Guard


class Losses(Observer):
    def __init__(self):
        self.steps = []

    def step_end(self, t, losses):
        self.steps.append(set(losses))


def poisoned(toy, steps):
    """Its rec phase has a gradient that is no number in these steps."""

    class Poisoned(toy):
        def own_phases(self, spec):
            rec, *others = super().own_phases(spec)

            def term(f):
                bad = f._draw.key[1] in steps
                return (f.x_rec * (float("nan") if bad else 0.0)).sum()

            return (rec.extended(terms={"poison": term}), *others)

    return Poisoned


def state(training):
    return network_tensors(training.model.networks) | optimizer_tensors(training._stepper.optimizers)


def test_a_bad_update_is_dropped_whole(toy, prepare):
    architecture = MLP(hidden=(6,), batch_norm="autoencoder")
    before = {}

    class Watch(Observer):
        def step_end(self, t, losses):
            before[t.step] = {k: v.clone() for k, v in state(t).items()}

    recipe = poisoned(toy, {2})(epochs=1, architecture=architecture, optimizer=Adam(lr=1e-3))
    training = prepare(recipe, observers=[Watch(), losses := Losses()])
    training.guard = Guard(limit=3)
    training.run()
    assert training.skipped == 1
    assert ["rec/L_rec" in step for step in losses.steps] == [True, True, False, True]
    assert all(v.isfinite().all() for v in before[4].values())
    for part in ("decoder/", "rec/"):  # no other phase moves the decoder, its statistics or the moments
        of_rec = [k for k in before[2] if k.startswith(part)]
        assert all(torch.equal(before[2][k], before[3][k]) for k in of_rec)
        assert not all(torch.equal(before[3][k], before[4][k]) for k in of_rec)


def test_a_run_without_bad_updates_is_the_same_with_a_guard(toy, prepare, fit):
    guarded = prepare(toy(), observers=[])
    guarded.guard = Guard(limit=0)
    guarded.run()
    assert all(torch.equal(a, b) for a, b in zip(state(fit(toy())).values(), state(guarded).values(), strict=True))


def test_beyond_the_limit_training_stops_and_says_where(toy, prepare):
    training = prepare(poisoned(toy, {0, 1, 2})(epochs=1))
    training.guard = Guard(limit=2)
    with pytest.raises(DivergenceError, match=r"phase 'rec' is not finite again, and 2 updates"):
        training.run()
    assert all(v.isfinite().all() for v in network_tensors(training.model.networks).values())


WILD = [
    "train",
    "classic",
    "--data",
    "x.npy",
    "--set",
    "batch=8",
    "--set",
    "reconstruction_optimizer.lr=1e30",
    "--quiet",
]
WILD += ["--set", "architecture.hidden=[6]", "--epochs", "3", "--out", "run"]


@pytest.fixture
def said(images, tmp_path, monkeypatch, capsys):
    """What `aae` says of a training with far too large a learning rate."""
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", images[0])

    def run(*arguments):
        with pytest.raises(SystemExit) as end:
            main([*WILD, *arguments])
        assert end.value.code == 2
        return capsys.readouterr().err

    return run


def test_the_last_good_checkpoint_is_named_and_what_to_try(said):
    told = said("--set", "run.checkpoint_steps=1")
    assert told.count("\n") == 1
    for words in (
        "phase 'rec'",
        "stage 'train'",
        "epoch 0",
        "smaller learning rate",
        "--on-nan skip",
        "step-000000001",
    ):
        assert words in told
    assert sorted(p.name for p in Path("run/checkpoints").iterdir()) == ["step-000000000", "step-000000001"]


def test_where_no_other_was_written_it_is_that_of_the_start(said):
    assert "step-000000000 is from before that" in said()


def test_skipping_has_a_limit_on_the_command_line(said):
    assert "5 updates have been skipped" in said("--on-nan", "skip", "--set", "run.nan_limit=5")


def test_weights_that_are_no_numbers_are_never_kept(images, tmp_path):
    decoder = nn.Sequential(nn.Linear(8, 16), nn.Unflatten(1, (1, 4, 4)))

    class Poison(Observer):
        def step_end(self, t, losses):
            if t.step == 4:
                nn.init.constant_(decoder[0].weight, float("inf"))

    recipe = aaecore.compose("classic", batch=8, epochs=1, architecture={"name": "mlp", "hidden": [6]})
    given = {"out": tmp_path / "run", "networks": {"decoder": decoder}, "observers": [Poison()], "quiet": True}
    with pytest.raises(DivergenceError, match="'decoder' are no longer finite"):
        aaecore.train(recipe, *images, **given)
    assert [p.name for p in (tmp_path / "run/checkpoints").iterdir()] == ["step-000000000"]


def test_the_number_of_skipped_updates_is_a_figure_and_survives_a_resume(toy, prepare):
    recipe, checkpoints = poisoned(toy, {1, 6})(epochs=2), []

    class Keep(Observer):
        def step_end(self, t, losses):
            checkpoints.append(t.checkpoint())

    first = prepare(recipe, observers=[Keep()])
    first.guard = Guard(limit=5)
    first.run()
    again = prepare(recipe)
    again.guard = Guard(limit=5)
    again.run(checkpoints[3])
    assert (first.skipped, checkpoints[3].state["skipped"], again.skipped) == (2, 1, 2)


def test_later_phases_of_a_batch_whose_update_was_dropped_can_go_back_through_batch_normalisation(tmp_path, capsys):
    rate = ["--set", "reconstruction_optimizer.lr=1e30", "--set", "architecture.batch_norm=autoencoder"]
    with pytest.raises(SystemExit):
        main(["train", "classic", "--epochs", "3", "--quiet", "--on-nan", "skip", "--out", str(tmp_path / "r"), *rate])
    assert "is not finite again" in capsys.readouterr().err
