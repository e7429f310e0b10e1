"""Random layers, whose numbers come from the running batch."""

import pytest
import torch
from attrs import frozen
from torch import nn

from aaecore import train
from aaecore.architecture import Discriminator
from aaecore.data import DataConfig, load_data
from aaecore.defaults.architectures import MLP
from aaecore.nn import Dropout, drawing
from aaecore.optimizer import Adam
from aaecore.phase import Phase
from aaecore.randomness import Draw, Share
from aaecore.recipe import Recipe


def masks(dropout: Dropout, draw: Draw, x: torch.Tensor, times: int = 1) -> list[torch.Tensor]:
    counts = iter(range(100))
    with drawing(lambda purpose: draw.purpose(purpose, next(counts))):
        return [dropout(x) for _ in range(times)]


def test_it_keeps_the_mean_and_zeroes_the_share_asked_for():
    x = torch.ones(1000, 50)
    (y,) = masks(Dropout(0.3), Draw(0), x)
    assert y.mean().item() == pytest.approx(1, abs=0.02)
    assert (y == 0).float().mean().item() == pytest.approx(0.3, abs=0.01)
    assert y.unique().tolist() == pytest.approx([0, 1 / 0.7])


def test_every_call_has_a_mask_of_its_own_and_every_repetition_the_same():
    x = torch.ones(20, 5)
    first, second = masks(Dropout(), Draw(0, 1), x, times=2)
    assert not first.equal(second)
    torch.manual_seed(5)
    again = masks(Dropout(), Draw(0, 1), x, times=2)
    assert first.equal(again[0])
    assert second.equal(again[1])
    assert not first.equal(masks(Dropout(), Draw(0, 2), x)[0])


def test_two_halves_of_a_batch_see_the_masks_of_the_whole():
    x = torch.ones(8, 5)
    (whole,) = masks(Dropout(), Draw(0), x)
    halves = [masks(Dropout(), Draw(0, share=Share(i, 2)), x[:4])[0] for i in range(2)]
    assert torch.cat(halves).equal(whole)


def test_it_does_nothing_in_inference_or_without_a_share():
    x = torch.randn(4, 3)
    assert Dropout(0.9).eval()(x) is x
    assert Dropout(0)(x) is x


def test_outside_training_it_works_as_torchs():
    x = torch.ones(1000, 10)
    torch.manual_seed(0)
    y = Dropout(0.3)(x)
    torch.manual_seed(0)
    assert Dropout(0.3)(x).equal(y)
    assert y.mean().item() == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("p", [-0.1, 1, 1.5])
def test_an_impossible_share_is_refused(p):
    with pytest.raises(ValueError, match="must be in"):
        Dropout(p)


@frozen(kw_only=True)
class Dropping(MLP):
    """An MLP whose discriminator drops."""

    def discriminator(self, shape, condition=0):
        return Discriminator([nn.Linear(shape[0], 9), Dropout(0.5)], nn.Linear(9, 1))


@frozen(kw_only=True)
class Plain(Recipe):
    """An autoencoder whose encoder is scored by a dropping network."""

    def own_networks(self, spec):
        return {**super().own_networks(spec), "code_discriminator": lambda: Dropping().discriminator((self.code,))}

    def own_phases(self, spec):
        terms = {"L": self.reconstruction, "score": lambda f: f.net.code_discriminator(f.z).square().mean()}
        return [Phase("all", "reconstruction", ("encoder", "decoder", "code_discriminator"), terms, Adam())]


def test_training_does_not_heed_torchs_global_generator():
    weights = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        recipe = Plain(architecture=MLP(hidden=(16,)), batch=20, epochs=1)
        model = train(recipe, load_data(DataConfig(limit=80), 0), quiet=True)
        weights.append(model.networks["code_discriminator"].state_dict())
        assert torch.rand(1).equal(torch.rand(1, generator=torch.Generator().manual_seed(seed)))
    assert all(v.equal(weights[1][k]) for k, v in weights[0].items())
