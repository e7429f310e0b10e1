"""A small classifier of the data's own classes, whose last hidden layer gives the features."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aaecore.data import Data
from aaecore.errors import DataError
from aaecore.progress.steps import Steps
from aaecore.randomness import Draw

WIDTH = 64
"""How many features there are."""
STEPS = 1000
BATCH = 128
_RATE = 3e-3
_SMOOTHING = 0.05
"""Keeps the features of confident images from growing without bound."""


class Classifier(nn.Module):
    """Features (N, 64) and class logits (N, K) of images of any size and number of channels, or of vectors."""

    shift: Tensor
    scale: Tensor

    def __init__(self, shape: tuple[int, ...], classes: int) -> None:
        super().__init__()
        layers, width = _convolutions(shape) if len(shape) == 3 else _dense(shape[0])
        self.trunk = nn.Sequential(*layers, nn.Linear(width, WIDTH), nn.ReLU())
        self.head = nn.Linear(WIDTH, classes)
        self.register_buffer("shift", torch.zeros(shape))
        self.register_buffer("scale", torch.ones(shape))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Features and logits of samples in their own units."""
        features = self.trunk((x - self.shift) / self.scale)
        return features, self.head(features)


def _dense(features: int) -> tuple[list[nn.Module], int]:
    return [nn.Linear(features, 256), nn.ReLU()], 256


def _convolutions(shape: tuple[int, ...]) -> tuple[list[nn.Module], int]:
    """Blocks that halve the image until it is at most 4 x 4, and how many numbers they end with."""
    channels, height, width = shape
    found: list[nn.Module] = []
    wide = 16
    while True:
        found += [nn.Conv2d(channels, wide, 3, padding=1), nn.BatchNorm2d(wide), nn.ReLU()]
        channels, wide = wide, min(64, 2 * wide)
        if max(height, width) <= 4:
            return [*found, nn.Flatten()], channels * height * width
        found.append(nn.MaxPool2d(2, ceil_mode=True))
        height, width = -(-height // 2), -(-width // 2)


def train_classifier(data: Data, *, steps: int = STEPS, seed: int = 0, progress: Steps = Steps()) -> Classifier:  # noqa: B008
    """A classifier of the labelled training samples, a function of the data and `seed`."""
    known = data.subset(data.labelled)
    if known.y is None or len(data.classes) < 2 or len(known) < 2:
        raise DataError(f"{data.name}: a classifier needs labels of two classes at least; name another --features")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Classifier(data.shape, len(data.classes))
        some = known.some(5000)
        network.shift, network.scale = _range(some.x.take(range(len(some))))
        _descend(network.train(), known, known.y, steps, seed, progress)
    return network.eval()


def _descend(network: Classifier, data: Data, y: Tensor, steps: int, seed: int, progress: Steps) -> None:
    optimizer = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    draw = Draw(seed).purpose("classifier")
    for _ in progress.over(range(steps), lambda _: "training a classifier whose features samples are compared by"):
        rows = draw.integers(len(data), BATCH)
        loss = F.cross_entropy(network(data.x.take(rows))[1], y[rows], label_smoothing=_SMOOTHING)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        schedule.step()


def _range(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation of a sample; images have one deviation, since pixels at their edge hardly vary."""
    deviation = x.std().expand(x.shape[1:]) if x.dim() == 4 else x.std(0)
    return x.mean(0), torch.where(deviation > 1e-6, deviation, 1.0).contiguous()


def accuracy(network: Classifier, data: Data) -> float | None:
    """Share of the labelled held-out samples whose class it knows; None where there are none."""
    held = data.heldout
    if held is None or held.y is None or not len(held.labelled):
        return None
    known = held.subset(held.labelled)
    assert known.y is not None
    right = 0
    with torch.inference_mode():
        for rows in torch.split(torch.arange(len(known)), 500):
            right += int((network(known.x.take(rows))[1].argmax(1) == known.y[rows]).sum())
    return right / len(known)
