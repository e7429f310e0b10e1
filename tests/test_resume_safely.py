"""Going on with a run harms neither the run nor anybody's belief of what it is."""

import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from every_recipe import digits
from torch import nn

import aaecore
from aaecore import cli
from aaecore.config import structure
from aaecore.errors import RunError
from aaecore.observer import Observer
from aaecore.runs.checkpoints import Checkpoints
from aaecore.runs.lock import locked
from aaecore.runs.session import Session, new_model

SMALL = ["--set", "architecture.hidden=[6]", "--set", "data.limit=200", "--quiet"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    place = tmp_path_factory.mktemp("made")
    here = os.getcwd()
    os.chdir(place)
    try:
        for arguments in (["--out", "run"], ["--out", "family", "--seeds", "1,2"]):
            with pytest.raises(SystemExit) as end:
                cli.main(["train", "classic", "--epochs", "1", *SMALL, *arguments])
            assert end.value.code == 0
    finally:
        os.chdir(here)
    return place


@pytest.fixture
def place(made, tmp_path, monkeypatch):
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def train(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        cli.main(["train", "--resume", "--quiet", *arguments])
    return end.value.code, capsys.readouterr().err


def test_a_change_that_does_not_fit_leaves_the_run_as_it_was(place, capsys):
    before = Path("run/config.toml").read_bytes()
    code, said = train(capsys, "--out", "run", "--set", "code=3", "--allow-change", "code", "--epochs", "2",
                       "--allow-change", "epochs")  # fmt: skip
    assert code == 2
    assert "encoder does not fit the configuration: heads.code.bias is (8,) there, (3,) here; leave recipe.code" in said
    assert Path("run/config.toml").read_bytes() == before
    assert train(capsys, "--out", "run")[0] == 0


def test_the_configuration_changes_with_the_first_checkpoint_of_the_new_one(place, capsys):
    assert train(capsys, "--out", "run", "--epochs", "2", "--allow-change", "epochs")[0] == 0
    assert "epochs = 2" in Path("run/config.toml").read_text()
    assert train(capsys, "--out", "run")[0] == 0


def test_a_run_of_a_plugin_that_is_gone_says_what_to_install(place, capsys):
    Path("run/model.safetensors").unlink()  # as of a run that was interrupted
    config = Path("run/config.toml")
    config.write_text(config.read_text().replace('name = "classic"', 'name = "fancy"'))
    for manifest in Path("run/checkpoints").glob("*/manifest.json"):
        text = manifest.read_text()
        changed = re.sub('"version.aae-classic": ".*?"', '"version.aae-fancy": "2.1"', text)
        assert changed != text
        manifest.write_text(changed)
    code, said = train(capsys, "--out", "run")
    assert (code, said) == (2, "aae: error: run: this run needs 'aae-fancy==2.1'; pip install 'aae-fancy==2.1'\n")


def test_two_trainings_in_one_directory_are_refused(place, capsys):
    with locked(Path("run")):
        code, said = train(capsys, "--out", "run")
    assert (code, "another process is training in it" in said) == (2, True)
    assert train(capsys, "--out", "run")[0] == 0


def test_a_run_is_no_family(place, capsys):
    before = sorted(Path("run").iterdir())
    code, said = train(capsys, "--out", "run", "--seeds", "5")
    assert (code, "holds no family" in said) == (2, True)
    assert sorted(Path("run").iterdir()) == before


def test_a_family_goes_on_only_as_it_was_begun(place, capsys):
    code, said = train(capsys, "--out", "family", "--set", "prior=uniform")
    assert (code, "recipe.prior.name was 'gaussian'" in said) == (2, True)
    assert 'name = "uniform"' not in Path("family/config.toml").read_text()
    assert train(capsys, "--out", "family", "--epochs", "2", "--allow-change", "epochs")[0] == 0
    assert "epochs = 2" in Path("family/seed-2/config.toml").read_text()


def test_a_family_grows_by_seeds_and_finishes_what_was_killed_at_the_end(place, capsys):
    Path("family/seed-2/metrics.json").unlink()
    assert train(capsys, "--out", "family", "--seeds", "3")[0] == 0
    assert json.loads(Path("family/seeds.json").read_text()) == [1, 2, 3]
    assert json.loads(Path("family/summary.json").read_text())["seeds"] == [1, 2, 3]
    assert Path("family/seed-2/metrics.json").exists()


def test_a_list_of_no_seeds_is_refused(place, capsys):
    Path("family/seeds.json").write_text("[]")
    code, said = train(capsys, "--out", "family")
    assert (code, said.count("\n")) == (2, 1)


class StopAt(Observer):
    """Asks a training to stop after this batch of this stage."""

    def __init__(self, stage, epoch):
        self.at = (stage, epoch)

    def step_end(self, t, losses):
        if (t.stage_index, t.progress.epoch) == self.at:
            t.stop()


def test_a_stage_longer_than_the_recipes_epochs_goes_on(tmp_path):
    stacking = {"name": "pretrained", "supervised_epochs": 6}
    recipe = aaecore.compose("gasca-classifier", batch=8, epochs=2, stacking=stacking)
    session = {"config": structure({"recipe": recipe}), "data": digits(8, 1), "out": tmp_path / "run", "quiet": True}
    last = len(list(recipe.stacking.stages(*stage_arguments(recipe, session)))) - 1
    with pytest.raises(KeyboardInterrupt):
        Session(**session, observers=[StopAt(last, 4)]).run()
    model, _ = Session(**session, resume=True).run()
    assert model.metrics["classification_error"] >= 0


def stage_arguments(recipe, session):
    model = new_model(session["config"], session["data"])
    return model.networks, recipe.all_phases(model.spec), recipe


def test_the_last_checkpoint_of_a_stage_that_lost_its_patience_is_its_end(tmp_path):
    stacking, small = {"name": "single", "patience": 1}, {"name": "mlp", "hidden": [6]}
    still = {key: {"name": "sgd", "lr": 1e-12} for key in ("reconstruction_optimizer", "generator_optimizer")}
    recipe = aaecore.compose("classic", batch=8, epochs=50, stacking=stacking, architecture=small, **still)
    session = {"config": structure({"recipe": recipe}), "data": digits(8, 1), "out": tmp_path / "run", "quiet": True}
    Session(**session).run()
    steps = [json.loads(line)["step"] for line in (tmp_path / "run/history.jsonl").read_text().splitlines()]
    assert max(steps) + 1 < 50 * 3
    assert Checkpoints(tmp_path / "run/checkpoints").newest()[1].state["step"] == max(steps) + 1


def test_a_family_goes_on_with_data_given_by_a_relative_path(place, capsys):
    np.save("x.npy", np.random.default_rng(0).random((60, 4, 4)))
    arguments = ["classic", "--data", "x.npy", "--seeds", "1,2", "--epochs", "1", "--set", "batch=8", *SMALL]
    with pytest.raises(SystemExit) as end:
        cli.main(["train", *arguments, "--out", "new"])
    assert end.value.code == 0
    assert train(capsys, *arguments, "--out", "new") == (0, "")


@pytest.mark.parametrize("seeds", ["²", "1-", "-1", "3-1", "1,,2"])
def test_what_is_no_seed_is_said(place, capsys, seeds):
    code, said = train(capsys, "--out", "family", f"--seeds={seeds}")
    assert (code, "is no seed" in said) == (2, True)


def own_encoder():
    return {"encoder": nn.Sequential(nn.Flatten(), nn.Linear(64, 6), nn.Tanh(), nn.Linear(6, 8))}


class Stop(Observer):
    def step_end(self, t, losses):
        if t.step == 2:
            t.stop()


def test_networks_of_the_users_own_are_asked_for_again(tmp_path, capsys):
    recipe = aaecore.compose("classic", batch=6, epochs=1, architecture={"name": "mlp", "hidden": [6]})
    out, images = tmp_path / "run", digits(8, 1).x.take(range(24))
    again = r"networks=\{\"encoder\": \.\.\.\}"
    with pytest.raises(KeyboardInterrupt) as e:
        aaecore.train(recipe, images, networks=own_encoder(), out=out, quiet=True, observers=[Stop()])
    assert re.search(rf"go on with: aaecore.train\(\.\.\., {again}, out=.*, resume=True\)", str(e.value))
    with pytest.raises(RunError, match=rf"your own encoder; go on from Python, with {again} and out="):
        aaecore.train(recipe, images, out=out, quiet=True, resume=True)
    model = aaecore.train(recipe, images, networks=own_encoder(), out=out, quiet=True, resume=True)
    assert model.own == ("encoder",)


def test_a_run_of_the_recipes_networks_goes_on_with_these(tmp_path):
    recipe = aaecore.compose("classic", batch=6, epochs=1, architecture={"name": "mlp", "hidden": [6]})
    out, images = tmp_path / "run", digits(8, 1).x.take(range(24))
    with pytest.raises(KeyboardInterrupt):
        aaecore.train(recipe, images, out=out, quiet=True, observers=[Stop()])
    with pytest.raises(RunError, match="was trained with the recipe's networks only"):
        aaecore.train(recipe, images, networks=own_encoder(), out=out, quiet=True, resume=True)
