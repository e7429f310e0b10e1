"""Data sets of torchvision, without any download."""

import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from aaecore.data import DataConfig, load_data
from aaecore.errors import DataError

datasets = pytest.importorskip("torchvision.datasets", reason="torchvision is not installed")
rng = np.random.default_rng(0)
WNIDS = (
    *("n01440764", "n02102040", "n02979186", "n03000684", "n03028079"),
    *("n03394916", "n03417042", "n03425413", "n03445777", "n03888257"),
)


def load(name, root, **fields):
    return load_data(DataConfig(source=f"torchvision:{name}", root=str(root), **fields))


def refusal(name, root):
    with pytest.raises(DataError) as caught:
        load(name, root)
    message = str(caught.value)
    assert "\n" not in message
    return message


def write_idx(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    sizes = struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes())


def write_mnist(root, prefixes=("train", "t10k"), middle="-"):
    for prefix, n in zip(prefixes, (30, 20), strict=True):
        write_idx(root / f"{prefix}-images{middle}idx3-ubyte", rng.integers(0, 256, (n, 28, 28), dtype=np.uint8))
        write_idx(root / f"{prefix}-labels{middle}idx1-ubyte", np.arange(n, dtype=np.uint8) % 10)


@pytest.mark.parametrize("streamed", ["yes", "no"])
def test_a_set_with_a_train_flag_brings_its_own_test_set(tmp_path, streamed):
    write_mnist(tmp_path / "FashionMNIST/raw")
    data = load("FashionMNIST", tmp_path, streamed=streamed)
    assert (len(data), len(data.heldout), data.shape, data.classes[1]) == (30, 20, (1, 28, 28), "Trouser")
    ours, theirs = data.x.take([7])[0, 0], datasets.FashionMNIST(tmp_path)[7]
    assert torch.equal(ours, torch.from_numpy(np.array(theirs[0])) / 255)
    assert data.y[7] == theirs[1]


def test_emnist_is_read_in_its_balanced_split(tmp_path):
    raw = tmp_path / "EMNIST/raw"
    write_mnist(raw, ("emnist-balanced-train", "emnist-balanced-test"))
    data = load("EMNIST", tmp_path)
    assert (len(data), len(data.heldout), len(data.classes)) == (30, 20, 47)


def write_imagenette(root):
    for split, n in (("train", 4), ("val", 2)):
        for wnid in WNIDS:
            for k in range(n):
                path = root / f"imagenette2/{split}/{wnid}/{k}.JPEG"
                path.parent.mkdir(parents=True, exist_ok=True)
                size = (8 + k, 9, 3)
                Image.fromarray(rng.integers(0, 256, size, dtype=np.uint8)).save(path)


def test_a_set_of_image_files_with_named_splits_is_resized(tmp_path):
    write_imagenette(tmp_path)
    data = load("Imagenette", tmp_path, size=8)
    assert (len(data), len(data.heldout), data.shape) == (40, 20, (3, 8, 8))
    assert data.y.bincount().tolist() == [4] * 10
    assert "data.size" in refusal("Imagenette", tmp_path)


def test_an_absent_set_says_how_to_put_it_there_and_downloads_nothing(tmp_path):
    for name in ("MNIST", "CIFAR10", "EMNIST", "Food101", "SEMEION"):
        message = refusal(name, tmp_path)
        assert "--data-root" in message
        assert f"from torchvision.datasets import {name}" in message
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


def test_damaged_files_are_named(tmp_path):
    write_mnist(tmp_path / "MNIST/raw")
    path = tmp_path / "MNIST/raw/train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:1000])
    message = refusal("MNIST", tmp_path)
    assert "torchvision:MNIST" in message
    assert str(tmp_path) in message


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("MINST", "MNIST"),
        ("cifar10", "CIFAR10"),
        ("fashion", "FashionMNIST"),
        ("ImageFolder", ""),
        ("CocoCaptions", ""),
        ("", ""),
    ],
)
def test_an_unknown_or_unfit_name_lists_the_nearest(tmp_path, name, near):
    message = refusal(name, tmp_path)
    assert f"torchvision:{name}:" in message
    assert near in message.split("did you mean")[1]


def test_without_torchvision_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    assert 'pip install "aaecore[torchvision]"' in refusal("MNIST", tmp_path)


def test_real_mnist_test_digits_are_read(tmp_path):
    packed = Path(__file__).parents[2] / "shared/data/MNIST/raw"
    if not packed.exists():
        pytest.skip("no ../shared/data/MNIST")
    import gzip

    raw = tmp_path / "MNIST/raw"
    raw.mkdir(parents=True)
    for prefix in ("train", "t10k"):  # the small test files serve as both
        for kind in ("images-idx3", "labels-idx1"):
            (raw / f"{prefix}-{kind}-ubyte").write_bytes(
                gzip.decompress((packed / f"t10k-{kind}-ubyte.gz").read_bytes())
            )
    data = load("MNIST", tmp_path)
    assert (len(data), data.shape, data.y[:5].tolist()) == (10_000, (1, 28, 28), [7, 2, 1, 0, 4])
