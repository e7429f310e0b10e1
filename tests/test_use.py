import numpy as np
import pytest
from PIL import Image

import aaecore
from aaecore import gallery, pictures
from aaecore.data import DataConfig, load_data
from aaecore.errors import AAEError, DataError, RunError
from aaecore.runs.saved import load_run_config
from aaecore.use.commands import encode_command, reconstruct_command, sample_command
from aaecore.use.scoring import score_command
from aaecore.use.wishes import condition_in, label_named

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
    for name in ("classic", "classic-supervised", "classic-dcgan", "classic-clustering"):
        own = {} if name != "classic-dcgan" else {"architecture": {"name": "dcgan", "width": 8}}
        recipe = aaecore.compose(name, **{**SMALL, **own})
        aaecore.train(recipe, str(source), out=folder / name, quiet=True, device="cpu")
    return folder


def test_samples_are_drawn_to_a_picture_or_an_array(runs, tmp_path):
    run = str(runs / "classic")
    for ending in ("png", "npz", "npy"):
        sample_command(run, str(tmp_path / f"s.{ending}"), n=5, seed=3)
    with Image.open(tmp_path / "s.png") as picture:
        picture.load()
    expected = aaecore.load(run).sample(5, seed=3).numpy()
    assert np.array_equal(np.load(tmp_path / "s.npz")["x"], expected)
    assert np.array_equal(np.load(tmp_path / "s.npy"), expected)


def test_samples_of_one_label_are_asked_for(runs, tmp_path):
    run = str(runs / "classic-supervised")
    sample_command(run, str(tmp_path / "s.npy"), n=5, label="2")
    assert np.array_equal(np.load(tmp_path / "s.npy"), aaecore.load(run).sample(5, labels=2).numpy())
    with pytest.raises(DataError, match="labels are 0 to 3 here"):
        sample_command(run, str(tmp_path / "t.npy"), n=5, label="4")
    with pytest.raises(DataError, match="--label 99999999999999999999: no class or cluster has such a number"):
        sample_command(run, str(tmp_path / "t.npy"), n=5, label="99999999999999999999")
    with pytest.raises(RunError, match=r"-n: 100000000000000 samples take .* GB, more than this machine's memory"):
        sample_command(run, str(tmp_path / "t.npy"), n=10**14)
    with pytest.raises(DataError, match="cannot be asked for by label"):
        sample_command(str(runs / "classic"), str(tmp_path / "t.npy"), n=5, label="0")
    assert [p.name for p in tmp_path.iterdir()] == ["s.npy"]


def test_a_cluster_is_not_taken_for_a_class_of_the_same_number(runs, tmp_path):
    classes, clusters = str(runs / "classic-supervised"), str(runs / "classic-clustering")
    sample_command(clusters, str(tmp_path / "s.npy"), n=5, cluster="2")
    assert np.array_equal(np.load(tmp_path / "s.npy"), aaecore.load(clusters).sample(5, labels=2).numpy())
    with pytest.raises(DataError, match="has found clusters, which are no classes; give --cluster 2"):
        sample_command(clusters, str(tmp_path / "t.npy"), label="2")
    with pytest.raises(DataError, match="have classes, not clusters; give --label 2"):
        sample_command(classes, str(tmp_path / "t.npy"), cluster="2")


def test_styles_are_drawn_of_the_first_labels_of_many(runs, source, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(gallery, "LABELS", 3)
    monkeypatch.setattr(pictures, "styles", lambda x, path, **how: drawn.append((len(x), how)))
    data = aaecore.load_data(DataConfig(source=str(source)))
    gallery.draw_gallery(aaecore.load(runs / "classic-supervised"), data, tmp_path)
    title = "one style per row, the first 3 of 4 labels"
    assert drawn == [(30, {"rows": 10, "columns": ("0", "1", "2"), "title": title})]


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
    sample_command(run, str(tmp_path / "s.png"), n=3)
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
        sample_command("no-such-run", str(tmp_path / out), n=3)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("there.png", b"mine")]


def test_data_of_another_shape_is_refused(runs, tmp_path):
    np.save(tmp_path / "v.npy", np.random.default_rng(0).random((20, 5)))
    with pytest.raises(DataError, match=r"takes samples of shape \(N, 1, 4, 4\)"):
        encode_command(str(runs / "classic"), str(tmp_path / "v.npy"), str(tmp_path / "z.npz"))
    assert not (tmp_path / "z.npz").exists()


