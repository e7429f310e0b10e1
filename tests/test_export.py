"""Exports of every installed recipe are what the model says, in its own units and for any batch."""

import pickle
import zipfile

import numpy as np
import pytest
import torch

import aaecore
from aaecore.config import structure
from aaecore.data import from_arrays
from aaecore.errors import AAEError, RunError
from aaecore.export.checked import _compared, export, export_command
from aaecore.export.modules import Module, export_of, exports
from aaecore.plugins import registry
from aaecore.runs.session import new_model

RNG = np.random.default_rng(0)
DATA = from_arrays(
    RNG.random((60, 1, 8, 8), dtype=np.float32), np.arange(60) % 4, condition=RNG.normal(size=(60, 3)), heldout=0.2
)
VECTORS = from_arrays(RNG.normal(1000, 50, (40, 3)).astype(np.float32), heldout=0.2)


def made(recipe, data=DATA, **settings):
    """An untrained model."""
    small = {"batch": 16, **settings}
    return new_model(structure({"recipe": {"name": recipe, **small}}), data).eval()


@pytest.mark.parametrize("recipe", registry().names("recipe"))
def test_every_recipe_is_exported_as_what_it_says(recipe, tmp_path):
    model = made(recipe)
    found = [what for what in ("encoder", "decoder") if what in model.networks]
    assert found
    for what in found:
        assert export(model, tmp_path / f"{what}.pt2", what) < 1e-5
    loaded = torch.export.load(tmp_path / "decoder.pt2").module()
    z = torch.randn(6, model.recipe.decoder_width(model.spec))
    assert torch.allclose(loaded(z), model.decode(z), atol=1e-5)


@pytest.mark.parametrize(
    ("recipe", "what"),
    [
        ("classic", "encoder"),
        ("classic-supervised", "autoencoder"),
        ("classic-semi-supervised", "classifier"),
        ("classic-dcgan", "decoder"),
        ("iaae-combined", "encoder"),
    ],
)
def test_an_onnx_export_is_what_the_model_says(recipe, what, tmp_path):
    import onnxruntime

    model = made(recipe, **({"architecture": {"name": "dcgan", "width": 8}} if recipe == "classic-dcgan" else {}))
    assert export(model, tmp_path / "m.onnx", what) < 1e-4
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx", providers=["CPUExecutionProvider"])
    assert [i.name for i in session.get_inputs()] == list(export_of(model, what).inputs)
    assert session.get_inputs()[0].shape[0] == "batch"


@pytest.mark.parametrize("posterior", ["deterministic", "gaussian", "universal"])
def test_a_posterior_with_noise_is_exported_without_it(posterior, tmp_path):
    model = made("classic", posterior=posterior)
    export(model, tmp_path / "e.pt2", "encoder")
    loaded = torch.export.load(tmp_path / "e.pt2").module()
    x = torch.rand(4, 1, 8, 8)
    assert torch.equal(loaded(x), loaded(x))
    if posterior != "universal":
        assert torch.allclose(loaded(x), model.encode(x), atol=1e-5)


def test_vectors_go_in_and_come_out_in_their_own_units(tmp_path):
    model = made("classic", VECTORS)
    for what in ("encoder", "decoder", "autoencoder"):
        export(model, tmp_path / f"{what}.pt2", what)
    x = torch.full((2, 3), 1010.0)
    loaded = {p.stem: torch.export.load(p).module() for p in tmp_path.iterdir()}
    assert torch.allclose(loaded["autoencoder"](x), model.reconstruct(x), rtol=1e-5)
    assert torch.allclose(loaded["decoder"](loaded["encoder"](x)), model.reconstruct(x), rtol=1e-5)


def test_labels_go_in_where_the_decoder_is_given_them(tmp_path):
    model = made("classic-supervised")
    export(model, tmp_path / "a.pt2", "autoencoder")
    x, y = torch.rand(4, 1, 8, 8), torch.tensor([0, 3, 1, -1])
    assert torch.allclose(torch.export.load(tmp_path / "a.pt2").module()(x, y), model.reconstruct(x, labels=y))


