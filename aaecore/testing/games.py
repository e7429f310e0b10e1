"""What every adversarial game must do, on codes and on images."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn

from aaecore.loss import AdversarialLoss
from aaecore.randomness import Draw, Share
from aaecore.testing.problems import Nowhere, demand, on_any_device, repeated

SHAPES = ((3,), (2, 4, 4))
B = 8


class Scorer(nn.Module):
    """A small discriminator without anything random in it."""

    def __init__(self, shape: Sequence[int]) -> None:
        super().__init__()
        width = torch.Size(shape).numel()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(width, 6), nn.Tanh(), nn.Linear(6, 1))

    def forward(self, v: Tensor) -> Tensor:
        """Scores (B,)."""
        return self.layers(v).squeeze(1)  # type: ignore[no-any-return]


def check_game(loss: AdversarialLoss) -> None:
    """Demand two sides that pull against each other, each a mean over the batch."""
    for shape in SHAPES:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            d = Scorer(shape)
        generator = torch.Generator().manual_seed(0)
        real, *fakes = (torch.randn(B, *shape, generator=generator) + shift for shift in (1.0, 0.0, -1.0))
        for some in (fakes[:1], fakes):
            check_discriminator(loss, d, real, some)
    check_generator(loss)
    on_any_device(loss, partial(_somewhere, loss), "its discriminator's side is computed")


def check_discriminator(loss: AdversarialLoss, d: Scorer, real: Tensor, fakes: Sequence[Tensor]) -> None:
    """Demand one finite number whose descent parts the scores of real and fake."""
    doing = f"its discriminator's side is computed of {len(fakes)} kinds of fake of shape {tuple(real.shape)}"
    value = repeated(loss, lambda: loss.discriminator(d, real, fakes, Draw(0)), doing)
    demand(value.dim() == 0 and value.isfinite(), loss, "has a discriminator's side that is not one finite number")
    demand(value.requires_grad, loss, "has a discriminator's side that gives the discriminator no gradient")
    if loss.averages:
        shares = [Share(i, 2) for i in range(2)]
        halves = [_side(loss, d, real, fakes, share) for share in shares]
        text = "has a discriminator's side that is no mean over the batch; use .mean(), or set averages = False"
        demand(torch.isclose(value, torch.stack(halves).mean(), rtol=1e-4, atol=1e-6), loss, text)
    text = "has a discriminator that learns to call fakes real: descending its side brings the scores together"
    demand(_parting(loss, d, real, fakes) > 0, loss, text)


def _parting(loss: AdversarialLoss, d: Scorer, real: Tensor, fakes: Sequence[Tensor]) -> float:
    """By how much a small step down the discriminator's side raises real scores over those of fakes."""
    parameters = list(d.parameters())
    gap = d(real).mean() - torch.cat([d(fake) for fake in fakes]).mean()
    up = torch.autograd.grad(gap, parameters)
    down = torch.autograd.grad(_side(loss, d, real, fakes, Share()), parameters)
    return -sum(float((u * v).sum()) for u, v in zip(up, down, strict=True))


def _side(loss: AdversarialLoss, d: Scorer, real: Tensor, fakes: Sequence[Tensor], share: Share) -> Tensor:
    rows = share.rows(B // share.parts)
    return loss.discriminator(d, real[rows], [fake[rows] for fake in fakes], Draw(0, share=share))


def check_generator(loss: AdversarialLoss) -> None:
    """Demand one finite number that falls when fakes are called real."""
    scores = torch.linspace(-0.5, 1.0, B, requires_grad=True)
    value = repeated(loss, lambda: loss.generator(scores), "its generator's side is computed")
    demand(value.dim() == 0 and value.isfinite(), loss, "has a generator's side that is not one finite number")
    demand(value.requires_grad, loss, "has a generator's side that gives no gradient to the scores")
    (slope,) = torch.autograd.grad(value, scores)
    text = "rewards fakes for being called fake: its generator's side rises with their scores"
    demand(slope.sum() < 0, loss, text)
    if loss.averages:
        halves = torch.stack([loss.generator(part) for part in scores.chunk(2)])
        text = "has a generator's side that is no mean over the batch; use .mean(), or set averages = False"
        demand(torch.isclose(value, halves.mean(), rtol=1e-4, atol=1e-6), loss, text)


def _somewhere(loss: AdversarialLoss) -> Tensor:
    d = Scorer((3,)).to("meta")
    return loss.discriminator(d, torch.empty(B, 3, device="meta"), [torch.empty(B, 3, device="meta")], Nowhere())
