"""Data from arrays: layouts, labels, splits, and what is refused."""

import numpy as np
import pytest
import torch

from aaecore.data import DataConfig, InMemory, from_arrays, load_data
from aaecore.errors import DataError

rng = np.random.default_rng(0)


def refusal(call):
    with pytest.raises(DataError) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_digits_are_the_default_with_a_fifth_held_out_by_class():
    data = load_data(DataConfig())
    assert (len(data), len(data.heldout), data.shape, len(data.classes)) == (1438, 359, (1, 8, 8), 10)
    assert 0 <= data.x.tensor.min() < data.x.tensor.max() == 1
    whole = torch.cat([data.y, data.heldout.y]).bincount()
    held = data.heldout.y.bincount()
    assert ((held - whole * 0.2).abs() < 1).all()


def test_split_is_disjoint_complete_and_a_function_of_the_seed():
    x = np.arange(50, dtype=np.float32)[:, None]
    y = np.repeat([0, 1, -1], [30, 15, 5])
    data = from_arrays(x, y, heldout=0.3, seed=1)
    both = torch.cat([data.x.tensor, data.heldout.x.tensor]).flatten()
    assert sorted(both.tolist()) == list(range(50))
    assert torch.equal(data.heldout.x.tensor, from_arrays(x, y, heldout=0.3, seed=1).heldout.x.tensor)
    assert not torch.equal(data.heldout.x.tensor, from_arrays(x, y, heldout=0.3, seed=2).heldout.x.tensor)
    assert set(data.y.tolist()) == set(data.heldout.y.tolist()) == {-1, 0, 1}


@pytest.mark.parametrize(
    ("shape", "sample"),
    [
        ((5, 4, 6), (1, 4, 6)),
        ((5, 4, 6, 1), (1, 4, 6)),
        ((5, 4, 6, 3), (3, 4, 6)),
        ((5, 1, 4, 6), (1, 4, 6)),
        ((5, 3, 4, 6), (3, 4, 6)),
        ((5, 7), (7,)),
    ],
)
def test_every_usual_layout_is_accepted(shape, sample):
    values = rng.random(shape)
    data = from_arrays(values)
    assert data.shape == sample
    first = values[0].transpose(2, 0, 1) if shape[-1] in (1, 3) and len(shape) == 4 else values[0]
    assert data.x.take([0]).flatten().tolist() == first.astype(np.float32).flatten().tolist()
    assert data.x.tensor.dtype == torch.float32


def test_bytes_of_images_are_divided_by_255_and_those_of_vectors_are_not():
    pixels = rng.integers(0, 256, (4, 2, 2), dtype=np.uint8)
    assert torch.equal(from_arrays(pixels).x.tensor, torch.from_numpy(pixels)[:, None] / 255)
    assert from_arrays(pixels.reshape(4, 4)).x.tensor.max() == pixels.max()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.bool])
def test_tensors_of_any_real_dtype_are_accepted(dtype):
    data = from_arrays(torch.eye(3).to(dtype), torch.tensor([0, 1, 0]))
    assert torch.equal(data.x.tensor, torch.eye(3))


