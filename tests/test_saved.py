import json
import os
import pickle
import shutil
import struct
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from attrs import frozen
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

import aaecore
from aaecore.defaults.priors import Gaussian
from aaecore.discovery import discover, tried
from aaecore.errors import AAEError, ConfigError, RunError
from aaecore.hooks import hookimpl
from aaecore.plugins import Registry
from aaecore.posterior import GaussianPosterior
from aaecore.prior import Prior
from aaecore.runs.saved import load_run_config
from aaecore.tables import read

X = np.random.default_rng(0).random((40, 4, 4)).astype(np.float32)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run of a recipe that plugins offer."""
    folder = tmp_path_factory.mktemp("runs") / "finished"
    recipe = aaecore.compose("classic", architecture={"name": "mlp", "hidden": [6]}, batch=8, epochs=1, code=2)
    model = aaecore.train(recipe, X, np.arange(40) % 2, out=folder, quiet=True)
    return folder, model


@pytest.fixture
def run(finished, tmp_path):
    """A copy to damage."""
    return Path(shutil.copytree(finished[0], tmp_path / "run"))


def parts(run):
    with safe_open(run / "model.safetensors", framework="pt") as f:
        return {k: f.get_tensor(k) for k in f.keys()}, f.metadata()  # noqa: SIM118


def refusal(run, **options):
    """The error of loading, which is one line about this run."""
    with pytest.raises(AAEError) as caught:
        aaecore.load(run, **options)
    said = str(caught.value)
    assert "\n" not in said
    assert len(said) < 1500
    return said


def test_a_loaded_model_does_what_the_trained_one_did(finished):
    folder, model = finished
    loaded = aaecore.load(folder)
    assert torch.equal(loaded.encode(X), model.encode(X))
    assert torch.equal(loaded.sample(5), model.sample(5))
    assert torch.equal(loaded.reconstruct(X), model.reconstruct(X))
    assert loaded.classes == model.classes == ("0", "1")
    assert loaded.metrics == model.metrics
    assert loaded.recipe == model.recipe


def test_a_loaded_model_is_in_inference_mode(finished):
    assert not any(network.training for network in aaecore.load(finished[0]).networks.values())


def test_the_file_holds_every_network_by_role_in_fp32(run):
    tensors, _ = parts(run)
    assert {k.partition("/")[0] for k in tensors} == {"encoder", "decoder", "code_discriminator", "scaling"}
    assert {v.dtype for v in tensors.values()} == {torch.float32}


def test_saving_again_gives_the_same_bytes(finished, tmp_path):
    from aaecore.runs.saved import save_model

    save_model(aaecore.load(finished[0]), tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (finished[0] / "model.safetensors").read_bytes()


def test_a_model_moves_with_its_folder(run, finished, monkeypatch):
    monkeypatch.chdir(run)
    assert torch.equal(aaecore.load(".").encode(X), finished[1].encode(X))


class Evil:
    def __reduce__(self):
        return os.mkdir, ("unpickled",)


def with_header(content, header):
    raw = json.dumps(header).encode()
    return struct.pack("<Q", len(raw)) + raw + content


DAMAGES = {
    "empty": lambda b: b"",
    "a pickle": lambda b: pickle.dumps(Evil()),
    "a truncated header": lambda b: b[:20],
    "truncated tensors": lambda b: b[:-7],
    "a header larger than the file": lambda b: struct.pack("<Q", 2**62) + b[8:],
    "a header of nothing": lambda b: struct.pack("<Q", 0) + b[8:],
    "a tensor beyond the end": lambda b: with_header(
        b"\0" * 4, {"encoder/a": {"dtype": "F32", "shape": [9], "data_offsets": [0, 36]}}
    ),
    "overlapping tensors": lambda b: with_header(
        b"\0" * 4, {k: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]} for k in ("encoder/a", "encoder/b")}
    ),
    "deeply nested JSON": lambda b: struct.pack("<Q", 200_000) + b"[" * 200_000,
    "text": lambda b: b"not a model at all, " * 50,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_model_is_refused_and_nothing_is_unpickled(run, monkeypatch, damage):
    monkeypatch.chdir(run)
    path = run / "model.safetensors"
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    assert "model.safetensors" in refusal(run)
    assert not (run / "unpickled").exists()


@pytest.mark.parametrize(
    "about",
    [
        None,
        "{",
        "[]",
        "7",
        '{"shape": 3}',
        "[" * 100_000,
        {"shape": ["a"]},
        {"classes": None},
        {"scaling": 3},
        {"scaling": "evil"},
        {"shape": []},
        {"shape": [1, 10**9, 10**9]},
        {"shape": [-1, 4, 4]},
        {"shape": [0]},
        {"condition": -4},
        {"format": "aaecore model 99"},
        {"plugins": ["a"]},
        {"plugins": {"no-such-plugin": "1"}},
    ],
    ids=str,
)
def test_a_header_that_lies_is_refused(run, about):
    tensors, metadata = parts(run)
    if isinstance(about, dict):
        about = json.dumps({**json.loads(metadata["aaecore"]), **about})
    save_file(tensors, run / "model.safetensors", {} if about is None else {"aaecore": about})
    assert str(run) in refusal(run)


@pytest.mark.parametrize("role", ["../../evil", "/etc/passwd", "critic", "", "encoder/../decoder"])
def test_a_network_that_the_configuration_does_not_have_is_refused(run, role):
    tensors, metadata = parts(run)
    save_file({**tensors, f"{role}/weight": torch.zeros(1)}, run / "model.safetensors", metadata)
    assert "model.safetensors" in refusal(run)


def test_missing_extra_and_misshapen_tensors_are_refused_by_role(run):
    tensors, metadata = parts(run)
    key = next(k for k in tensors if k.startswith("decoder/"))
    for changed in (
        {k: v for k, v in tensors.items() if k != key},
        {**tensors, "decoder/extra": torch.zeros(1)},
        {**tensors, key: torch.zeros(3, 3)},
        {k: v for k, v in tensors.items() if not k.startswith("decoder/")},
    ):
        save_file(changed, run / "model.safetensors", metadata)
        assert "decoder" in refusal(run)


@pytest.mark.parametrize("missing", ["scaling/shift", "scaling/scale"])
def test_a_model_without_its_scaling_is_refused(run, missing):
    tensors, metadata = parts(run)
    del tensors[missing]
    save_file(tensors, run / "model.safetensors", metadata)
    assert "model.safetensors" in refusal(run)


def test_a_configuration_of_another_recipe_is_refused(run):
    path = run / "config.toml"
    path.write_text(path.read_text().replace("code = 2 ", "code = 3 "))
    assert "does not fit the configuration" in refusal(run)


@pytest.mark.parametrize("content", ["", "recipe = [", '[recipe]\nname = "nope"\n', "\0"])
def test_a_damaged_configuration_is_refused(run, content):
    (run / "config.toml").write_text(content)
    refusal(run)


@pytest.mark.parametrize("content", ["{", '{"a": }', "\xff\xfe", "[" * 100_000])
def test_damaged_figures_are_told(run, content):
    (run / "metrics.json").write_text(content)
    assert "metrics.json" in refusal(run)


@pytest.mark.parametrize("content", ["[]", "3", '{"a": "b", "c": [1]}'])
def test_figures_that_are_none_are_left_out(run, content):
    (run / "metrics.json").write_text(content)
    assert aaecore.load(run).metrics == {}


def test_what_is_no_run_is_refused_with_the_remedy(tmp_path):
    assert "give the directory of a finished run" in refusal(tmp_path)
    assert "give the directory of a finished run" in refusal(tmp_path / "nothing")
    (tmp_path / "file").write_text("x")
    assert "give the directory of a finished run" in refusal(tmp_path / "file")


def test_a_run_needs_the_plugins_it_was_trained_with(run):
    tensors, metadata = parts(run)
    about = json.loads(metadata["aaecore"])
    about["plugins"]["aae-fancy"] = "2.1"
    save_file(tensors, run / "model.safetensors", {"aaecore": json.dumps(about)})
    assert "pip install 'aae-fancy==2.1'" in refusal(run)


def test_a_run_composed_in_python_is_given_its_recipe_again(toy, tmp_path):
    recipe = toy(epochs=1, posterior=GaussianPosterior())
    model = aaecore.train(recipe, X, out=tmp_path / "run", quiet=True)
    with pytest.raises(ConfigError, match=r"composed in Python, .*aaecore.load\(path, recipe=...\)"):
        aaecore.load(tmp_path / "run")
    assert torch.equal(aaecore.load(tmp_path / "run", recipe=recipe).encode(X), model.encode(X))


def test_a_run_with_own_networks_is_given_them_again(toy, tmp_path):
    def mine():
        return nn.Sequential(nn.Flatten(), nn.Linear(16, 3), nn.Linear(3, 2))

    recipe = toy(epochs=1)
    model = aaecore.train(recipe, X, networks={"encoder": mine()}, out=tmp_path / "run", quiet=True)
    with pytest.raises(RunError, match=r"trained with your own encoder, .* networks={.encoder.: \.\.\.}"):
        aaecore.load(tmp_path / "run", recipe=recipe)
    loaded = aaecore.load(tmp_path / "run", recipe=recipe, networks={"encoder": mine()})
    assert torch.equal(loaded.encode(X), model.encode(X))


def test_a_name_that_another_plugin_offers_since_means_what_the_run_was_trained_with(run, monkeypatch):
    @frozen(kw_only=True)
    class Usurper(Prior):
        """Another of this name."""

    plugin = SimpleNamespace(aaecore_priors=hookimpl(lambda: {"gaussian": Usurper}))
    later = Registry([*discover(), tried("usurper", "0", partial(read, plugin))])
    monkeypatch.setattr("aaecore.runs.saved.registry", lambda: later)
    assert type(aaecore.load(run).recipe.prior) is Gaussian
    assert type(load_run_config(run).recipe.prior) is Gaussian
    (run / "model.safetensors").unlink()
    with pytest.raises(ConfigError, match="offered by aaecore and usurper; write aaecore:gaussian or usurper:gaussian"):
        load_run_config(run)
