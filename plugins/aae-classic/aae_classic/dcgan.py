"""The networks of Radford et al. 2016."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from attrs import field, frozen
from attrs.validators import ge
from torch import nn

from aae_classic.cnn import need_images
from aae_classic.geometry import BOTTOM, Crop, Pad, levels_for
from aaecore.architecture import Architecture, Decoder, Discriminator, Encoder, output_activation
from aaecore.defaults.architectures import MLP, initialise_normal
from aaecore.recipe import Recipe
from aaecore.spec import Spec


@frozen(kw_only=True)
class DCGANNetworks(Architecture):
    """Strided convolutions with batch normalisation, weights from N(0, 0.02^2).

    width: channels of the generator's 4 x 4 features; each doubling of the size halves them.
    """

    width: int = field(default=1024, validator=ge(8))

    def encoder(self, shape: tuple[int, ...], heads: Mapping[str, int], noise: int = 0) -> Encoder:
        """The discriminator's trunk with heads, for recipes that need an encoder."""
        sizes = self._sizes(shape)
        made = {n: nn.Sequential(nn.Flatten(), nn.Linear(sizes[-1] * BOTTOM**2, w)) for n, w in heads.items()}
        network = Encoder(self._trunk(shape, [shape[0] + noise, *sizes]), made, noise_as_channels=True)
        initialise_normal(network, 0.02)
        return network

    def decoder(self, width: int, spec: Spec) -> Decoder:
        """Project to 4 x 4, then transposed convolutions."""
        sizes = [*reversed(self._sizes(spec.shape)), spec.shape[0]]
        project = nn.Sequential(
            nn.Unflatten(1, (width, 1, 1)),
            nn.ConvTranspose2d(width, sizes[0], BOTTOM, bias=False),
            nn.BatchNorm2d(sizes[0]),
            nn.ReLU(),
        )
        inner = [
            nn.Sequential(nn.ConvTranspose2d(i, o, 4, 2, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU())
            for i, o in pairwise(sizes[:-1])
        ]
        image = nn.Sequential(
            nn.ConvTranspose2d(sizes[-2], sizes[-1], 4, 2, 1),
            Crop(spec.shape),
            output_activation(spec.output),
        )
        network = Decoder([project, *inner, image])
        initialise_normal(network, 0.02)
        return network

    def discriminator(self, shape: tuple[int, ...], condition: int = 0) -> Discriminator:
        """Of images: strided convolutions to a logit; of vectors: fully connected."""
        if len(shape) != 3:
            return MLP(activation="leaky-relu").discriminator(shape, condition)
        sizes = self._sizes(shape)
        head = nn.Sequential(nn.Flatten(), nn.Linear(sizes[-1] * BOTTOM**2 + condition, 1))
        network = Discriminator(self._trunk(shape, [shape[0], *sizes]), head, condition_at_head=True)
        initialise_normal(network, 0.02)
        return network

    def check(self, recipe: Recipe, spec: Spec) -> None:
        """Needs images."""
        need_images(spec)

    def _sizes(self, shape: tuple[int, ...]) -> list[int]:
        levels = levels_for(shape)
        return [max(1, self.width >> (levels - 1 - k)) for k in range(levels)]

    def _trunk(self, shape: tuple[int, ...], sizes: list[int]) -> list[nn.Module]:
        blocks = [
            nn.Sequential(nn.Conv2d(i, o, 4, 2, 1), nn.BatchNorm2d(o), nn.LeakyReLU(0.2)) for i, o in pairwise(sizes)
        ]
        blocks[0] = nn.Sequential(Pad(shape), blocks[0][0], blocks[0][2])
        return list(blocks)
