"""`aaecore.evaluate` and `aae evaluate`: which figures there are, and that they are what they say."""

import json
from functools import partial

import numpy as np
import pytest
import torch
from attrs import evolve

import aaecore
from aaecore.cli import main
from aaecore.data import from_arrays
from aaecore.errors import AAEError, DataError, RunError
from aaecore.evaluation import evaluate
from aaecore.evaluation.material import Material
from aaecore.evaluation.samples import label_accuracy
from aaecore.features import FeatureNetwork, choose, own_classifier
from aaecore.posterior import GaussianPosterior
from aaecore.runs.saved import load_run_config, read_metrics

SMALL = {"architecture": {"name": "mlp", "hidden": [16]}, "batch": 40, "epochs": 1, "code": 3}
FLAT = torch.nn.Flatten()
train = partial(aaecore.train, quiet=True, device="cpu")


def images(n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Images of 8 x 8 pixels in four classes, each a bright quarter."""
    rng = np.random.default_rng(0)
    y = np.arange(n) % 4
    x = 0.2 * rng.random((n, 8, 8))
    for k in range(4):
        x[y == k, 4 * (k // 2) : 4 * (k // 2) + 4, 4 * (k % 2) : 4 * (k % 2) + 4] += 0.7
    return x.astype(np.float32), y


@pytest.fixture(scope="module", autouse=True)
def _short_training():
    """These classes are easily told apart."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choose, "own_classifier", partial(own_classifier, steps=60))
        yield


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "quarters.npz"
    x, y = images()
    np.savez(path, x=x, y=y)
    return str(path)


@pytest.fixture(scope="module")
def run(tmp_path_factory, source):
    folder = tmp_path_factory.mktemp("runs") / "semi"
    train(aaecore.compose("classic-semi-supervised", **SMALL), source, out=folder)
    return folder


@pytest.fixture(scope="module")
def found(run):
    return evaluate(run, samples=300)


def test_every_kind_of_figure_is_there_or_has_a_reason(found):
    assert set(found.left_out) == {"clustering", "sigma of the posterior"}
    assert found.left_out["clustering"] == "this recipe finds no clusters"
    for name in (
        "reconstruction_mse",
        "reconstruction_psnr",
        "reconstruction_ssim",
        "frechet_distance_reconstructions",
        "classification_error",
        "codes_mmd",
        "codes_sliced_wasserstein",
        "codes_discriminator_accuracy",
        "codes_dead_dimensions",
        "codes_mean_2",
        "prior_std_0",
        "frechet_distance",
        "kernel_distance",
        "inception_score",
        "precision",
        "recall",
        "density",
        "coverage",
        "label_accuracy",
        "parzen_log_likelihood",
        "sharpness",
        "diversity",
        "nearest_training_distance",
        "copying",
    ):
        assert np.isfinite(found.figures[name]), name


def test_counts_are_capped_and_stated(found):
    assert found.figures["samples_drawn"] == 300
    assert found.figures["evaluated_on"] == 80
    assert found.figures["heldout"] == 1
    assert found.data.endswith("(held out)")


def test_cheap_figures_are_those_of_the_training(found, run):
    trained = read_metrics(run)
    for name in ("reconstruction_mse", "classification_error"):
        assert found.figures[name] == pytest.approx(trained[name])


def test_what_is_kept_is_what_is_returned_and_repeats(found, run):
    kept = json.loads((run / "evaluation.json").read_text())
    assert {k: v for k, v in kept.items() if isinstance(v, (int, float))} == found.figures
    assert kept["left_out"] == found.left_out
    assert evaluate(run, samples=300).figures == pytest.approx(found.figures, rel=1e-6)


def test_the_classifier_is_trained_on_all_labels_of_the_data_even_where_the_run_kept_few(source, tmp_path):
    recipe = aaecore.compose("classic", **SMALL)
    config = aaecore.api.structure(
        {"recipe": recipe, "data": {"source": source, "labels": 4}, "run": {"device": "cpu"}}
    )
    session = aaecore.api.Session(
        config=config, data=aaecore.load_data(config.data, 0), out=tmp_path / "r", quiet=True, name="classic"
    )
    session.run()
    assert evaluate(tmp_path / "r", samples=50).figures["features_accuracy"] == 1


def test_a_perfect_copyist_is_found_out(source):
    """A model whose samples are training samples, and whose codes are draws from the prior."""
    data = aaecore.load_data(aaecore.data.DataConfig(source=source))
    model = train(aaecore.compose("classic", **SMALL), data)
    model.sample = lambda n, labels=None, seed=0: data.x.take(torch.arange(n) % len(data))
    model.reconstruct = lambda x, labels=None: x
    model.compute = lambda quantity, x, seed=0: model.prior(len(x), seed=seed + 1)
    figures = evaluate(model, data, samples=320, features=FLAT).figures
    assert figures["copying"] == 1
    assert figures["nearest_training_distance"] == pytest.approx(0, abs=1e-5)
    assert figures["reconstruction_mse"] == 0
    assert figures["reconstruction_ssim"] == pytest.approx(1)
    assert "reconstruction_psnr" not in figures
    assert figures["frechet_distance_reconstructions"] == pytest.approx(0, abs=1e-4)
    assert figures["precision"] > 0.9
    assert figures["codes_discriminator_accuracy"] == pytest.approx(0.5, abs=0.15)
    assert abs(figures["codes_mmd"]) < 0.03


def test_data_without_labels_is_compared_by_a_network_that_is_named(tmp_path):
    data = from_arrays(images()[0], heldout=0.2)
    model = train(aaecore.compose("classic", **SMALL), data)
    plain = evaluate(model, data, samples=50)
    assert plain.left_out["distance of samples"].startswith("none: the data has no labels")
    assert "frechet_distance" not in plain.figures
    named = evaluate(model, data, samples=50, features=FLAT)
    assert "Flatten" in named.features
    assert named.figures["frechet_distance"] > 0
    assert named.left_out["class scores of samples"] == "the feature network gives no class logits"


def test_samples_that_are_not_finite_have_no_figures(run):
    model, data = aaecore.load(run), aaecore.load_data(load_run_config(run).data)
    model.sample = lambda n, labels=None, seed=0: torch.full((n, 1, 8, 8), float("nan"))
    found = evaluate(model, data, samples=50, features=FLAT)
    assert found.left_out["likelihood"] == "the model's samples are not all finite"
    assert not {"parzen_sigma", "diversity", "frechet_distance"} & set(found.figures)
    assert "codes_mmd" in found.figures


@pytest.mark.parametrize("few", [1, 3, 8])
def test_few_samples_have_fewer_figures(run, few):
    found = evaluate(run, samples=few, features=FLAT)
    assert found.figures["evaluated_on"] == few
    assert "codes_discriminator_accuracy" not in found.figures
    assert "too few" in found.left_out["discriminator of codes"]


def test_vectors_have_no_figures_of_images():
    x, y = images()
    data = from_arrays(x.reshape(400, 64), y, heldout=0.2)
    recipe = evolve(aaecore.compose("classic", **SMALL), posterior=GaussianPosterior())
    found = evaluate(train(recipe, data), data, samples=50, features=FLAT)
    assert "mean_abs_sigma" in found.figures
    assert "sharpness" not in found.figures
    assert found.left_out["likelihood"] == "its window widths are for images with pixels in [0, 1]"


def test_a_recipe_whose_codes_follow_no_prior_has_figures_of_reconstructions(source, tmp_path):
    train(aaecore.compose("gasca", batch=40, epochs=1), source, out=tmp_path / "g")
    found = evaluate(tmp_path / "g", samples=50, features=FLAT)
    assert found.left_out["memorisation"].startswith("this recipe's codes follow no prior")
    assert {"reconstruction_mse", "sharpness_reconstructions", "codes_dead_dimensions"} <= set(found.figures)


def test_clusters_are_judged_by_every_rule(source):
    data = aaecore.load_data(aaecore.data.DataConfig(source=source))
    model = train(aaecore.compose("classic-clustering", **SMALL, categories=4), data)
    perfect = torch.eye(4)
    model.predict = lambda x: perfect[(own.logits(torch.as_tensor(x)).argmax(1) + 1) % 4]
    own = own_classifier(data, steps=100)
    figures = evaluate(model, data, samples=50, features=own).figures
    for rule in ("", "_majority", "_one_to_one"):
        assert figures[f"clustering_error{rule}"] == 0
    assert figures["clustering_nmi"] == pytest.approx(1)
    assert figures["clustering_ari"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("recipe", "settings", "gives", "accuracy"),
    [
        ("classic-supervised", {}, lambda asked: asked, 1.0),
        ("classic-supervised", {}, lambda asked: (asked + 1) % 4, 0.0),
        ("classic-supervised", {}, lambda asked: asked.clamp(max=1), 0.5),
        ("classic-clustering", {"categories": 4}, lambda asked: (asked + 1) % 4, 1.0),  # named one to one
        ("classic-clustering", {"categories": 4}, lambda asked: asked * 0, 0.25),
        ("classic-clustering", {"categories": 8}, lambda asked: asked // 2, 1.0),  # named by majority
    ],
)
def test_label_accuracy_is_the_share_of_samples_of_the_class_asked_for(source, recipe, settings, gives, accuracy):
    data = aaecore.load_data(aaecore.data.DataConfig(source=source))
    model = train(aaecore.compose(recipe, **SMALL, **settings), data)
    one_of_each = torch.cat([data.x.take((data.y == k).nonzero().squeeze(1)[:1]) for k in range(4)])
    model.sample = lambda n, labels=None, seed=0: one_of_each[gives(torch.arange(n) % 4 if labels is None else labels)]
    network = FeatureNetwork("bright quarter", _quarters, classes=data.classes)
    assert label_accuracy(Material(model, data, 40, network)) == {"label_accuracy": accuracy}


def _quarters(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """How bright each quarter is, as features and as logits."""
    means = torch.nn.functional.avg_pool2d(x, 4).flatten(1)
    return means, 10 * means


def test_a_figure_of_ones_own_is_a_function(run):
    def brightness(model, data):
        return float(data.x.take(range(len(data))).mean() - model.sample(50).mean())

    def two(model, data):
        return {"first": 1, "second": np.float32(2)}

    def never(model, data):
        raise AAEError("it never does")

    found = evaluate(run, samples=50, features=FLAT, metrics=[brightness, two, never])
    assert found.groups["brightness"] == {"brightness": pytest.approx(found.figures["brightness"])}
    assert found.groups["two"] == {"first": 1, "second": 2}
    assert found.left_out["never"] == "it never does"


def test_a_mistake_in_ones_own_figure_is_not_hidden(run):
    def wrong(model, data):
        return 1 / 0

    with pytest.raises(ZeroDivisionError):
        evaluate(run, samples=50, features=FLAT, metrics=[wrong])


def test_what_is_not_a_number_is_left_out_with_the_reason(run):
    def endless(model, data):
        return {"endless": float("inf"), "one": 1.0}

    found = evaluate(run, samples=50, features=FLAT, metrics=[endless])
    assert found.groups["endless"] == {"one": 1.0}
    assert found.left_out["endless"] == "is inf"
    json.loads((run / "evaluation.json").read_text())


def test_figures_of_other_data_do_not_become_the_runs(run, tmp_path, capsys):
    evaluate(run, samples=50, features=FLAT)
    before = (run / "evaluation.json").read_bytes()
    np.savez(tmp_path / "other.npz", **dict(zip("xy", images(200), strict=True)))
    evaluate(run, str(tmp_path / "other.npz"), samples=50, features=FLAT)
    assert (run / "evaluation.json").read_bytes() == before


def test_other_data_is_no_training_data(run, tmp_path):
    x, y = images(200)
    np.savez(tmp_path / "other.npz", x=1 - x, y=y)
    found = evaluate(run, str(tmp_path / "other.npz"), samples=50, features=FLAT)
    assert found.left_out["memorisation"] == "this is not the data that the model was trained on"
    np.savez(tmp_path / "small.npz", x=x[:, :5], y=y)
    with pytest.raises(DataError, match=r"shape \(1, 5, 8\), but this model takes \(1, 8, 8\)"):
        evaluate(run, str(tmp_path / "small.npz"))


def test_where_no_data_is_known_it_is_asked_for(tmp_path):
    x, y = images(80)
    train(aaecore.compose("classic", **SMALL), x, y, out=tmp_path / "r")
    with pytest.raises(RunError, match="was trained on arrays from Python"):
        evaluate(tmp_path / "r")
    with pytest.raises(DataError, match="give data to judge it by"):
        evaluate(aaecore.load(tmp_path / "r"))
    assert evaluate(tmp_path / "r", x, y, samples=50, features=FLAT).figures["evaluated_on"] == 50


def said(capsys, *arguments) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as exit_:
        main([*map(str, arguments)])
    out, err = capsys.readouterr()
    return exit_.value.code, out, err


def test_the_command_prints_a_table_and_shows_progress(run, capsys):
    status, out, err = said(capsys, "evaluate", run, "--samples", 60)
    assert status == 0
    assert "frechet_distance " in out
    assert "left out" in out
    assert out.rstrip().endswith("evaluation.json")
    assert "measuring memorisation ..." in err


def test_for_machines_it_prints_what_is_kept(run, capsys):
    status, out, err = said(capsys, "evaluate", run, "--samples", 60, "--json", "--quiet")
    assert (status, err) == (0, "")
    assert json.loads(out) == json.loads((run / "evaluation.json").read_text())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--features", "resnet"], "--features resnet: is no network that samples can be compared by; choose from"),
        (["--features", "inception"], "are never downloaded; put inception_v3_google-0cc3c7bd.pth into"),
        (["--features", "none.pt2"], "none.pt2: is missing"),
        (["--data", "nonsense"], "unknown data 'nonsense'"),
        (["--samples", "0"], "--samples"),
    ],
)
def test_a_mistake_is_one_line(run, capsys, monkeypatch, tmp_path, given, message):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    status, out, err = said(capsys, "evaluate", run, *given)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert message in err
