"""What stands on a page about a run."""

import base64
import contextlib
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from attrs import frozen
from PIL import Image

import aaecore
from aaecore import cli
from aaecore.data import from_arrays, load_data
from aaecore.pictures.history import History
from aaecore.plugins import registry
from aaecore.published import Published, published_of
from aaecore.recipe import Recipe
from aaecore.report import write_report
from aaecore.report.curves import Curve, limits, phases
from aaecore.report.figures import MEANINGS
from aaecore.report.kept import read_run
from aaecore.report.pictures import neighbours
from aaecore.report.plane import manifold
from aaecore.report.subject import Subject
from aaecore.report.tiles import Tiles, sheet
from aaecore.runs.saved import load_run_config

SMALL = {"architecture": {"name": "mlp", "hidden": [6]}, "batch": 8, "epochs": 1}
EVERYTHING = {"Samples", "Reconstructions", "Codes and prior", "Interpolations", "Latent traversals"}


class Page(HTMLParser):
    """The headings, links, pictures and words of a page."""

    def __init__(self, text):
        super().__init__()
        self.headings, self.refers, self.words = [], [], []
        self._open = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self._open.append(tag)
        self.refers += [value for name, value in attrs if name in ("src", "href", "srcset", "data", "action")]

    def handle_endtag(self, tag):
        if tag in self._open:
            del self._open[len(self._open) - 1 - self._open[::-1].index(tag) :]

    def handle_data(self, data):
        if "style" in self._open or "script" in self._open:
            return
        self.words.append(data)
        if self._open and self._open[-1] in ("h1", "h2", "h3"):
            self.headings.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def page_of(run, **options):
    return Page(write_report(run, **options).read_text("utf-8"))


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    np.savez(folder / "images.npz", x=rng.random((60, 4, 4)).astype(np.float32), y=np.arange(60) % 4)
    np.save(folder / "vectors.npy", rng.normal(size=(60, 5)).astype(np.float32))
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory, sources):
    """Trains a recipe on small data once."""
    folder = tmp_path_factory.mktemp("runs")

    def train(name, data="images.npz", **settings):
        out = folder / re.sub(r"\W+", "-", f"{name} {data} {settings}")
        if not out.exists():
            recipe = aaecore.compose(name, **{**SMALL, **settings})
            aaecore.train(recipe, str(sources / data), out=out, quiet=True, device="cpu")
        return out

    return train


@pytest.mark.parametrize(
    ("name", "data", "settings", "shown"),
    [
        ("classic", "images.npz", {"code": 2}, EVERYTHING | {"Manifold", "Nearest neighbours"}),
        ("classic", "vectors.npy", {}, EVERYTHING | {"Nearest neighbours"}),
        ("classic", "vectors.npy", {"code": 1}, EVERYTHING | {"Nearest neighbours"}),
        (
            "classic-semi-supervised",
            "images.npz",
            {"code": 2},
            EVERYTHING | {"Style against label", "Nearest neighbours", "Manifold"},
        ),
        (
            "classic-clustering",
            "images.npz",
            {"categories": 3},
            EVERYTHING | {"Style against label", "Clusters", "Nearest neighbours"},
        ),
        (
            "classic-dcgan",
            "images.npz",
            {"architecture": {"name": "dcgan", "width": 8}},
            {"Samples", "Nearest neighbours"},
        ),
        (
            "gasca",
            "images.npz",
            {"architecture": {"name": "gasca", "channels": [2, 2]}, "code": 2},
            {"Reconstructions", "Interpolations", "Latent traversals", "Manifold"},
        ),
    ],
)
def test_a_report_shows_what_applies_to_the_recipe_and_needs_no_other_file(trained, name, data, settings, shown):
    page = page_of(trained(name, data, **settings))
    rest = {name, "Figures", "Pictures", "Curves", "Settings", "Networks"}
    assert set(page.headings) == shown | rest
    assert all(re.match(r"#[\w-]+$|data:", target) for target in page.refers)
    for uri in (u for u in page.refers if u.startswith("data:image")):
        with Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))) as picture:
            picture.load()
    assert "reconstruction_mse" in page.text or name == "classic-dcgan"


def test_a_page_has_nothing_of_its_makers_that_is_markup(trained, tmp_path):
    run = trained("classic", code=2)
    odd = tmp_path / "a<b>&\"c'"
    odd.mkdir()
    for path in run.iterdir():
        if path.is_file():
            (odd / path.name).write_bytes(path.read_bytes())
    (odd / "evaluation.json").write_text('{"<script>alert(1)</script>": 1.5, "features": "<b>bold</b>"}')
    text = write_report(odd).read_text("utf-8")
    assert "a<b>" not in text
    assert text.count("<script>") == 1
    assert "<b>bold" not in text
    assert "a<b>&\"c'" in Page(text).text


