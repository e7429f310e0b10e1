"""Training and inference mode, of every layer by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from torch.nn import Module


@contextmanager
def inference(networks: Iterable[Module]) -> Iterator[None]:
    """Networks in inference mode meanwhile; then every layer is as it was, whichever other network shares it."""
    networks = list(networks)
    modes = {module: module.training for network in networks for module in network.modules()}
    try:
        for network in networks:
            network.eval()
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode
