"""Which device is taken, on machines that this one is not."""

import pytest
import torch

from aaecore.config import RunConfig
from aaecore.errors import ConfigError
from aaecore.training.device import make_accelerator


@pytest.fixture
def graphics_card(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)


def test_a_graphics_card_that_is_there_is_used(graphics_card):
    assert make_accelerator(RunConfig()).device.type == "cuda"
    assert make_accelerator(RunConfig(device="cuda")).device.type == "cuda"


def test_the_processor_is_used_where_it_is_asked_for(graphics_card):
    assert make_accelerator(RunConfig(device="cpu")).device.type == "cpu"


def test_one_run_does_not_decide_for_the_next(graphics_card, monkeypatch):
    make_accelerator(RunConfig())
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert make_accelerator(RunConfig()).device.type != "cuda"


def test_a_device_that_is_not_there_is_refused_with_those_that_are(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match=r"^run.device: 'cuda:1' is not here; choose from: cpu.*CUDA_VISIBLE"):
        make_accelerator(RunConfig(device="cuda:1"))