def test_walks_and_worst_reconstructions_are_drawn(runs, tmp_path, capsys):
    run = str(runs / "classic-supervised")
    sample_command(run, str(tmp_path / "walks.png"), n=3, interpolate=4)
    sample_command(run, str(tmp_path / "walks.npz"), n=3, interpolate=4)
    score_command(run, None, str(tmp_path / "worst.png"), 5)
    assert np.load(tmp_path / "walks.npz")["x"].shape == (3, 4, 1, 4, 4)
    for name in ("walks.png", "worst.png"):
        with Image.open(tmp_path / name) as picture:
            picture.load()
    said = capsys.readouterr().out.splitlines()
    assert said[0].endswith("walks.png: 3 walks of 4 samples")
    assert "the 5 of 8 samples" in said[2]


def test_scores_are_a_table(runs, tmp_path, source, capsys):
    score_command(str(runs / "classic"), str(source), str(tmp_path / "s.csv"), 1)
    lines = (tmp_path / "s.csv").read_text().splitlines()
    head = "sample,y,reconstruction_error,prior_log_density,discriminator_score"
    assert (lines[0], len(lines)) == (head, 1 + 8)  # the run's own data, so what was held out
    expected = aaecore.load(runs / "classic").score(
        load_data(load_run_config(runs / "classic").data, 0).heldout.x.tensor
    )
    assert np.allclose([float(line.split(",")[2]) for line in lines[1:]], expected["reconstruction_error"])
    assert "reconstruction_error, prior_log_density, discriminator_score of 8 samples" in capsys.readouterr().out


def test_a_table_of_codes_says_what_the_arrays_say(runs, tmp_path):
    run = str(runs / "classic")
    for ending in ("csv", "npz", "png"):
        encode_command(run, None, str(tmp_path / f"z.{ending}"))
    head, *rows = [line.split(",") for line in (tmp_path / "z.csv").read_text().splitlines()]
    found = np.load(tmp_path / "z.npz")
    assert head == [*(f"z_{i}" for i in range(8)), "y", "heldout"]
    assert np.array_equal(np.array(rows, dtype=np.float64)[:, :8].astype(np.float32), found["z"])
    assert [int(row[8]) for row in rows] == found["y"].tolist()
    assert [int(row[9]) for row in rows] == found["heldout"].astype(int).tolist()


def test_one_sample_and_classes_with_gaps_can_be_used(runs, tmp_path, source):
    x = np.load(source)["x"][:1]
    np.savez(tmp_path / "one.npz", x=x, y=[3])
    encode_command(str(runs / "classic"), str(tmp_path / "one.npz"), str(tmp_path / "z.npz"))
    assert np.load(tmp_path / "z.npz")["y"].tolist() == [3]
    reconstruct_command(str(runs / "classic-supervised"), str(tmp_path / "r.npz"), str(tmp_path / "one.npz"), 5)
    expected = aaecore.load(runs / "classic-supervised").reconstruct(x, labels=3)
    assert np.array_equal(np.load(tmp_path / "r.npz")["x_rec"], expected.numpy())


def test_conditions_lie_in_a_file(tmp_path):
    np.save(tmp_path / "c.npy", np.ones((3, 2)))
    np.savez(tmp_path / "c.npz", condition=np.ones(2))
    assert condition_in(str(tmp_path / "c.npy")).shape == (3, 2)
    assert condition_in(str(tmp_path / "c.npz")).shape == (2,)
    np.savez(tmp_path / "x.npz", x=np.ones(2))
    for name, said in (("c.txt", "no file of arrays"), ("none.npy", "no such file"), ("x.npz", "no array `condition`")):
        with pytest.raises(DataError, match=said):
            condition_in(str(tmp_path / name))


def test_a_class_is_asked_for_by_its_name(runs):
    model = aaecore.load(runs / "classic-supervised")
    model.classes = ("cat", "dog", "2", "owl")
    assert [label_named(model, name) for name in ("dog", "3", "2", None)] == [1, 3, 2, None]
    with pytest.raises(DataError, match=r"--label cow: no such class; .* choose from: 2, cat, dog, owl"):
        label_named(model, "cow")


def test_a_run_on_arrays_says_that_it_needs_data(runs, tmp_path, source):
    x = np.load(source)["x"]
    aaecore.train(aaecore.compose("classic", **SMALL), x, out=tmp_path / "run", quiet=True, device="cpu")
    with pytest.raises(RunError, match="trained on arrays from Python, which are not kept; give --data"):
        reconstruct_command(str(tmp_path / "run"), str(tmp_path / "r.png"), None, 3)
    reconstruct_command(str(tmp_path / "run"), str(tmp_path / "r.png"), str(source), 3)


@pytest.mark.parametrize("run", [3, None, b"run"])
def test_a_run_is_a_path(run):
    with pytest.raises(RunError, match="expected the path of a run directory"):
        aaecore.load(run)
