import gzip
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from aaecore.errors import DataError
from aaecore.metrics import SIGMAS, choose_sigma, parzen_log_likelihood

MNIST = Path(__file__).resolve().parents[2] / "shared" / "data" / "MNIST" / "raw"


def mnist(name: str, n: int) -> torch.Tensor:
    path = MNIST / name
    raw = path.read_bytes() if path.exists() else gzip.decompress((MNIST / f"{name}.gz").read_bytes())
    images = np.frombuffer(raw, dtype=np.uint8, offset=16, count=n * 784)
    return torch.from_numpy(images.reshape(n, 784).astype(np.float32) / 255)


def test_a_sample_at_distance_nought_gives_the_peak_of_a_gaussian():
    x = torch.rand(1, 7)
    mean, error = parzen_log_likelihood(x, x, sigma=0.3)
    assert mean == pytest.approx(-7 / 2 * math.log(2 * math.pi * 0.3**2))
    assert error == 0


def test_it_is_the_density_of_the_mixture():
    s, x = torch.tensor([[0.0], [1.0], [4.0]]), torch.tensor([[0.5], [3.0]])
    density = np.exp(-((x.numpy() - s.numpy().T) ** 2) / (2 * 0.7**2)) / math.sqrt(2 * math.pi * 0.7**2)
    log_p = np.log(density.mean(axis=1))
    mean, error = parzen_log_likelihood(s, x, sigma=0.7)
    assert mean == pytest.approx(log_p.mean())
    assert error == pytest.approx(log_p.std() / math.sqrt(2))


def test_chunks_do_not_change_it():
    s, x = torch.rand(20, 3, 2, 2), torch.rand(13, 3, 2, 2)
    assert parzen_log_likelihood(s, x, 0.2, chunk=5) == pytest.approx(parzen_log_likelihood(s, x, 0.2))


def test_far_points_stay_finite():
    mean, _ = parzen_log_likelihood(np.zeros((2, 50)), np.full((1, 50), 100.0), sigma=0.1)
    assert mean == pytest.approx(-50 * 100**2 / 0.02, rel=1e-3)


def test_distances_survive_an_offset():
    s, x = torch.rand(5, 4, dtype=torch.float64), torch.rand(6, 4, dtype=torch.float64)
    here, there = parzen_log_likelihood(s, x, 0.3), parzen_log_likelihood(s + 1000, x + 1000, 0.3)
    assert there == pytest.approx(here, rel=1e-6)


def test_the_window_of_the_data_is_chosen():
    rows = torch.randn(600, 2, generator=torch.Generator().manual_seed(0)) * 0.4
    centre = torch.zeros(1, 2)
    assert choose_sigma(centre, rows, (0.05, 0.1, 0.4, 1.6)) == 0.4
    assert choose_sigma(centre, rows) in SIGMAS


@pytest.mark.parametrize(
    ("samples", "points", "sigma"),
    [
        (torch.zeros(0, 2), torch.zeros(1, 2), 1.0),
        (torch.zeros(1, 2), torch.zeros(1, 3), 1.0),
        (torch.zeros(1, 2), torch.zeros(2), 1.0),
        (torch.zeros(1, 2), torch.zeros(1, 2), 0.0),
    ],
)
def test_what_has_no_density_is_refused(samples, points, sigma):
    with pytest.raises(DataError):
        parzen_log_likelihood(samples, points, sigma)


def test_an_empty_grid_is_refused():
    with pytest.raises(DataError, match="grid"):
        choose_sigma(torch.zeros(1, 2), torch.zeros(1, 2), ())


@pytest.mark.skipif(not MNIST.is_dir(), reason=f"the MNIST files are not in {MNIST}")
def test_real_mnist_has_the_likelihood_known_for_it():
    samples, test = mnist("train-images-idx3-ubyte", 10_000), mnist("t10k-images-idx3-ubyte", 10_000)
    mean, error = parzen_log_likelihood(samples, test, sigma=0.18)
    assert mean == pytest.approx(243.8, abs=2)
    assert error == pytest.approx(1.8, abs=0.3)