def test_data_owns_its_memory():
    x = np.eye(3, dtype=np.float32)
    data = from_arrays(x)
    x[:] = 7
    assert torch.equal(data.x.tensor, torch.eye(3))


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (np.array([[0.0, np.nan], [1, 1]]), ("sample 0", "NaN", "nan_to_num")),
        (np.array([[0.0, 0], [1, 1], [np.inf, 1]]), ("sample 2", "infinite")),
        (np.array([[0.0], [1e300]]), ("sample 1", "1e+300, infinite as float32", "divide")),
        (np.ones((4, 3)), ("identical", "varies")),
        (np.ones((1, 3)), ("1 sample", "at least 2")),
        (np.ones((0, 3)), ("0 sample", "at least 2")),
        (np.ones((4, 0)), ("length 0",)),
        (np.ones(4), ("(4,)", "(N, F)")),
        (np.float32(3), ("()", "(N, F)")),
        (np.ones((4, 5, 6, 7)), ("(4, 5, 6, 7)", "(N, H, W)")),
        (rng.random((3, 4, 4)) * 255, ("[0, 1]", "255", "(N, F)")),
        (rng.random((3, 4, 4)) - 0.5, ("[0, 1]",)),
        (np.eye(4, dtype=np.uint8)[:, None], ("none exceeds 1", "bool")),
        (np.array([["a"], ["b"]]), ("<U1", "astype")),
        (np.array([[1j], [2]]), ("complex", "astype")),
        (np.array([[None], [2]]), ("object", "astype")),
        ([[1, 2], [3]], ("differ in length",)),
    ],
)
def test_samples_that_cannot_be_trained_on_are_refused(x, words):
    message = refusal(lambda: from_arrays(x))
    assert all(word in message for word in words), message


@pytest.mark.parametrize(
    ("y", "words"),
    [
        ([0, 1, 1], ("4 samples", "y has 3")),
        ([0.0, 1.0, 1.0, 0.0], ("float64", "astype(int)")),
        (np.eye(4, dtype=int), ("(4, 4)", "argmax")),
        ([0, 1, 3, 6], ("2, 4, 5", "np.unique")),
        ([1, 1, 1, 1], ("0 never",)),
        ([0, 1, 0, 10**12], ("2, 3, 4, 5, 6, ...", "np.unique")),
        ([0, 1, 0, -2], ("-2", "-1 means unlabelled")),
    ],
)
def test_labels_that_do_not_count_from_zero_are_refused(y, words):
    message = refusal(lambda: from_arrays(np.eye(4), np.asarray(y)))
    assert all(word in message for word in words), message


def test_the_remedy_for_gaps_in_labels_works():
    y = np.array([3, -1, 7, 3])
    assert "return_inverse" in refusal(lambda: from_arrays(np.eye(4), y))
    y[y >= 0] = np.unique(y[y >= 0], return_inverse=True)[1]
    assert from_arrays(np.eye(4), y).y.tolist() == [0, -1, 1, 0]


def test_data_whose_labels_are_all_unknown_has_none():
    data = from_arrays(np.eye(4), [-1] * 4)
    assert data.y is None
    assert data.classes == ()
    assert len(data.labelled) == 0


def test_kept_labels_are_balanced_nested_and_leave_the_held_out_ones_alone():
    kept = {n: load_data(DataConfig(labels=n), seed=3) for n in (10, 25, 100)}
    for n, data in kept.items():
        counts = data.y[data.labelled].bincount(minlength=10)
        assert counts.sum() == n
        assert counts.max() - counts.min() <= 1
        assert (data.heldout.y >= 0).all()
    assert set(kept[10].labelled.tolist()) < set(kept[25].labelled.tolist()) < set(kept[100].labelled.tolist())


def test_a_short_class_gives_all_it_has_and_the_others_fill_up():
    y = np.repeat([0, 1], [2, 18])
    data = from_arrays(rng.random((20, 2)), y, labels=10)
    assert data.y[data.labelled].bincount().tolist() == [2, 8]


@pytest.mark.parametrize(
    ("y", "labels", "words"),
    [(None, 2, "no labels"), ([0, 1, 0, 1], 1, "from 2 to 4"), ([0, 1, 0, -1], 4, "from 2 to 3")],
)
def test_labels_that_cannot_be_kept_are_refused(y, labels, words):
    assert words in refusal(lambda: from_arrays(np.eye(4), y, labels=labels))


