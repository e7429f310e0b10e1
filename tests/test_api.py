import json

import numpy as np
import pytest
import torch
from torch import nn

import aaecore
from aaecore.defaults.priors import Uniform
from aaecore.errors import AAEError, ConfigError, DataError, RunError
from aaecore.observer import Observer

X = np.random.default_rng(0).random((40, 4, 4)).astype(np.float32)
Y = np.arange(40) % 4
SMALL = {"architecture": {"name": "mlp", "hidden": [6]}, "batch": 8, "epochs": 1}


def train(recipe, *arguments, **options):
    return aaecore.train(recipe, *arguments, quiet=True, device="cpu", **options)


def test_a_recipe_is_trained_on_arrays_somebody_holds(toy):
    model = train(toy(epochs=1), X, Y)
    assert model.encode(X).shape == (40, 2)
    assert model.sample(3).shape == (3, 1, 4, 4)
    assert model.metrics["heldout"] == 1.0
    assert model.metrics["evaluated_on"] == 8
    assert model.metrics["reconstruction_mse"] > 0


def test_tensors_lists_and_vectors_will_do(toy):
    for x in (torch.from_numpy(X), X.tolist(), X.reshape(40, 16).astype(np.float64)):
        assert train(toy(epochs=1), x).encode(x).shape == (40, 2)


def test_a_recipe_is_composed_of_any_registered_part():
    recipe = aaecore.compose("classic", prior={"name": "uniform", "bound": 2.0}, posterior="gaussian", code=3, **SMALL)
    assert recipe.prior == Uniform(bound=2.0)
    assert train(recipe, X).prior(100).abs().max() <= 2
    assert aaecore.compose("classic", prior=Uniform()).prior == Uniform()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"priar": "gaussian"}, "recipe.priar: classic has no such setting; did you mean 'prior'"),
        ({"prior": "gausian"}, "recipe.prior: no prior named 'gausian'; did you mean 'gaussian'"),
        ({"prior": {"name": "uniform", "bound": -1}}, "recipe.prior.bound: must be > 0, not -1"),
        ({"code": "ten"}, "recipe.code: expected an integer, got the string 'ten'"),
        ({"code": 0}, "recipe.code: must be >= 1, not 0"),
        ({"prior": "l1-mean"}, "recipe.prior: no prior named 'l1-mean'"),
    ],
)
def test_a_composition_that_does_not_exist_is_refused(settings, said):
    with pytest.raises(ConfigError) as caught:
        aaecore.compose("classic", **settings)
    assert str(caught.value).startswith(said)


def test_a_users_own_networks_are_trained(toy):
    encoder, decoder = nn.Sequential(nn.Flatten(), nn.Linear(16, 2)), nn.Linear(2, 16)
    before = encoder[1].weight.clone()
    own = {"encoder": encoder, "decoder": nn.Sequential(decoder, nn.Sigmoid(), nn.Unflatten(1, (1, 4, 4)))}
    model = train(toy(epochs=1), X, networks=own)
    assert model.networks["encoder"] is encoder
    assert not torch.equal(encoder[1].weight, before)


def test_training_goes_on_with_networks_that_were_trained_before(toy):
    first = train(toy(epochs=1), X)
    before = {k: v.clone() for k, v in first.networks["encoder"].state_dict().items()}
    again = train(toy(epochs=1), X, networks=first.networks)
    assert any(not torch.equal(v, before[k]) for k, v in again.networks["encoder"].state_dict().items())


