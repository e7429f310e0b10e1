"""Inception-v3, where its published weights are at hand; they are never downloaded."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aaecore.errors import AAEError
from aaecore.features.network import FeatureNetwork

WEIGHTS = "inception_v3_google-0cc3c7bd.pth"
"""torchvision's file; its name says how the SHA-256 of its content begins."""
SIDE = 299


class Inception(nn.Module):
    """The 2048 pooled features, and the logits of ImageNet's classes, of images (N, 1 or 3, H, W) in [0, 1]."""

    def __init__(self, network: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.trunk = network
        self.head = head

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Images are resized to 299 x 299 and brought to [-1, 1]."""
        resized = F.interpolate(x.expand(-1, 3, -1, -1), (SIDE, SIDE), mode="bilinear", align_corners=False)
        features = self.trunk(2 * resized - 1)
        return features, self.head(features)


def inception() -> FeatureNetwork:
    """torchvision's Inception-v3 with its weights from the folder where torch keeps what was downloaded."""
    path = Path(torch.hub.get_dir()) / "checkpoints" / WEIGHTS
    if not path.is_file():
        raise AAEError(
            f"--features inception: its weights are not at hand, and are never downloaded; put {WEIGHTS} into "
            f"{path.parent}, or leave --features out"
        )
    _check(path)
    try:
        from torchvision.models import inception_v3
    except ImportError as e:
        raise AAEError("--features inception needs torchvision; pip install 'aaecore[torchvision]'") from e
    network = inception_v3(weights=None, aux_logits=True, transform_input=False, init_weights=False)
    network.load_state_dict(torch.load(path, weights_only=True, map_location="cpu"))
    head, network.fc = network.fc, nn.Identity()
    return FeatureNetwork("Inception-v3 with torchvision's weights", Inception(network, head).eval())


def _check(path: Path) -> None:
    """The file is a pickle, so only the one that was published is read."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    expected = path.stem.rpartition("-")[2]
    if not found.startswith(expected):
        raise AAEError(
            f"{path}: is not the published file (its SHA-256 begins {found[:8]}, not {expected}); replace it"
        )