def test_limit_takes_a_seeded_choice_of_the_training_samples_only():
    full, few = load_data(DataConfig(), 5), load_data(DataConfig(limit=50), 5)
    assert (len(few), len(few.heldout)) == (50, len(full.heldout))
    rows = {tuple(r) for r in full.x.tensor.flatten(1).tolist()}
    assert all(tuple(r) in rows for r in few.x.tensor.flatten(1).tolist())
    assert not torch.equal(few.y, load_data(DataConfig(limit=50), 6).y)


def test_images_are_resized_and_vectors_are_not():
    small = load_data(DataConfig(size=5))
    assert small.shape == (1, 5, 5)
    assert 0 <= small.x.tensor.min() < small.x.tensor.max() <= 1


def test_held_out_arrays_must_match_the_training_arrays():
    x, wide = np.eye(4), np.eye(5)
    assert "(4,)" in refusal(lambda: from_arrays(x, x_heldout=wide))
    assert "x_heldout" in refusal(lambda: from_arrays(x, y_heldout=[0] * 4))
    assert "target" in refusal(lambda: from_arrays(x, target=x, x_heldout=x))
    assert "width" in refusal(lambda: from_arrays(x, condition=x, x_heldout=x))
    assert "empty" in refusal(lambda: from_arrays(x, x_heldout=x[:0]))


def test_targets_and_conditions_follow_their_samples_through_split_and_limit():
    x = np.arange(40, dtype=np.float32)[:, None] * np.ones(3, dtype=np.float32)
    data = from_arrays(x, target=x + 100, condition=x[:, :2] * 2, heldout=0.25)
    for part in (data, data.heldout):
        assert torch.equal(part.target.take(range(len(part))), part.x.take(range(len(part))) + 100)
        assert torch.equal(part.condition, part.x.take(range(len(part)))[:, :2] * 2)


@pytest.mark.parametrize(
    "condition",
    [np.ones(4), np.ones((4, 0)), np.full((4, 2), np.nan), np.array([["a"]] * 4), np.ones((3, 2))],
)
def test_conditions_that_are_not_a_vector_a_sample_are_refused(condition):
    assert "condition" in refusal(lambda: from_arrays(np.eye(4), condition=condition))


def test_a_target_must_have_its_samples_shape():
    assert "target" in refusal(lambda: from_arrays(np.eye(4), target=np.ones((4, 3))))


def test_the_fingerprint_knows_the_content_and_not_the_name():
    x = rng.random((200, 3))
    one = from_arrays(x, [0, 1] * 100)
    assert one.fingerprint() == from_arrays(x, [0, 1] * 100, name="other").fingerprint()
    changed = {
        from_arrays(x, [1, 0] * 100).fingerprint(),
        from_arrays(x[:-1], [0, 1] * 99 + [0]).fingerprint(),
        from_arrays(x + 1e-3, [0, 1] * 100).fingerprint(),
        from_arrays(x, [0, 1] * 100, heldout=0.5).fingerprint(),
    }
    assert len(changed | {one.fingerprint()}) == 5


def test_class_names_are_the_users_or_the_numbers():
    x, y = np.eye(3), [0, 1, 0]
    assert from_arrays(x, y).classes == ("0", "1")
    assert from_arrays(x, y, classes=["a", "b"]).classes == ("a", "b")
    assert "1 class names for 2" in refusal(lambda: from_arrays(x, y, classes=["a"]))


@pytest.mark.parametrize("source", ["digit", "nonsense", "", "folder:", "x.csv"])
def test_an_unknown_source_names_the_choices(source):
    message = refusal(lambda: load_data(DataConfig(source=source)))
    assert "torchvision:NAME" in message
    assert repr(source) in message


def test_a_bare_folder_is_told_how_to_be_given(tmp_path):
    assert f"folder:{tmp_path}" in refusal(lambda: load_data(DataConfig(source=str(tmp_path))))


def test_small_data_lives_in_memory():
    assert isinstance(load_data(DataConfig()).x, InMemory)
    assert not isinstance(load_data(DataConfig(memory_gb=1e-5)).x, InMemory)