def test_what_a_run_is_and_what_it_changes_is_said(trained):
    page = page_of(trained("classic", code=2))
    assert "images.npz, 48 samples to train on, 12 held out, 4 x 4".replace(" x ", " × ") in page.text
    assert re.search(r"aae-classic \S+, aaecore \S+", page.text)
    assert re.search(r"code 2 8 ", page.text)  # setting, this run, default
    assert "reconstruction_weight 1" not in page.text.partition("The whole configuration")[0]


def test_an_evaluation_has_the_last_word(trained):
    run = trained("classic", code=2, batch=12)
    found = {
        "reconstruction_mse": 0.125,
        "parzen_log_likelihood": -5.5,
        "parzen_standard_error": 0.25,
        "features": "own",
    }
    found |= {"sharpness": 1.5, "sharpness_heldout": 2.5, "left_out": {"sigma": "there is none"}}
    (run / "evaluation.json").write_text(json.dumps(found))
    page = page_of(run)
    assert "0.125" in page.text
    assert "−5.5 ± 0.25 340 ± 2" in page.text
    assert "Features of samples: own." in page.text
    assert "1.5 held-out data has 2.5" in page.text
    assert "sigma there is none" in page.text
    (run / "evaluation.json").write_text("{")
    assert refusal(run).startswith(f"aae: error: {run}/evaluation.json: is not valid JSON")


