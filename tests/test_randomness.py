import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from aaecore.randomness import Draw, Share, mix


@given(st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=4))
def test_a_seed_fits_a_generator(numbers):
    assert 0 <= mix(*numbers) < 2**63


def test_neighbouring_keys_give_different_seeds():
    assert len({mix(seed, step) for seed in range(50) for step in range(50)}) == 2500
    assert mix(1, 2) != mix(2, 1)


def test_numbers_depend_on_seed_step_purpose_and_redraw_only():
    first = Draw(0, 5).purpose("eta", 1).normal(4, 3)
    other = Draw(0, 5)
    other.purpose("z_prior").normal(9, 9)
    assert torch.equal(other.purpose("eta", 1).normal(4, 3), first)
    for changed in (Draw(1, 5).purpose("eta", 1), Draw(0, 6).purpose("eta", 1)):
        assert not torch.equal(changed.normal(4, 3), first)
    for changed in (Draw(0, 5).purpose("eps", 1), Draw(0, 5).purpose("eta", 2)):
        assert not torch.equal(changed.normal(4, 3), first)


def test_the_global_generator_is_left_alone():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    Draw(0).normal(10)
    Draw(0).permutation(10)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("parts", [1, 2, 4])
@pytest.mark.parametrize("kind", ["normal", "uniform", "integers"])
def test_shares_together_draw_what_one_draws(kind, parts):
    def drawn(n, share):
        draw = Draw(7, 1, share=share)
        return draw.integers(10, n) if kind == "integers" else getattr(draw, kind)(n, 3)

    together = torch.cat([drawn(8 // parts, Share(i, parts)) for i in range(parts)])
    assert torch.equal(together, drawn(8, Share()))


def test_shares_are_cut_further_without_overlap():
    rows = [Share(i, 2).within(j, 3).rows(2) for i in range(2) for j in range(3)]
    assert [r for s in rows for r in range(s.start, s.stop)] == list(range(12))


def test_a_purpose_continues_its_stream():
    draw = Draw(0)
    assert not torch.equal(draw.normal(5), draw.normal(5))


def test_draws_have_the_moments_they_should():
    draw = Draw(0)
    z, u, k = draw.normal(20_000), draw.uniform(20_000), draw.integers(4, 20_000)
    assert abs(z.mean()) < 0.03
    assert abs(z.std() - 1) < 0.03
    assert abs(u.mean() - 0.5) < 0.01
    assert 0 <= u.min() < u.max() < 1
    assert torch.bincount(k).tolist() == pytest.approx([5000] * 4, rel=0.1)
