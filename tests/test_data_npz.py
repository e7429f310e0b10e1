"""Files of arrays, written well, badly or with bad intent."""

import io
import os
import pickle
import zipfile

import numpy as np
import pytest
import torch

from aaecore.data import DataConfig, InMemory, Streamed, load_data
from aaecore.errors import DataError

rng = np.random.default_rng(0)
X = rng.random((40, 5)).astype(np.float32)


def load(path, **fields):
    return load_data(DataConfig(source=str(path), **fields))


def refusal(path, **fields):
    with pytest.raises(DataError) as caught:
        load(path, **fields)
    message = str(caught.value)
    assert "\n" not in message
    assert os.path.basename(path) in message
    return message


def outcome(path):
    try:
        load(path)
    except DataError as error:
        return str(error)
    return ""


def npy_bytes(array, **options):
    buffer = io.BytesIO()
    np.save(buffer, array, **options)
    return buffer.getvalue()


def header(descr, shape):
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": descr, "fortran_order": False, "shape": shape})
    return buffer.getvalue()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("streamed", ["yes", "no"])
def test_an_npz_gives_samples_labels_targets_conditions_and_its_own_test_set(tmp_path, save, streamed):
    arrays = {"x": X, "y": np.arange(40) % 3, "target": X[::-1], "condition": X[:, :2]}
    save(tmp_path / "d.npz", **arrays, **{k + "_test": v[:7] for k, v in arrays.items()})
    data = load(tmp_path / "d.npz", streamed=streamed)
    assert isinstance(data.x, Streamed if streamed == "yes" else InMemory)
    for part, n in ((data, 40), (data.heldout, 7)):
        assert torch.equal(part.x.take(range(n)), torch.from_numpy(X[:n]))
        assert torch.equal(part.target.take(range(n)), torch.from_numpy(X[::-1][:n].copy()))
        assert torch.equal(part.condition, torch.from_numpy(X[:n, :2]))
        assert part.y.tolist() == [i % 3 for i in range(n)]


@pytest.mark.parametrize("array", [X.astype(">f8"), np.asfortranarray(X), X.astype(np.float16)])
def test_an_npy_of_any_byte_order_and_layout_is_read(tmp_path, array):
    np.save(tmp_path / "d.npy", array)
    for streamed in ("yes", "no"):
        data = load(tmp_path / "d.npy", heldout=0, streamed=streamed)
        assert torch.equal(data.x.take(range(40)), torch.from_numpy(array.astype("=f4", order="C")))
        assert data.y is None


def test_a_missing_file_is_named(tmp_path):
    assert "no such file" in refusal(tmp_path / "absent.npz")
    assert "no such file" in refusal(tmp_path / "absent.npy")


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "d.npy").mkdir()
    assert "cannot be read" in refusal(tmp_path / "d.npy")


@pytest.mark.parametrize("name", ["d.npz", "d.npy"])
@pytest.mark.parametrize(
    "content", [b"", b"x,y\n1,2\n", b"\x93NUMPY", b"\x93NUMPY\x01\x00\x10\x00garbage", b"PK\x03\x04"]
)
def test_a_file_of_another_kind_is_refused(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert "np.save" in refusal(tmp_path / name)


def test_objects_are_never_unpickled(tmp_path):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "exploded"),)

    np.save(tmp_path / "d.npy", np.array([Bomb(), 1], dtype=object))
    np.savez(tmp_path / "d.npz", x=np.array([Bomb(), 1], dtype=object))
    (tmp_path / "raw.npy").write_bytes(pickle.dumps(Bomb()))
    assert "never unpickled" in refusal(tmp_path / "d.npy")
    assert "never unpickled" in refusal(tmp_path / "d.npz")
    refusal(tmp_path / "raw.npy")
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_truncated_file_is_refused_wherever_it_ends(tmp_path, save):
    save(tmp_path / "whole.npz", x=X)
    np.save(tmp_path / "whole.npy", X)
    for name in ("whole.npz", "whole.npy"):
        content = (tmp_path / name).read_bytes()
        for end in range(0, len(content), 37):
            cut = tmp_path / f"cut{name[5:]}"
            cut.write_bytes(content[:end])
            refusal(cut)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_no_damage_to_a_file_ends_in_anything_but_an_error_of_ours(tmp_path, save):
    save(tmp_path / "d.npz", x=X, y=np.arange(40) % 2)
    content = bytearray((tmp_path / "d.npz").read_bytes())
    outcomes = []
    for _ in range(300):
        broken = bytearray(content)
        for place in rng.integers(0, len(content), 3):
            broken[place] = rng.integers(0, 256)
        (tmp_path / "broken.npz").write_bytes(broken)
        outcomes.append(outcome(tmp_path / "broken.npz"))
    assert any(outcomes)
    assert not any("\n" in message for message in outcomes)


