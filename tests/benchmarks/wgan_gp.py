"""The step of two WGAN-GP critics against one written by hand; needs the plugin maagma."""

import ctypes
import sys
from collections.abc import Callable
from time import perf_counter

import torch
from contenders import images, synchronize
from report import Row, at_least, interleave, show
from torch import Tensor, nn
from torch.nn import functional as F

import aaecore
from aaecore.plugins import registry

BATCH, N_EM, STEPS = 32, 5, 30
SIDE = 28


class Hand:
    """The networks of the recipe, trained by what a user would write: one encoding and decoding for all critics."""

    def __init__(self, x: Tensor, *, image_critic: bool, device: str) -> None:
        spec = aaecore.spec.Spec((1, SIDE, SIDE))
        nets = aaecore.compose("maagma", conditional=False).build(spec)
        self.x, self.image_critic = x.to(device), image_critic
        for net in nets.values():
            net.to(device)
        self.E, self.G = nets["encoder"], nets["decoder"]
        self.DZ, self.DX = nets["code_discriminator"], nets["image_discriminator"]
        self.ae = _adam(self.E, self.G)
        self.dz, self.dx, self.confuse = _adam(self.DZ), _adam(self.DX), _adam(self.G)

    def epoch(self) -> float:
        """Images a second."""
        started = perf_counter()
        rows = torch.randperm(len(self.x)).split(BATCH)
        for i in rows:
            self._step(self.x[i])
        synchronize(self.x.device)
        return len(self.x) / (perf_counter() - started)

    def _step(self, x: Tensor) -> None:
        z = self.E(x)["code"]
        for _ in range(N_EM):
            _descend(self.dz, _critic_loss(self.DZ, torch.randn_like(z), z.detach()))
        x_rec = self.G(z)
        if self.image_critic:
            _descend(self.dx, _critic_loss(self.DX, x, x_rec.detach(), noise=0.01))
        _descend(self.ae, 0.5 * F.mse_loss(x_rec, x) - 0.01 * self.DZ(z).mean())
        if self.image_critic:
            with torch.no_grad():
                z = self.E(x)["code"]
            x_rec = self.G(z)
            _descend(self.confuse, -0.002 * self.DX(x_rec + 0.01 * torch.randn_like(x_rec)).mean())


def _adam(*networks: nn.Module) -> torch.optim.Optimizer:
    parameters = [p for network in networks for p in network.parameters()]
    return torch.optim.Adam(parameters, lr=1e-5, betas=(0.5, 0.9), fused=True)


def _descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward(inputs=optimizer.param_groups[0]["params"])
    optimizer.step()


def _critic_loss(d: nn.Module, real: Tensor, fake: Tensor, noise: float = 0.0) -> Tensor:
    e = torch.rand(len(real), *[1] * (real.dim() - 1), device=real.device)
    v = (e * real + (1 - e) * fake).requires_grad_()
    (slope,) = torch.autograd.grad(d(v).sum(), v, create_graph=True)
    penalty = (slope.flatten(1).norm(dim=1) - 1).square().mean()
    if noise:
        real, fake = (t + noise * torch.randn_like(t) for t in (real, fake))
    return d(fake).mean() - d(real).mean() + 10 * penalty


def framework(x: Tensor, recipe: str, device: str) -> Callable[[], float]:
    """One epoch of the recipe, all its phases from the first batch, in images a second."""
    shown = x.view(-1, SIDE, SIDE).numpy()
    data = aaecore.from_arrays(shown, x_heldout=shown[:8])  # what an epoch's end costs, against so few steps, is little
    timetable = {"name": "timetable", "repeats": {"d_em": N_EM}}
    made = aaecore.compose(recipe, conditional=False, scheduler=timetable, batch=BATCH, epochs=1)

    def epoch() -> float:
        return aaecore.train(made, data, device=device, quiet=True).metrics["images_per_second"]

    return epoch


def keep_memory() -> None:
    """Have glibc keep what is freed: whether gradients are faulted in anew each step is else the luck of the heap."""
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        trim, mmap = -1, -3
        libc.mallopt(trim, 2**31 - 1)
        libc.mallopt(mmap, 2**30)


def run(repeats: int, device: str) -> None:
    """Print the table."""
    keep_memory()
    if "maagma" not in registry().names("recipe"):
        print("wgan-gp: the plugin maagma is not installed; nothing to measure\n")
        return
    x = images(BATCH * STEPS)
    by_hand = x.view(-1, 1, SIDE, SIDE)
    rows = []
    for recipe, image_critic in (("maagma-aae", False), ("maagma", True)):
        runs = {
            "hand": Hand(by_hand, image_critic=image_critic, device=device).epoch,
            "framework": framework(x, recipe, device),
        }
        found = interleave(runs, repeats)
        rows += [
            Row(f"{recipe} by hand", found["hand"]),
            at_least(recipe, found["framework"], found["hand"], 0.95),
        ]
    show(f"WGAN-GP, {N_EM} steps of the code critic a batch of {BATCH}; ratio to by hand", "images/s", rows)
