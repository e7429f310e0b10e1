"""The published configurations load, and give exactly the paper's hyper-parameters."""

from pathlib import Path

import pytest

from aaecore.config import load_config
from aaecore.data import DataConfig
from aaecore.defaults.architectures import MLP
from aaecore.defaults.priors import Gaussian
from aaecore.optimizer import SGD
from aaecore.spec import Spec

CONFIGS = Path(__file__).parents[1] / "configs"
EXPERIMENTS = sorted(p.stem for p in CONFIGS.glob("*.toml"))
REFERENCE = MLP(hidden=(1000, 1000), init_std=0.01)


def loaded(name):
    return load_config(config=CONFIGS / f"{name}.toml")


def steps(optimizer, *milestones):
    """The learning rates from epoch 0 and from each milestone, just before which the last one still holds."""
    assert optimizer.milestones == milestones
    for before, m in zip((0, *milestones), milestones, strict=False):
        assert optimizer.rate(m - 1, 5000) == pytest.approx(optimizer.rate(before, 5000))
    return [pytest.approx(optimizer.rate(m, 5000)) for m in (0, *milestones)]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_configuration_loads_and_builds(name):
    config = loaded(name)
    spec = Spec(shape=(1, 28, 28), classes=10)
    config.recipe.validate(spec)
    assert config.recipe.all_phases(spec)


@pytest.mark.parametrize(("name", "code", "std"), [("mnist-likelihood", 8, 5.0), ("tfd-likelihood", 15, 10.0)])
def test_likelihood(name, code, std):
    r = loaded(name).recipe
    assert (r.code, r.prior, r.batch, r.architecture) == (code, Gaussian(std=std), 100, REFERENCE)
    assert (r.scaling, r.input_noise) == ("pixelwise" if "tfd" in name else "unit", 0.0)
    slower = 0.01 if "tfd" in name else 1.0  # MNIST's rates diverge on 2304 standardised pixels
    assert steps(r.reconstruction_optimizer, 50, 1000) == [slower * lr for lr in (0.01, 0.001, 0.0001)]
    adversarial(r, [0.01, 0.001, 0.0001] if "tfd" in name else [0.1, 0.01, 0.001], 50, 1000)
    assert r.reconstruction_optimizer.momentum == 0.9


def adversarial(r, rates, *milestones):
    for optimizer in (r.discriminator_optimizer, r.generator_optimizer):
        assert isinstance(optimizer, SGD)
        assert optimizer.momentum == 0.1
        assert steps(optimizer, *milestones) == rates


SEMI = [e for e in EXPERIMENTS if e.startswith(("mnist-semi", "mnist-dim"))]


@pytest.mark.parametrize("name", SEMI)
def test_semi_supervised_and_dimensionality_reduction_on_mnist(name):
    config = loaded(name)
    r = config.recipe
    assert (r.input_noise, r.input_dropout, r.epochs, r.architecture) == (0.3, 0.0, 5000, REFERENCE)
    assert r.prior == Gaussian(std=1.0)
    assert steps(r.reconstruction_optimizer, 50, 1000) == [0.01, 0.001, 0.0001]
    if r.supervision == "semi":
        assert steps(r.classification_optimizer, 50, 1000) == [0.1, 0.01, 0.001]
        assert r.classification_optimizer.momentum == 0.9
    assert r.reconstruction_optimizer.momentum == 0.9
    adversarial(r, [0.1, 0.01, 0.001], 50, 1000)
    count = name.rsplit("-", 1)[1]
    assert config.data.labels == (int(count) if count.isdigit() else None)


@pytest.mark.parametrize(
    ("name", "code", "categories"),
    [
        ("mnist-semi-supervised-100", 10, 10),
        ("mnist-dim-reduction-2d-1000", 2, 10),
        ("mnist-dim-reduction-2d-100", 2, 10),
        ("mnist-dim-reduction-2d-unsupervised", 2, 20),
        ("mnist-dim-reduction-10d-100", 10, 10),
        ("mnist-clustering-16", 5, 16),
        ("mnist-clustering-30", 5, 30),
        ("svhn-semi-supervised-1000", 20, 10),
    ],
)
def test_sizes_of_style_and_category(name, code, categories):
    r = loaded(name).recipe
    assert (r.code, r.categories) == (code, categories)
    assert r.supervision == ("none" if "unsup" in name or "clustering" in name else "semi")


def test_semi_supervised_on_svhn():
    config = loaded("svhn-semi-supervised-1000")
    r = config.recipe
    assert (r.input_noise, r.input_dropout, r.scaling, r.epochs) == (0.0, 0.2, "standard", 1000)
    assert config.data == DataConfig(source="torchvision:SVHN", labels=1000)
    assert steps(r.reconstruction_optimizer, 250) == [1e-4, 1e-5]
    assert steps(r.classification_optimizer, 250) == [0.1, 0.01]
    assert r.reconstruction_optimizer.momentum == r.classification_optimizer.momentum == 0.9
    adversarial(r, [0.01, 0.001], 250)


@pytest.mark.parametrize("clusters", [16, 30])
def test_clustering(clusters):
    r = loaded(f"mnist-clustering-{clusters}").recipe
    assert (r.input_noise, r.input_dropout, r.epochs) == (0.0, 0.2, 1500)
    assert r.architecture == MLP(hidden=(3000, 3000), batch_norm="encoder", init_std=0.01)
    assert steps(r.reconstruction_optimizer, 50) == [0.01, 0.001]
    assert r.reconstruction_optimizer.momentum == 0.9
    adversarial(r, [0.1, 0.01], 50)


@pytest.mark.parametrize("prior", ["mixture", "swiss-roll"])
def test_label_informed_priors_see_10000_labels_of_50000_images(prior):
    config = loaded(f"mnist-label-prior-{prior}")
    assert config.recipe.code == 2
    assert (config.data.labels, config.data.limit) == (10_000, 50_000)


@pytest.mark.parametrize(("name", "code"), [("mnist-supervised", 15), ("svhn-supervised", 20)])
def test_supervised(name, code):
    assert loaded(name).recipe.code == code
