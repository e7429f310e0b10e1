"""How long commands take that train nothing, against importing torch."""

import subprocess
import sys
from functools import partial
from pathlib import Path
from time import perf_counter

from report import Row, at_most, interleave, show

AAE = (str(Path(sys.executable).with_name("aae")),)
COMMANDS = {
    "import torch": (sys.executable, "-c", "import torch"),
    "aae --help": (*AAE, "--help"),
    "aae train --help": (*AAE, "train", "--help"),
    "aae list": (*AAE, "list"),
    "aae train classic --set code=0": (*AAE, "train", "classic", "--set", "code=0"),
}
TARGETS = {"aae --help": 0.2, "aae train --help": 0.2, "aae list": 1.5, "aae train classic --set code=0": 1.5}


def run(repeats: int, device: str) -> None:
    """Print the table."""
    found = interleave({name: partial(_seconds, command) for name, command in COMMANDS.items()}, repeats)
    torch = found["import torch"]
    rows = [at_most(name, found[name], torch, target) for name, target in TARGETS.items()]
    show("start-up; ratio to `import torch`", "seconds", [Row("import torch", torch), *rows])


def _seconds(command: tuple[str, ...]) -> float:
    started = perf_counter()
    subprocess.run(command, capture_output=True, check=False)
    return perf_counter() - started
