"""The same bits every time: what is asked of PyTorch, and for how long."""

import os

import pytest
import torch

from aaecore.config import structure
from aaecore.errors import AAEError
from aaecore.observer import Observer
from aaecore.runs.session import Session
from aaecore.training.determinism import deterministic


def test_deterministic_algorithms_are_asked_for_inside_only(monkeypatch):
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    with deterministic(True):
        assert torch.are_deterministic_algorithms_enabled()
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"]
    assert not torch.are_deterministic_algorithms_enabled()
    assert "CUBLAS_WORKSPACE_CONFIG" not in os.environ
    with deterministic(False):
        assert not torch.are_deterministic_algorithms_enabled()


def test_a_run_that_asks_for_the_same_bits_has_such_algorithms_only(toy, data):
    seen = []

    class Look(Observer):
        def step_end(self, t, losses):
            seen.append(torch.are_deterministic_algorithms_enabled())

    for wanted in (True, False):
        config = structure({"recipe": toy(epochs=1), "run": {"deterministic": wanted, "device": "cpu"}})
        Session(config=config, data=data, keep=False, quiet=True, observers=[Look()]).run()
        assert set(seen) == {wanted}
        seen.clear()


def test_an_operation_without_one_is_one_line():
    with (
        pytest.raises(AAEError, match=r"^foo does not .* implementation; set run\.deterministic=false"),
        deterministic(True),
    ):
        raise RuntimeError("foo does not have a deterministic implementation, but you set so. You can turn it off")
    with pytest.raises(RuntimeError, match="bar"), deterministic(True):
        raise RuntimeError("bar")
