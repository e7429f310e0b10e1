"""Interrupts at the worst moments."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from aaecore.interrupts import answered, whole
from aaecore.runs import checkpoints
from aaecore.runs.checkpoints import Checkpoint, Checkpoints

EARLY = """
import os, signal, sys
class CtrlC:
    @staticmethod
    def find_spec(name, *_):
        if name == {name!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, CtrlC)
from aaecore.entry import main
sys.argv = ["aae", "list"]
main()
"""


@pytest.mark.parametrize("name", ["aaecore.cli", "click", "typing", "numpy"])
def test_ctrl_c_while_the_command_is_imported_is_one_line(name):
    done = subprocess.run([sys.executable, "-c", EARLY.format(name=name)], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr.strip()) == (130, "", "aae: interrupted")


def test_a_checkpoint_begun_before_an_interrupt_is_finished(tmp_path, monkeypatch):
    write = checkpoints._write

    def interrupted(folder: Path, checkpoint: Checkpoint) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        write(folder, checkpoint)

    monkeypatch.setattr(checkpoints, "_write", interrupted)
    kept, state = Checkpoints(tmp_path / "c"), {"stage": 0, "epoch": 0, "batch": 7, "step": 7}
    with pytest.raises(KeyboardInterrupt):
        kept.write(7, Checkpoint({"networks": {"a/b": torch.ones(2)}, "stage": {}, "optimizers": {}}, state))
    path, found, damaged = kept.newest()
    assert (path.name, found.state, damaged) == ("step-000000007", state, [])


def test_an_ignored_signal_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with answered(lambda *_: pytest.fail("answered"), signal.SIGHUP), whole():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_nothing_is_lost_of_an_interrupt_that_had_to_wait():
    finished = []

    def work() -> None:
        with whole():
            signal.raise_signal(signal.SIGINT)
            finished.append(True)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert finished
