"""Folders of images by class."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from aaecore.data import DataConfig, load_data
from aaecore.errors import DataError

rng = np.random.default_rng(0)


EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 6\n%%EndComments\nshowpage\n"  # would run Ghostscript


def write(path, shape=(6, 8), dtype=np.uint8):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = rng.integers(0, np.iinfo(dtype).max, shape, dtype=dtype)
    Image.fromarray(pixels).save(path)
    return pixels


def load(path, **fields):
    return load_data(DataConfig(source=f"folder:{path}", **{"heldout": 0.0, **fields}))


def refusal(path, **fields):
    with pytest.raises(DataError) as caught:
        load(path, **fields)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_sub_folders_are_classes_in_alphabetical_order(tmp_path):
    dog, cat = write(tmp_path / "dog/1.png"), write(tmp_path / "cat/deep/9.png")
    (tmp_path / "dog/notes.txt").write_text("not an image")
    (tmp_path / ".cache").mkdir()
    data = load(tmp_path)
    assert data.classes == ("cat", "dog")
    assert data.y.tolist() == [0, 1]
    assert torch.equal(data.x.tensor, torch.from_numpy(np.stack([cat, dog]))[:, None] / 255)


def test_images_without_sub_folders_are_unlabelled(tmp_path):
    for k in range(3):
        write(tmp_path / f"{k}.png")
    assert load(tmp_path).y is None


def test_one_colour_image_makes_all_colour(tmp_path):
    write(tmp_path / "a/1.png")
    write(tmp_path / "a/2.png", (6, 8, 3))
    assert load(tmp_path).shape == (3, 6, 8)


def test_sixteen_bit_grey_keeps_its_range(tmp_path):
    deep = write(tmp_path / "a/1.png", dtype=np.uint16)
    write(tmp_path / "a/2.png", dtype=np.uint16)
    data = load(tmp_path)
    assert data.shape == (1, 6, 8)
    assert np.abs(data.x.tensor[0, 0].numpy() - deep / 65535).max() < 1 / 200


@pytest.mark.parametrize("second", ["test", "val"])
def test_train_and_test_folders_are_the_split(tmp_path, second):
    for name in ("train/a/1", "train/b/2", "train/b/3", f"{second}/b/4"):
        write(tmp_path / f"{name}.png")
    data = load(tmp_path, heldout=0.9)
    assert (data.y.tolist(), data.heldout.y.tolist(), data.classes) == ([0, 1, 1], [1], ("a", "b"))


def test_a_class_only_in_the_test_folder_is_refused(tmp_path):
    for name in ("train/a/1", "train/b/2", "test/c/4"):
        write(tmp_path / f"{name}.png")
    assert "'c'" in refusal(tmp_path)


def test_images_of_several_sizes_need_a_size(tmp_path):
    write(tmp_path / "a/1.png")
    write(tmp_path / "a/2.png", (9, 5))
    message = refusal(tmp_path)
    assert "2.png" in message
    assert "data.size" in message
    assert load(tmp_path, size=4).shape == (1, 4, 4)


def test_an_odd_size_that_no_sample_of_files_showed_is_still_named(tmp_path):
    for k in range(300):
        write(tmp_path / f"a/{k:03}.png", (2, 2))
    write(tmp_path / "a/001.png", (3, 2))
    assert "001.png" in refusal(tmp_path)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG\r\n\x1a\n", EPS])
def test_a_file_that_is_no_image_is_named(tmp_path, content):
    write(tmp_path / "a/1.png")
    (tmp_path / "a/2.png").write_bytes(content)
    assert "2.png" in refusal(tmp_path)


@pytest.mark.parametrize("ending", ["png", "jpg", "gif", "bmp", "tif", "webp"])
def test_a_truncated_image_is_named(tmp_path, ending):
    write(tmp_path / f"a/1.{ending}", (40, 40, 3))
    write(tmp_path / f"a/2.{ending}", (40, 40, 3))
    path = tmp_path / f"a/2.{ending}"
    path.write_bytes(path.read_bytes()[:-200])
    assert f"2.{ending}" in refusal(tmp_path)


def test_floating_point_pixels_are_refused(tmp_path):
    (tmp_path / "a").mkdir()
    for k in range(2):
        Image.fromarray(rng.random((4, 4)).astype(np.float32)).save(tmp_path / f"a/{k}.tif")
    assert ".npy" in refusal(tmp_path)


def test_a_picture_too_large_to_be_one_is_refused(tmp_path, monkeypatch):
    write(tmp_path / "a/1.png", (40, 40))
    write(tmp_path / "a/2.png", (40, 40))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert "1.png" in refusal(tmp_path)


def test_folders_without_images_are_refused(tmp_path):
    assert "no such file" in refusal(tmp_path / "absent")
    assert "no images" in refusal(tmp_path)
    (tmp_path / "a").mkdir()
    assert "no images" in refusal(tmp_path)
    write(tmp_path / "b/1.png")
    assert "'a' has no images" in refusal(tmp_path)


def test_images_beside_class_folders_are_refused(tmp_path):
    write(tmp_path / "a/1.png")
    write(tmp_path / "stray.png")
    assert "stray.png" in refusal(tmp_path)


def test_a_file_is_no_folder(tmp_path):
    write(tmp_path / "1.png")
    assert "is a file" in refusal(tmp_path / "1.png")


def test_identical_images_are_refused(tmp_path):
    write(tmp_path / "a/1.png")
    (tmp_path / "a/2.png").write_bytes((tmp_path / "a/1.png").read_bytes())
    for streamed in ("yes", "no"):
        assert "identical" in refusal(tmp_path, streamed=streamed)


def test_real_photographs_by_class_are_read(tmp_path):
    packed = Path(__file__).parents[2] / "shared/data/cifar10-test-jpg.tar.gz"
    if not packed.exists():
        pytest.skip("no ../shared/data/cifar10-test-jpg.tar.gz")
    import tarfile

    with tarfile.open(packed) as archive:
        for member in archive:
            if member.isfile() and int("".join(filter(str.isdigit, Path(member.name).stem)) or 0) % 100 == 0:
                archive.extract(member, tmp_path, filter="data")
    inner = next(p for p in [tmp_path, *sorted(tmp_path.rglob("*"))] if len(list(p.glob("*/*.jpg"))) > 10)
    data = load(inner, heldout=0.2)
    assert data.shape == (3, 32, 32)
    assert len(data.classes) == 10
    assert 0.3 < data.x.tensor.mean() < 0.6
