"""The order of batches, and that streaming changes nothing."""

import pickle
import weakref

import numpy as np
import pytest
import torch
from attrs import evolve
from PIL import Image

from aaecore.data import (
    Data,
    DataConfig,
    InMemory,
    Loader,
    Scaling,
    Streamed,
    from_arrays,
    load_data,
    steps_per_epoch,
)
from aaecore.data.order import Order
from aaecore.errors import DataError
from aaecore.randomness import Share

rng = np.random.default_rng(0)


def numbered(n, **more):
    return from_arrays(np.arange(n, dtype=np.float32)[:, None], **more)


def seen(loader, epoch, start=0, key="x"):
    return torch.cat([b[key] for b in loader.epoch(epoch, start)]).flatten().tolist()


def same(a, b):
    assert len(a) == len(b) > 0
    for one, other in zip(a, b, strict=True):
        assert one.keys() == other.keys()
        assert all(torch.equal(one[k], other[k]) for k in one)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("images")
    for k in range(45):
        path = root / f"{'abc'[k % 3]}/{k:02}.jpg"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (10, 12, 3), dtype=np.uint8)).save(path)
    return root


def both_ways(folder, **fields):
    config = DataConfig(source=f"folder:{folder}", **fields)
    return [load_data(evolve(config, streamed=s), seed=4) for s in ("no", "yes")]


def test_an_epoch_visits_every_sample_once_but_the_incomplete_batch():
    loader = Loader(numbered(23), batch=5, seed=0)
    assert loader.steps_per_epoch == 4
    found = seen(loader, 0)
    assert len(found) == len(set(found)) == 20


def test_the_order_is_a_function_of_seed_and_epoch_only():
    data = numbered(20)
    loader = Loader(data, batch=5, seed=1)
    later = seen(loader, 3)
    assert seen(loader, 0) != later
    assert seen(Loader(data, batch=5, seed=1), 3) == later
    assert seen(Loader(data, batch=5, seed=2), 3) != later


def test_start_skips_to_a_batch():
    data = numbered(20, y=np.arange(20) % 2)
    full = list(Loader(data, batch=4, seed=1, labelled_batch=3).epoch(2))
    same(full[3:], list(Loader(data, batch=4, seed=1, labelled_batch=3).epoch(2, start=3)))
    assert list(Loader(data, batch=4, seed=1, labelled_batch=3).epoch(2, start=5)) == []


@pytest.mark.parametrize("parts", [2, 3])
def test_shares_together_are_the_global_batch(parts):
    data = numbered(30, y=np.arange(30) % 2)
    options = {"batch": 6, "seed": 0, "labelled_batch": 12}
    whole = list(Loader(data, **options).epoch(1))
    shares = [list(Loader(data, **options, share=Share(k, parts)).epoch(1)) for k in range(parts)]
    joined = [{k: torch.cat([b[k] for b in step]) for k in whole[0]} for step in zip(*shares, strict=True)]
    same(whole, joined)  # each share also has the labels of the whole batch


def test_labelled_batches_are_an_endless_chain_of_permutations_of_the_labelled():
    y = np.full(40, -1)
    y[[3, 8, 20, 33, 39]] = [0, 1, 0, 1, 1]
    loader = Loader(numbered(40, y=y), batch=10, seed=0, labelled_batch=3)
    chain = seen(loader, 0, key="x_labelled") + seen(loader, 1, key="x_labelled")
    rounds = [tuple(chain[i : i + 5]) for i in range(0, 20, 5)]
    assert all(set(r) == {3, 8, 20, 33, 39} for r in rounds)
    assert len(set(rounds)) > 1
    assert seen(loader, 0, key="y_labelled") == [y[int(i)] for i in chain[:12]]


def test_labelled_indices_do_not_depend_on_where_an_epoch_is_entered():
    order = Order(size=1000, batch=10, seed=7, labelled=torch.arange(0, 70), labelled_batch=11)
    whole = torch.cat([order.labelled_rows(e) for e in range(3)])
    for epoch, start in ((0, 1), (1, 50), (2, 99)):
        assert torch.equal(order.labelled_rows(epoch, start), whole[epoch * 100 + start : (epoch + 1) * 100])


def test_a_batch_carries_what_the_data_has_scaled_where_it_should_be():
    x = rng.random((12, 3)).astype(np.float32)
    data = from_arrays(x, np.arange(12) % 2, target=1 - x, condition=x * 9)
    scaling = Scaling.fit("symmetric", data)
    batch = next(Loader(data, batch=12, seed=0, labelled_batch=2, scaling=scaling).epoch(0))
    assert set(batch) == {"x", "y", "target", "condition", "x_labelled", "y_labelled"}
    raw = (batch["x"] + 1) / 2
    assert torch.allclose(batch["target"], -batch["x"], atol=1e-6)
    assert torch.allclose(batch["condition"], raw * 9, atol=1e-5)
    assert set(next(Loader(numbered(4), batch=2, seed=0).epoch(0))) == {"x"}


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("kind", ["unit", "symmetric"])
def test_streamed_image_files_give_the_same_batches_bit_for_bit(folder, workers, kind):
    memory, streamed = both_ways(folder, labels=9)
    assert isinstance(memory.x, InMemory)
    assert isinstance(streamed.x, Streamed)
    assert memory.fingerprint() == streamed.fingerprint()
    loaders = [
        Loader(
            d,
            batch=8,
            seed=2,
            labelled_batch=4,
            workers=workers,
            scaling=Scaling.fit(kind, d),
            share=Share(1, 2),
        )
        for d in (memory, streamed)
    ]
    for epoch in range(2):
        same(*[list(loader.epoch(epoch)) for loader in loaders])
    same(*[list(loader.epoch(5, start=2)) for loader in loaders])