def refusal(run, *more):
    """The one line with which `aae report` refuses a run."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said), pytest.raises(SystemExit) as exit_:
        cli.main(["report", str(run), *more])
    assert exit_.value.code == 2
    assert said.getvalue().count("\n") == 1
    return said.getvalue().strip()


def test_an_unfinished_run_is_refused_with_its_remedy(trained, tmp_path):
    run = trained("classic", code=2)
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun" / "config.toml").write_bytes((run / "config.toml").read_bytes())
    assert "has not been trained to its end" in refusal(tmp_path / "begun")
    (tmp_path / "begun" / "model.safetensors").write_bytes((run / "model.safetensors").read_bytes())
    assert f"`aae train --resume --out {tmp_path / 'begun'}`" in refusal(tmp_path / "begun")
    assert "no such folder" in refusal(tmp_path / "nothing")
    assert "holds" in refusal(run.parent)
    assert not list(tmp_path.rglob("report.html"))


def test_without_its_data_a_run_is_shown_with_the_pictures_it_drew(trained, tmp_path, sources):
    recipe = aaecore.compose("classic", **SMALL)
    x = np.load(sources / "images.npz")["x"]
    model = aaecore.train(recipe, x, out=tmp_path / "run", quiet=True, device="cpu")
    page = page_of(tmp_path / "run")
    assert "was trained on arrays" in page.text
    assert {"Samples", "Reconstructions", "Codes"} <= set(page.headings)
    assert "Interpolations" not in page.headings
    assert "Interpolations" in page_of(tmp_path / "run", model=model, data=from_arrays(x)).headings
    assert "Interpolations" in page_of(tmp_path / "run", data=str(sources / "images.npz")).headings


def test_published_figures_are_not_inherited():
    one = (Published("m", "1", "data", "paper"),)

    @frozen(kw_only=True)
    class Original(Recipe):
        published = one

    @frozen(kw_only=True)
    class Variant(Original):
        pass

    assert published_of(Original()) == one
    assert published_of(Variant()) == published_of(Recipe()) == ()


def test_a_figure_stands_beside_the_published_ones_with_their_data(trained):
    page = page_of(trained("classic-clustering", categories=3))
    assert re.search(r"clustering_error share .* [\d.]+ % 9.55 ± 2.05 % MNIST, 16 clusters 4.10 .* Makhzani", page.text)
    assert "Published" not in page_of(trained("gasca", architecture={"name": "gasca", "channels": [2, 2]}, code=2)).text


@pytest.fixture(scope="module")
def subject(trained):
    def make(name, **settings):
        run = trained(name, **settings)
        config = load_run_config(run)
        return Subject(aaecore.load(run), load_data(config.data, config.run.seed), 0)

    return make


def decoded(given):
    with Image.open(io.BytesIO(base64.b64decode(given.uri.partition(",")[2]))) as picture:
        return np.asarray(picture.convert("L")) / 255


@pytest.mark.parametrize("name", ["classic", "classic-semi-supervised"])
def test_each_place_of_the_manifold_shows_what_decodes_there(subject, name):
    s = subject(name, code=2)
    block = manifold(s)
    labels = range(4) if name != "classic" else [None]
    assert len(block.sheets) == len(labels)
    n = block.sheets[0].columns
    for sheet_, label in zip(block.sheets, labels, strict=True):
        picture = decoded(sheet_)
        for row, column in ((0, 0), (2, n - 1), (n - 1, 1)):
            x = block.x[0] + (column + 0.5) / n * (block.x[1] - block.x[0])
            y = block.y[1] - (row + 0.5) / n * (block.y[1] - block.y[0])
            image = s.model.sample_at([[x, y]], labels=label)[0, 0].numpy()
            height, width = (side // n for side in picture.shape)
            place = picture[row * height : (row + 1) * height, column * width : (column + 1) * width]
            assert np.allclose(place, image, atol=1 / 255)


def test_the_nearest_training_samples_are_shown_under_each_sample(subject):
    s = subject("classic", code=2)
    picture, x = decoded(neighbours(s).sheet), s.data.x.take(range(len(s.data)))
    samples = s.model.sample(10, seed=0)
    nearest = ((samples[:, None] - x[None]).flatten(2).square().sum(2)).argmin(1)
    cell = (picture.shape[1] + 2) // 10
    for column, i in enumerate(nearest.tolist()):
        tile = picture[cell : 2 * cell - 2, column * cell : (column + 1) * cell - 2]
        assert np.allclose(tile, s.tiles(x[i : i + 1])[0, ..., 0] / 255)


def test_tiles_keep_small_images_crisp_and_vectors_become_bars_on_their_own_ranges():
    x = np.random.default_rng(0).random((5, 1, 8, 8))
    tiles = Tiles.of(x)(x)
    assert tiles.shape == (5, 32, 32, 3)
    assert np.abs(tiles[:, ::4, ::4, 0] / 255 - x[:, 0]).max() <= 0.5 / 255
    vectors = np.array([[0.0, 100], [1, 200], [0, 200]])
    bars = Tiles.of(vectors)(vectors)[..., 0] > 100
    left, right = bars[:, :, 3], bars[:, :, -3]
    assert [column.sum() for column in (*left, *right)] == [1, 48, 1, 1, 48, 48]


def test_a_sheet_leaves_empty_places_transparent():
    tile = np.full((3, 4, 3), 200, np.uint8)
    made = sheet([tile, None, tile], 2)
    with Image.open(io.BytesIO(base64.b64decode(made.uri.partition(",")[2]))) as picture:
        alpha = np.asarray(picture)[..., -1]
    assert (made.rows, made.columns, alpha.shape) == (2, 2, (8, 10))
    assert not alpha[:3, 4:].any()
    assert alpha[:3, :4].all()
    assert alpha[5:, :4].all()


def test_a_curve_is_cut_where_stages_begin():
    x, y = np.arange(100.0), np.r_[np.zeros(50), np.ones(50)]
    first, second = Curve.of(x, y, [50])
    assert (first.mean == 0).all()
    assert (second.mean == 1).all()
    assert len(Curve.of(x, y)) == 1
    assert Curve.of(np.arange(1.0), np.ones(1))[0].mean == [1]


def test_every_figure_with_a_meaning_is_defined_in_the_docs():
    docs = (Path(__file__).parents[1] / "docs" / "metrics.md").read_text("utf-8")
    assert [name for name in MEANINGS if f"`{name}`" not in docs] == ["codes_prior_mean_gap_in_stds"]  # `_in_stds`


def test_published_figures_are_of_figures_that_can_be_measured():
    recipes = [registry().get("recipe", name) for name in registry().names("recipe")]
    assert {f.metric for recipe in recipes for f in published_of(recipe())} <= MEANINGS.keys()


def test_series_are_charted_by_phase_and_then_by_what_they_measure():
    names = [
        "rec/L_rec",
        "mean_abs_sigma",
        "disc/L_D",
        "disc/L_D_y",
        "std_mu",
        "accuracy_d",
        "accuracy_e",
        "own",
        "epoch",
    ]
    found = phases(History({name: np.ones(2) for name in names}))
    assert list(found) == ["rec", "disc", "posterior noise", "discriminators' accuracy", "own"]
    assert found["disc"] == ["disc/L_D", "disc/L_D_y"]


def test_a_few_spikes_do_not_stretch_a_chart_and_decades_make_it_logarithmic():
    y = np.r_[np.linspace(1, 2, 1000), 50]
    assert limits(y)[1] < 3
    assert limits(np.geomspace(1e-3, 1, 100))[2]
    low, high, _ = limits(np.ones(5))
    assert low < 1 < high


def test_figures_that_are_no_numbers_are_left_out_of_the_table(trained, tmp_path):
    run = trained("classic", code=2, batch=6)
    (run / "evaluation.json").write_text(
        json.dumps({"samples": 10, "left_out": {"a": "b"}, "features": "own", "flag": True})
    )
    kept = read_run(run)
    assert kept.figures["samples"] == 10
    assert kept.remarks == {"features": "own"}
    assert kept.left_out == {"a": "b"}
    assert "flag" not in kept.figures
