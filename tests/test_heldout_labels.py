"""Held-out samples of which none, or few, are labelled: figures that need labels are left out, and a run ends well."""

import numpy as np
import pytest

import aaecore
from aaecore.data import DataConfig, load_data
from aaecore.errors import AAEError
from aaecore.plugins import registry

SMALL = {"batch": 10, "epochs": 1, "architecture": {"name": "mlp", "hidden": [8, 8, 8]}}
NEEDS_MORE = {"learnedprior-text": "condition"}
"""Recipes that such data is not for."""


@pytest.fixture(params=["none", "all -1", "some"])
def data(request, tmp_path):
    rng = np.random.default_rng(0)
    arrays = {"x": rng.random((60, 8, 8)), "y": np.arange(60) % 3, "x_test": rng.random((20, 8, 8))}
    if request.param != "none":
        arrays["y_test"] = np.full(20, -1)
    if request.param == "some":
        arrays["y_test"][::4] = 2
    np.savez(tmp_path / "d.npz", **arrays)
    return load_data(DataConfig(source=str(tmp_path / "d.npz")), 0)


@pytest.mark.parametrize("name", registry().names("recipe"))
def test_every_recipe_ends_well(name, data, tmp_path):
    stacked = any(word in name for word in ("gasca", "lfw", "dcgan"))
    recipe = aaecore.compose(name, **{k: v for k, v in SMALL.items() if not (stacked and k == "architecture")})
    if name in NEEDS_MORE:
        with pytest.raises(AAEError, match=NEEDS_MORE[name]):
            aaecore.train(recipe, data, quiet=True, device="cpu")
        return
    model = aaecore.train(recipe, data, quiet=True, device="cpu", out=tmp_path / "run")
    assert (tmp_path / "run" / "metrics.json").is_file()
    assert not any(np.isnan(v) for v in model.metrics.values())


def test_where_none_is_labelled_a_note_says_what_is_lacking(tmp_path, capsys):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "d.npz", x=rng.random((60, 4)), y=np.arange(60) % 3, x_test=rng.random((20, 4)))
    data = load_data(DataConfig(source=str(tmp_path / "d.npz")), 0)
    aaecore.train(aaecore.compose("classic-semi-supervised", **SMALL), data, device="cpu")
    said = "aae: note: no held-out sample has a label (y_test), so there will be no figures that need any\n"
    assert said in capsys.readouterr().err