@pytest.mark.parametrize("fields", [{"size": 7}, {"limit": 20, "heldout": 0.4}])
def test_streaming_changes_neither_split_nor_pixels(folder, fields):
    for memory, streamed in zip(*[(d, d.heldout) for d in both_ways(folder, **fields)], strict=True):
        assert torch.equal(memory.x.take(range(len(memory))), streamed.x.take(range(len(streamed))))
        assert torch.equal(memory.y, streamed.y)


@pytest.mark.parametrize("shape", [(30, 6, 5), (30, 6, 5, 3), (30, 3, 6, 5)])
@pytest.mark.parametrize("size", [None, 4, 9])
def test_streamed_arrays_give_the_same_batches_bit_for_bit(tmp_path, shape, size):
    x = rng.integers(0, 256, shape, dtype=np.uint8)
    np.savez(tmp_path / "d.npz", x=x, target=x[::-1], y=np.arange(30) % 3, condition=rng.random((30, 2)))
    config = DataConfig(source=str(tmp_path / "d.npz"), size=size)
    memory, streamed = (load_data(evolve(config, streamed=s)) for s in ("no", "yes"))
    same(*[list(Loader(d, batch=4, seed=0, workers=0).epoch(0)) for d in (memory, streamed)])


def test_an_epoch_left_early_does_not_leak_into_the_next(folder):
    memory, streamed = both_ways(folder)
    loader = Loader(streamed, batch=4, seed=0, workers=2)
    for k, _ in enumerate(loader.epoch(0)):
        if k == 1:
            break
    same(list(loader.epoch(1)), list(Loader(memory, batch=4, seed=0).epoch(1)))


def test_streaming_leaves_the_global_random_numbers_alone(folder):
    before = torch.random.get_rng_state()
    for workers in (0, 2):
        list(Loader(both_ways(folder)[1], batch=4, seed=0, workers=workers).epoch(0))
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("workers", [0, 2])
def test_an_image_that_breaks_during_training_is_named_in_one_line(tmp_path, workers):
    for k in range(8):
        Image.fromarray(rng.integers(0, 256, (9, 9), dtype=np.uint8)).save(tmp_path / f"{k}.png")
    data = load_data(DataConfig(source=f"folder:{tmp_path}", streamed="yes", heldout=0))
    (tmp_path / "5.png").write_bytes(b"gone")
    loader = Loader(data, batch=4, seed=0, workers=workers)
    with pytest.raises(DataError) as caught:
        list(loader.epoch(0))
    assert "5.png" in str(caught.value)
    assert "\n" not in str(caught.value)
    alive = weakref.ref(loader._engine)
    del caught, loader
    assert alive() is None, "workers would linger until a garbage collection, and it would wait for them"


def test_impossible_batches_are_refused_with_the_remedy():
    data = numbered(10)
    for options, words in (
        ({"batch": 11}, "--set batch=10"),
        ({"batch": 0}, "1 to 10"),
        ({"batch": 5, "share": Share(0, 2)}, "--set batch=6"),
        ({"batch": 4, "labelled_batch": 2}, "labelled"),
    ):
        with pytest.raises(DataError, match=words):
            Loader(data, seed=0, **options)
    labelled = numbered(10, y=[0, 1] * 5)
    with pytest.raises(DataError, match="labelled_batch=4"):
        Loader(labelled, batch=4, seed=0, labelled_batch=3, share=Share(0, 2))
    assert steps_per_epoch(data, 10) == 1


def test_data_is_not_copied_when_nothing_changes_it():
    data = numbered(10)
    loader = Loader(data, batch=2, seed=0, scaling=Scaling("unit", torch.zeros(()), torch.ones(())))
    assert isinstance(data, Data)
    assert loader._engine.tables["x"].data_ptr() == data.x.tensor.data_ptr()


def test_streamed_data_is_sent_to_a_fresh_process_without_its_samples(folder, tmp_path):
    np.save(tmp_path / "d.npy", rng.random((10_000, 100)))
    for source in (f"folder:{folder}", str(tmp_path / "d.npy")):
        data = load_data(DataConfig(source=source, streamed="yes", heldout=0))
        sent = pickle.dumps(data)
        assert len(sent) < 200_000
        assert torch.equal(pickle.loads(sent).x.take([1, 3]), data.x.take([1, 3]))
