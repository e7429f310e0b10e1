"""Discriminators that see their samples under noise."""

import pytest
import torch
from attrs import evolve

from aaecore.adversary import Adversary, games
from aaecore.defaults.losses import BCE
from aaecore.forward import Forward
from aaecore.loss import Noisy, without_noise
from aaecore.randomness import Draw, Share
from aaecore.spec import Spec


def seen(noise, share=None):
    shown = []
    d = Noisy(lambda v: shown.append(v) or v.sum(1), noise, Draw(0, share=share))
    for _ in range(2):
        d(torch.zeros(1000 // (share.parts if share else 1), 3))
    return shown


def test_each_call_adds_fresh_noise_of_the_deviation():
    first, second = seen(0.5)
    assert first.std().item() == pytest.approx(0.5, rel=0.05)
    assert not first.equal(second)


def test_two_halves_of_a_batch_see_the_noise_of_the_whole():
    halves = [seen(0.5, Share(i, 2)) for i in range(2)]
    for whole, *parts in zip(seen(0.5), *halves, strict=True):
        assert torch.cat(parts).equal(whole)


def test_without_noise_is_the_discriminator_itself():
    def d(v):
        return v.sum(1)

    assert without_noise(Noisy(d, 0.1, Draw(0))) is d
    assert without_noise(d) is d


def test_noise_is_on_both_sides_of_the_game(toy):
    recipe, spec = toy(), Spec((1, 4, 4))
    f = Forward(recipe, spec, recipe.build(spec), {"x": torch.rand(8, 1, 4, 4)}, Draw(0))
    plain = Adversary("code_discriminator", "z_prior", "z", BCE())
    noisy = evolve(plain, noise=0.5)
    assert noisy.discriminate(f) != plain.discriminate(f)
    assert noisy.deceive(f) != plain.deceive(f)
    assert plain.deceive(f) == plain.deceive(f)


def test_the_games_that_phases_play_are_found_with_their_side(toy):
    found = [(game.network, side) for game, side in games(toy().all_phases(Spec((1, 4, 4))))]
    assert found == [("code_discriminator", "discriminator"), ("code_discriminator", "generator")]