def test_only_the_networks_that_are_run_are_written():
    model = made("classic-semi-supervised")
    assert set(Module(model, export_of(model, "encoder")).networks) == {"encoder"}
    assert set(Module(model, export_of(model, "autoencoder")).networks) == {"encoder", "decoder"}


def test_nothing_in_a_pt2_is_pickled(tmp_path, monkeypatch):
    export(made("classic"), tmp_path / "e.pt2", "encoder")
    with zipfile.ZipFile(tmp_path / "e.pt2") as archive:
        samples = [name for name in archive.namelist() if "sample_inputs" in name]
        assert [archive.getinfo(name).file_size for name in samples] == [0] * len(samples)

    def refuse(*given, **options):
        raise AssertionError("something was unpickled")

    for owner, name in ((torch, "load"), (pickle, "load"), (pickle, "loads"), (pickle, "Unpickler")):
        monkeypatch.setattr(owner, name, refuse)
    torch.export.load(tmp_path / "e.pt2")


def test_an_export_that_differs_is_refused():
    model = made("classic")
    wrong = export_of(model, "encoder")
    with pytest.raises(RunError, match=r"m\.pt2 differs from the model by .* of its range; nothing was written"):
        _compared(model, wrong, lambda x: model.encode(x) * 1.01, "m.pt2")
    with pytest.raises(RunError, match="differs"):
        _compared(model, wrong, lambda x: model.encode(x) * float("nan"), "m.pt2")


def test_the_models_own_networks_stay_as_they_are(tmp_path):
    model = made("classic")
    for network in model.networks.values():
        network.train()
    export(model, tmp_path / "e.pt2", "encoder")
    assert all(network.training for network in model.networks.values())


def test_what_cannot_be_exported_is_said(tmp_path):
    assert set(exports(made("classic-dcgan"))) == {"decoder"}
    with pytest.raises(AAEError, match="no encoder to export; choose from: decoder"):
        export(made("classic-dcgan"), tmp_path / "e.pt2", "encoder")
    with pytest.raises(RunError, match=r"end the name with \.pt2 or \.onnx"):
        export(made("classic"), tmp_path / "e.pth", "encoder")
    assert list(tmp_path.iterdir()) == []


def test_a_run_is_exported_to_files(toy, tmp_path, capsys, monkeypatch):
    recipe = aaecore.compose("classic", architecture={"name": "mlp", "hidden": [6]}, batch=8, epochs=1)
    x = np.random.default_rng(0).random((40, 4, 4)).astype(np.float32)
    aaecore.train(recipe, x, out=tmp_path / "run", quiet=True, device="cpu")
    run = str(tmp_path / "run")
    export_command(run, "both", None, str(tmp_path / "both"))
    assert {p.name for p in (tmp_path / "both").iterdir()} == {"encoder.pt2", "decoder.pt2"}
    assert "encoder.pt2: the encoder, which says what the model says" in capsys.readouterr().out
    export_command(run, "encoder", "onnx", str(tmp_path / "small"))
    assert (tmp_path / "small.onnx").is_file()
    for what, form, out, said in (
        ("both", None, "both", "exists already and is never overwritten"),
        ("both", None, "b.pt2", "are two files; give a folder"),
        ("encoder", "onnx", "e.pt2", "leave one out"),
        ("encoder", None, "small.onnx", "exists already"),
    ):
        with pytest.raises(RunError, match=said):
            export_command(run, what, form, str(tmp_path / out))
    monkeypatch.setattr("aaecore.export.checked.find_spec", lambda name: None)
    with pytest.raises(AAEError, match=r"pip install 'aaecore\[export\]'"):
        export_command(run, "both", "onnx", str(tmp_path / "o"))
    assert not (tmp_path / "o").exists()