@pytest.mark.parametrize("shape", [(10**12, 10**6), (41, 5), (39, 5), (-40, -5), (2**62, 4)])
def test_a_header_that_claims_what_is_not_there_is_refused_before_anything_is_allocated(tmp_path, shape):
    (tmp_path / "d.npy").write_bytes(header("<f4", shape) + X.tobytes())
    with zipfile.ZipFile(tmp_path / "d.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", header("<f4", shape) + X.tobytes())
    assert "damaged" in refusal(tmp_path / "d.npy")
    assert "damaged" in refusal(tmp_path / "d.npz")


def test_a_zip_bomb_is_refused_unopened(tmp_path):
    with (
        zipfile.ZipFile(tmp_path / "d.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("x.npy", "w", force_zip64=True) as member,
    ):
        member.write(header("|u1", (1100, 1 << 20)))
        for _ in range(1100):
            member.write(bytes(1 << 20))
    message = refusal(tmp_path / "d.npz")
    assert "zip bomb" in message
    assert "np.savez" in message


def test_a_zip_of_another_kind_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "d.npz", "w") as archive:
        archive.writestr("word/document.xml", "<xml/>")
    assert "another kind" in refusal(tmp_path / "d.npz")


def test_an_array_given_twice_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "d.npz", "w") as archive:
        archive.writestr("x.npy", npy_bytes(X))
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("x.npy", npy_bytes(X))
    assert "two arrays" in refusal(tmp_path / "d.npz")


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"x_train": X}, ("'x_train'", "choose from", "condition_test")),
        ({"y": np.arange(40)}, ("'x'", "target")),
        ({"x": X, "y_test": np.arange(40)}, ("'y_test'", "'x_test'")),
        ({"x": X, "y": np.arange(39)}, ("40", "39")),
        ({"x": X, "y": np.arange(40) * 2}, ("1, 3, 5, 7, 9, ...",)),
        ({"x": X, "y": np.arange(40).astype("U")}, ("not integers",)),
        ({"x": X * np.nan}, ("NaN",)),
        ({"x": X[:1]}, ("at least 2",)),
        ({"x": X[:0]}, ("at least 2",)),
        ({"x": X, "x_test": X[:, :3]}, ("same shape",)),
        ({"x": X, "x_test": X[:0]}, ("empty",)),
        ({"x": X[0, 0]}, ("shape ()",)),
        ({}, ("'x'",)),
    ],
)
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_wrong_arrays_are_refused_by_name(tmp_path, arrays, words, save):
    save(tmp_path / "d.npz", **arrays)
    message = refusal(tmp_path / "d.npz")
    assert all(word in message for word in words), message


def test_vectors_have_no_size(tmp_path):
    np.save(tmp_path / "d.npy", X)
    assert "size" in refusal(tmp_path / "d.npy", size=4)


def test_conditions_too_large_to_be_squared_are_refused(tmp_path):
    np.savez(tmp_path / "d.npz", x=X, condition=np.full((40, 2), -1e38))
    assert "condition holds 1e+38, too large to be squared as float32; divide by a constant" in refusal(
        tmp_path / "d.npz"
    )


def test_held_out_classes_that_training_lacks_are_blamed_on_the_held_out_labels(tmp_path):
    np.savez(tmp_path / "d.npz", x=X, y=np.arange(40) % 5, x_test=X[:7], y_test=np.full(7, 9))
    assert "held-out labels reach 9, where those to train on are 0 to 4" in refusal(tmp_path / "d.npz")


def test_a_class_that_only_held_out_samples_have_may_fill_a_gap(tmp_path):
    np.savez(tmp_path / "d.npz", x=X, y=2 * (np.arange(40) % 2), x_test=X[:7], y_test=np.full(7, 1))
    assert len(load(tmp_path / "d.npz").classes) == 3
