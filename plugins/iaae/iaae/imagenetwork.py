"""A trained torchvision network as a source of image features, from a file that is at hand."""

from __future__ import annotations

import warnings
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from aaecore.errors import ConfigError, suggest
from aaecore.spec import Spec

PATH = "recipe.reconstruction"


class ImageFeatures(nn.Module):
    """Images in [0, 1] to the output of one layer, averaged over positions."""

    mean: Tensor
    std: Tensor

    def __init__(self, body: nn.Module, size: int) -> None:
        super().__init__()
        self.body = body
        self.size = size
        # What torchvision's networks were trained on, ImageNet's; inception turns it into its own range.
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406])[:, None, None])
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225])[:, None, None])

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1 or 3, H, W) to (B, features)."""
        if self.size and x.shape[2:] != (self.size, self.size):
            x = F.interpolate(x, (self.size, self.size), mode="bilinear")
        h: Tensor = self.body((x - self.mean) / self.std)["layer"]
        return h.mean(dim=(2, 3)) if h.dim() == 4 else h


def build_network(name: str, layer: str, weights: str, size: int) -> ImageFeatures:
    """The frozen network; raises `ConfigError` if it, its layer, its weights or torchvision are missing."""
    try:
        import torchvision.models as models
        from torchvision.models.feature_extraction import create_feature_extractor
    except ImportError as e:
        raise ConfigError(f"{PATH}.network", "needs torchvision; pip install torchvision, or source=encoder") from e
    if name not in models.list_models(module=models):
        raise ConfigError(f"{PATH}.network", f"no such network; {suggest(name, models.list_models(module=models))}")
    with warnings.catch_warnings(), torch.device("meta"):  # weights are assigned below: nothing to initialise
        warnings.simplefilter("ignore", FutureWarning)
        network = models.get_model(name, weights=None)
    _fill(network, name, weights)
    if hasattr(network, "transform_input"):
        network.transform_input = True
    try:
        body = create_feature_extractor(network.eval(), {layer: "layer"}, suppress_diff_warning=True)
    except ValueError as e:
        layers = [child for child, _ in network.named_children()]
        raise ConfigError(f"{PATH}.layer", f"{name} has no layer {layer!r}; {suggest(layer, layers)}") from e
    return ImageFeatures(body, size).eval().requires_grad_(False)


def _fill(network: nn.Module, name: str, weights: str) -> None:
    path = Path(weights).expanduser()
    if path.suffix != ".safetensors" or not path.is_file():
        what = f"{path}: no such .safetensors file" if weights else f"{name} needs weights"
        remedy = "give a .safetensors file of its state_dict (safetensors.torch.save_file), or source=encoder"
        raise ConfigError(f"{PATH}.weights", f"{what}, and nothing is downloaded; {remedy}")
    try:
        network.load_state_dict(load_file(path), assign=True)
    except (SafetensorError, OSError, RuntimeError) as e:
        raise ConfigError(f"{PATH}.weights", f"{path}: does not fit {name} ({' '.join(str(e).split())[:200]})") from e


def need_known_range(spec: Spec) -> None:
    """Refuse what is no image in [0, 1] or [-1, 1]."""
    if not spec.is_image:
        raise ConfigError(f"{PATH}.source", "an image network needs images, the data are vectors; set source=encoder")
    if spec.output == "linear":
        raise ConfigError("recipe.scaling", "an image network needs a known range; set scaling=unit or symmetric")