def test_a_run_directory_is_written_where_asked_and_only_there(toy, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    train(toy(epochs=1), X)
    assert list(tmp_path.iterdir()) == []
    model = train(toy(epochs=1), X, out=tmp_path / "run")
    found = {p.name for p in (tmp_path / "run").iterdir()}
    pictures = {"samples.png", "reconstructions.png", "codes.png", "losses.png"}
    assert found == {"config.toml", "model.safetensors", "metrics.json", "history.jsonl", "checkpoints"} | pictures
    assert json.loads((tmp_path / "run" / "metrics.json").read_text()) == model.metrics


def test_a_run_directory_is_never_overwritten(toy, tmp_path):
    train(toy(epochs=1), X, out=tmp_path / "run")
    before = {p: p.read_bytes() for p in (tmp_path / "run").rglob("*") if p.is_file()}
    with pytest.raises(RunError, match="exists already and is never overwritten"):
        train(toy(epochs=1), X, out=tmp_path / "run", seed=1)
    assert {p: p.read_bytes() for p in (tmp_path / "run").rglob("*") if p.is_file()} == before


def test_the_same_call_gives_the_same_model(toy):
    a, b, other = (train(toy(epochs=1), X, seed=seed).encode(X) for seed in (3, 3, 4))
    assert torch.equal(a, b)
    assert not torch.equal(a, other)


def test_a_source_is_named_as_on_the_command_line(toy, tmp_path):
    np.savez(tmp_path / "some.npz", x=X, y=Y)
    assert train(toy(epochs=1), str(tmp_path / "some.npz")).classes == ("0", "1", "2", "3")


def test_observers_are_told(toy):
    class Count(Observer):
        steps = 0

        def step_end(self, t, losses):
            self.steps += 1
            assert set(losses) == {"rec/L_rec", "disc/L_D", "gen/L_G"}

    count = Count()
    train(toy(epochs=3), X, observers=[count])
    assert count.steps == 3 * 4


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"epochs": 0}, "recipe.epochs: must be >= 1, not 0"),
        ({"epochs": "many"}, "recipe.epochs: expected an integer"),
        ({"seed": -1}, "run.seed: must be >= 0"),
        ({"precision": "fp16"}, "run.precision: no such choice 'fp16'"),
        ({"heldout": 1}, "data.heldout: must be < 1"),
        ({"device": "abacus"}, "run.device: 'abacus' is not here; choose from: cpu"),
        ({"networks": {"encodr": nn.Identity()}}, "no network of this recipe is called 'encodr'; did you mean"),
        ({"resume": True, "out": "nowhere"}, "nowhere"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused_before_anything_is_written(toy, tmp_path, monkeypatch, options, said):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AAEError) as caught:
        aaecore.train(toy(epochs=1), X, quiet=True, **{"out": "run", "device": "cpu", **options})
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        (X[:1], None, "at least 2 are needed"),
        (X * 0 + 0.5, None, "are identical"),
        (np.where(X > 0.99, np.nan, X), None, "holds NaN or infinite values"),
        (X[0, 0], None, "cannot read shape"),
        (X * 300, None, "divide them"),
        (X, Y[:-1], "x has 40 samples but y has 39"),
        (X, Y * 2, "labels reach 6 but 1, 3, 5 never occur"),
        (X, Y + 0.5, "not integers"),
        ([[1.0], [1.0, 2.0]], None, "differ in length"),
        (X[:10], None, "a batch of 32 is larger than the 8 training samples"),
    ],
)
def test_data_that_cannot_be_trained_on_is_refused_before_anything_is_written(toy, tmp_path, x, y, said):
    with pytest.raises(DataError) as caught:
        train(toy(batch=32, epochs=1), x, y, out=tmp_path / "run")
    assert said in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_recipe_is_refused():
    with pytest.raises(ConfigError, match="recipe: no recipe named 'clasic'; did you mean 'classic'"):
        train("clasic", X)
    with pytest.raises(ConfigError, match="recipe: expected a recipe, got 3"):
        train(3, X)


def test_what_the_package_offers_is_there():
    assert all(hasattr(aaecore, name) for name in aaecore.__all__)
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        _ = aaecore.trian


def test_networks_that_do_not_fit_on_the_device_are_one_line(toy, monkeypatch):
    def refuse(self, device):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 TiB")

    monkeypatch.setattr(aaecore.Model, "to", refuse)
    with pytest.raises(AAEError, match=r"^this training does not fit in memory; make batch, code, architecture"):
        train(toy(epochs=1), X)
