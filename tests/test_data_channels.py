"""Grey images repeated for networks that take colour."""

import numpy as np
import pytest

from aaecore.config import change
from aaecore.data import DataConfig, load_data
from aaecore.errors import ConfigError, DataError


def test_grey_images_become_colour_images_of_equal_channels():
    grey, colour = (load_data(DataConfig(limit=9, channels=c), 0) for c in (None, 3))
    assert colour.shape == (3, 8, 8)
    assert colour.heldout.shape == (3, 8, 8)
    for channel in colour.x.tensor.unbind(1):
        assert channel.equal(grey.x.tensor[:, 0])


def test_streamed_images_are_the_same(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, np.random.default_rng(0).random((12, 5, 5)))
    held, streamed = (load_data(DataConfig(source=str(path), channels=3, streamed=s), 0) for s in ("no", "yes"))
    assert held.x.take(range(4)).equal(streamed.x.take(range(4)))


@pytest.mark.parametrize("channels", [None, 3])
def test_colour_images_stay(tmp_path, channels):
    images = np.random.default_rng(0).random((12, 3, 5, 5)).astype(np.float32)
    np.savez(tmp_path / "x.npz", x=images)
    data = load_data(DataConfig(source=str(tmp_path / "x.npz"), channels=channels, heldout=0), 0)
    np.testing.assert_array_equal(data.x.tensor, images)


@pytest.mark.parametrize(("shape", "channels"), [((12, 5), 3), ((12, 3, 5, 5), 1)])
def test_what_is_not_grey_is_refused(tmp_path, shape, channels):
    np.savez(tmp_path / "x.npz", x=np.random.default_rng(0).random(shape).astype(np.float32))
    with pytest.raises(DataError, match="only grey images become"):
        load_data(DataConfig(source=str(tmp_path / "x.npz"), channels=channels), 0)


@pytest.mark.parametrize("channels", [0, 2, 4, 7])
def test_images_have_one_channel_or_three(channels):
    with pytest.raises(ConfigError, match=r"data.channels: must be in \(1, 3\)"):
        change(DataConfig(), {"channels": channels}, path="data")
