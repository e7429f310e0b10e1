"""Inception-v3, where its published weights are at hand; they are never downloaded."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aaecore.errors import AAEError
from aaecore.features.network import FeatureNetwork

SIDE = 299

_State = dict[str, Tensor]


class TorchvisionInception(nn.Module):
    """The 2048 pooled features, and the logits of ImageNet's classes, of images (N, 1 or 3, H, W) in [0, 1]."""

    def __init__(self, state: _State) -> None:
        from torchvision.models import inception_v3

        super().__init__()
        network: Any = inception_v3(weights=None, aux_logits=True, transform_input=False, init_weights=False)
        network.load_state_dict(state)
        self.head, network.fc = network.fc, nn.Identity()
        self.trunk = network

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Images are resized to 299 x 299 and brought to [-1, 1]."""
        resized = F.interpolate(x.expand(-1, 3, -1, -1), (SIDE, SIDE), mode="bilinear", align_corners=False)
        features = self.trunk(2 * resized - 1)
        return features, self.head(features)


class FidelityInception(nn.Module):
    """The features and logits that published Fréchet distances and inception scores are made of."""

    def __init__(self, state: _State) -> None:
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

        super().__init__()
        checked = io.BytesIO()  # it unpickles what it is given: this, and not the file
        torch.save(state, checked)
        checked.seek(0)
        self.network = FeatureExtractorInceptionV3("inception", ["2048", "logits_unbiased"], checked)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Images are rounded to bytes, as those of files."""
        features, logits = self.network((255 * x.clamp(0, 1)).round().byte().expand(-1, 3, -1, -1))
        return features, logits


PUBLISHED: dict[str, tuple[str, str, Callable[[_State], nn.Module]]] = {
    "inception": ("inception_v3_google-0cc3c7bd.pth", "torchvision", TorchvisionInception),
    "inception-fid": ("weights-inception-2015-12-05-6726825d.pth", "fidelity", FidelityInception),
}
"""File of the weights, whose name says how its SHA-256 begins; what to install; the network."""


def inception(name: str) -> FeatureNetwork:
    """One of `PUBLISHED`, its weights from the folder where torch keeps what was downloaded."""
    file, extra, build = PUBLISHED[name]
    path = Path(torch.hub.get_dir()) / "checkpoints" / file
    if not path.is_file():
        raise AAEError(
            f"--features {name}: its weights are not at hand, and are never downloaded; put {file} into "
            f"{path.parent}, or leave --features out"
        )
    _check(path)
    state = torch.load(path, weights_only=True, map_location="cpu")
    try:
        return FeatureNetwork(f"{name}, weights {file}", build(state).eval())
    except ImportError as e:
        raise AAEError(f"--features {name}: needs another package; pip install 'aaecore[{extra}]'") from e


def _check(path: Path) -> None:
    """The file is a pickle, so only the one that was published is read, and only tensors in it."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    expected = path.stem.rpartition("-")[2]
    if not found.startswith(expected):
        raise AAEError(f"{path}: is not the file that was published (its SHA-256 begins {found[:8]}); replace it")
