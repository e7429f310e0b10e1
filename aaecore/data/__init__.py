"""Data: where it comes from, how networks see it, in which order."""

from aaecore.data.assemble import from_arrays
from aaecore.data.config import DataConfig, Pairs
from aaecore.data.dataset import Data
from aaecore.data.load import load_data, located
from aaecore.data.loader import Loader, check_divides, split_whole, steps_per_epoch
from aaecore.data.samples import InMemory, Samples, Streamed
from aaecore.data.scaling import Scaling

__all__ = [
    "Data",
    "DataConfig",
    "InMemory",
    "Loader",
    "Pairs",
    "Samples",
    "Scaling",
    "Streamed",
    "check_divides",
    "from_arrays",
    "load_data",
    "located",
    "split_whole",
    "steps_per_epoch",
]
