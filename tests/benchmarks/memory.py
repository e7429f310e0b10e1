"""Peak memory beyond what importing takes, each contender in a process of its own."""

import re
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch

STEPS = 50
"""After so many steps memory has long stopped to grow."""
UNIT = 2**20 if sys.platform == "darwin" else 2**10
"""Bytes or KiB, as the system counts ru_maxrss, in a MiB."""
CONTENDERS = ("plain loop", "framework")


def run(repeats: int, device: str) -> None:
    """Print the table."""
    from report import Measured, Row, at_most, show

    rounds = [{name: _measured(name, device) for name in CONTENDERS} for _ in range(repeats)]
    loop, framework = (Measured(tuple(r[name] for r in rounds)) for name in CONTENDERS)
    rows = [Row("plain loop", loop), at_most("framework", framework, loop, 1.1)]
    show("peak memory on 60,000 images of bytes, 1000 units; ratio to the plain loop", "MiB", rows)


def _measured(contender: str, device: str) -> float:
    found = subprocess.run([sys.executable, __file__, contender, device], capture_output=True, text=True, check=True)
    return float(found.stdout)


def peak(device: str) -> float:
    """MiB this process has ever held at once, of the device's memory."""
    if device.startswith("cuda"):
        return torch.cuda.max_memory_allocated(device) / 2**20
    status = Path("/proc/self/status")
    if status.exists():  # on Linux a child's ru_maxrss begins at its parent's, however large that was
        return int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / UNIT


def _main(contender: str, device: str) -> None:
    import contenders

    before = peak(device)
    problem = contenders.Problem(hidden=1000, batch=100, images=60_000, device=device)
    # As MNIST comes: bytes.
    x = np.random.default_rng(0).integers(0, 256, (problem.images, 784), dtype=np.uint8)
    if contender == "framework":
        contenders.Framework(problem, x.reshape(-1, 28, 28)).start(STEPS)
    else:
        contenders.Loop(problem, torch.from_numpy(x).float().div_(255)).start(STEPS)
    print(peak(device) - before)


if __name__ == "__main__":
    _main(*sys.argv[1:])
