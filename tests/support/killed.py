"""Trains in child processes that are killed at random moments, and goes on, until one has finished.

    python killed.py OUT SEED KILLS RECIPE

Forks rather than starts, since importing torch takes longer than such a training. Prints how many were killed.
"""

import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

from every_recipe import digits, small

from aaecore.config import structure
from aaecore.runs.session import Session

DATA = digits(8, 1)


def train(out: Path, recipe: str) -> None:
    """Train, from where the newest checkpoint is if there is any."""
    resume = any((out / "checkpoints").glob("step-*"))
    if not resume:
        shutil.rmtree(out, ignore_errors=True)  # killed before there was anything
    run = {"checkpoint_steps": 1, "device": "cpu"}
    config = structure({"recipe": small(recipe, optimizer=None), "run": run})
    Session(config=config, data=DATA, out=out, resume=resume, quiet=True).run()


def child(out: Path, recipe: str) -> int:
    """Start training in a child process."""
    pid = os.fork()
    if pid == 0:
        try:
            train(out, recipe)
            os._exit(0)
        finally:
            os._exit(1)
    return pid


def main(out: Path, seed: int, kills: int, recipe: str) -> None:
    chance, killed = random.Random(seed), 0
    started = time.monotonic()
    _, status = os.waitpid(child(out.with_name(out.name + "-whole"), recipe), 0)
    whole = time.monotonic() - started
    while status == 0:
        pid = child(out, recipe)
        if killed < kills:
            time.sleep(chance.uniform(0, 0.7 if killed else 0.2) * whole)
            os.kill(pid, signal.SIGKILL)
        _, ended = os.waitpid(pid, 0)
        if not os.WIFSIGNALED(ended):
            status = ended
            break
        killed += 1
    print(killed)
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
