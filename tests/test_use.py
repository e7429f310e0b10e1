import numpy as np
import pytest
from PIL import Image

import aaecore
from aaecore.data import load_data
from aaecore.errors import AAEError, DataError, RunError
from aaecore.saved import load_run_config
from aaecore.use import encode_command, reconstruct_command, sample_command

SMALL = {"architecture": {"name": "mlp", "hidden": [6]}, "batch": 8, "epochs": 1}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "some.npz"
    x = np.random.default_rng(0).random((40, 4, 4)).astype(np.float32)
    np.savez(path, x=x, y=np.arange(40) % 4)
    return path


@pytest.fixture(scope="module")
def runs(tmp_path_factory, source):
    folder = tmp_path_factory.mktemp("runs")
    for name in ("classic", "classic-supervised", "classic-dcgan"):
        own = {} if name != "classic-dcgan" else {"architecture": {"name": "dcgan", "width": 8}}
        recipe = aaecore.compose(name, **{**SMALL, **own})
        aaecore.train(recipe, str(source), out=folder / name, quiet=True, device="cpu")
    return folder


def test_samples_are_drawn_to_a_picture_or_an_array(runs, tmp_path):
    run = str(runs / "classic")
    for ending in ("png", "npz", "npy"):
        sample_command(run, 5, str(tmp_path / f"s.{ending}"), None, 3)
    with Image.open(tmp_path / "s.png") as picture:
        picture.load()
    expected = aaecore.load(run).sample(5, seed=3).numpy()
    assert np.array_equal(np.load(tmp_path / "s.npz")["x"], expected)
    assert np.array_equal(np.load(tmp_path / "s.npy"), expected)


def test_samples_of_one_label_are_asked_for(runs, tmp_path):
    run = str(runs / "classic-supervised")
    sample_command(run, 5, str(tmp_path / "s.npy"), 2, 0)
    assert np.array_equal(np.load(tmp_path / "s.npy"), aaecore.load(run).sample(5, labels=2).numpy())
    with pytest.raises(DataError, match="labels are 0 to 3 here"):
        sample_command(run, 5, str(tmp_path / "t.npy"), 4, 0)
    with pytest.raises(DataError, match="cannot be asked for by label"):
        sample_command(str(runs / "classic"), 5, str(tmp_path / "t.npy"), 0, 0)
    assert [p.name for p in tmp_path.iterdir()] == ["s.npy"]


@pytest.mark.parametrize("name", ["classic", "classic-supervised"])
def test_the_runs_own_held_out_samples_are_reconstructed(runs, tmp_path, name):
    run = str(runs / name)
    reconstruct_command(run, str(tmp_path / "r.npz"), None, 5)
    reconstruct_command(run, str(tmp_path / "r.png"), None, 5)
    found = np.load(tmp_path / "r.npz")
    held = load_data(load_run_config(run).data, 0).heldout
    assert np.array_equal(found["x"], held.x.take(range(5)).numpy())
    y = held.y[:5] if name == "classic-supervised" else None
    assert np.array_equal(found["x_rec"], aaecore.load(run).reconstruct(found["x"], labels=y).numpy())


def test_samples_of_other_classes_are_reconstructed_where_labels_do_not_matter(runs, tmp_path, source):
    other = tmp_path / "other.npz"
    np.savez(other, x=np.load(source)["x"], y=np.arange(40) % 7)
    reconstruct_command(str(runs / "classic"), str(tmp_path / "r.npz"), str(other), 5)
    with pytest.raises(DataError, match="given the samples' labels"):
        reconstruct_command(str(runs / "classic-supervised"), str(tmp_path / "q.npz"), str(other), 5)


def test_codes_of_all_samples_are_written_with_their_labels(runs, tmp_path, source):
    encode_command(str(runs / "classic"), str(source), str(tmp_path / "z.npz"))
    found = np.load(tmp_path / "z.npz")
    assert {k: found[k].shape for k in found} == {"z": (40, 8), "y": (40,), "heldout": (40,)}
    assert found["heldout"].sum() == 8
    data = load_data(load_run_config(runs / "classic").data, 0)
    assert np.array_equal(found["y"][~found["heldout"]], data.y.numpy())
    assert np.allclose(found["z"][:3], aaecore.load(runs / "classic").encode(data.x.take(range(3))), atol=1e-6)


def test_a_recipe_without_an_encoder_only_samples(runs, tmp_path, source):
    run = str(runs / "classic-dcgan")
    sample_command(run, 3, str(tmp_path / "s.png"), None, 0)
    for command in (
        lambda: encode_command(run, str(source), str(tmp_path / "z.npz")),
        lambda: reconstruct_command(run, str(tmp_path / "r.png"), None, 3),
    ):
        with pytest.raises(AAEError, match="this recipe has no encoder; its networks are: decoder, image_discrim"):
            command()


@pytest.mark.parametrize(
    ("out", "said"),
    [
        ("s.txt", r"cannot be told what to write; end the name with \.png or"),
        ("s", "end the name with"),
        ("nowhere/s.png", "the folder .*nowhere does not exist; make it first"),
        ("there.png", "exists already and is never overwritten; give another -o"),
    ],
)
def test_an_output_that_cannot_be_written_is_refused_before_any_work(tmp_path, out, said):
    (tmp_path / "there.png").write_bytes(b"mine")
    with pytest.raises(RunError, match=said):
        sample_command("no-such-run", 3, str(tmp_path / out), None, 0)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("there.png", b"mine")]


def test_data_of_another_shape_is_refused(runs, tmp_path):
    np.save(tmp_path / "v.npy", np.random.default_rng(0).random((20, 5)))
    with pytest.raises(DataError, match=r"takes samples of shape \(N, 1, 4, 4\)"):
        encode_command(str(runs / "classic"), str(tmp_path / "v.npy"), str(tmp_path / "z.npz"))
    assert not (tmp_path / "z.npz").exists()
