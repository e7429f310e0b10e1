"""Cluster heads: their repulsion, the representation, and how ten dimensions are shown on a circle (check 12)."""

import pytest
import torch
from aae_classic.heads import circle

from aaecore import pictures
from aaecore.gallery import draw_gallery


def heads_of(b):
    return b.networks["cluster_heads"].weight


def repulsion(b):
    return b.loss("head", "L_head")


def test_heads_farther_apart_than_eta_do_not_repel_each_other(bench):
    b = bench("classic-dim-reduction")
    with torch.no_grad():
        heads_of(b).copy_(4.0 * circle(10))  # neighbours are 2.47 apart
    assert repulsion(b).item() == 0
    assert b.moved_by("head") == set()


def test_near_heads_are_charged_the_missing_distance(bench):
    b = bench("classic-dim-reduction", categories=10, head_distance=3.0)
    with torch.no_grad():
        heads_of(b).copy_(torch.arange(10.0)[:, None] * torch.tensor([2.0, 0.0]))
    assert repulsion(b).item() == pytest.approx(9 * (3.0 - 2.0))


def test_the_repulsion_has_exactly_no_gradient_for_encoder_and_decoder(bench):
    b = bench("classic-dim-reduction")
    f = b.forward()
    f.begin(tuple(b.networks))  # even with every network free to move
    b.phases["head"].terms["L_head"].loss(f).backward()
    assert heads_of(b).grad.abs().sum() > 0
    for role in b.networks.keys() - {"cluster_heads"}:
        assert all(p.grad is None for p in b.networks[role].parameters())


def test_repulsion_spreads_the_heads(bench):
    b = bench("classic-dim-reduction")
    for step in range(200):
        b.run("head", f=b.forward(step))
    assert torch.pdist(heads_of(b)).min() > 1.5


def test_the_representation_is_the_sum_of_head_and_style(bench):
    b = bench("classic-dim-reduction")
    f = b.forward()
    torch.testing.assert_close(f.recipe.representation(f), f.y @ heads_of(b) + f.z)
    assert f.recipe.code_of_data(f).equal(f.recipe.representation(f))
    assert b.networks["decoder"].blocks[0][0].in_features == 2


def test_samples_of_a_class_lie_around_its_head(bench):
    b = bench("classic-dim-reduction")
    drawn = b.model.prior_representation(4000, labels=6)
    torch.testing.assert_close(drawn.mean(0), heads_of(b)[6].detach(), atol=0.08, rtol=0)
    assert (drawn.std(0) - 1).abs().max() < 0.05


def test_without_labels_it_clusters(bench):
    b = bench("classic-dim-reduction", supervision="none", categories=20)
    assert list(b.phases) == ["rec", "disc", "gen", "head"]
    assert heads_of(b).shape == (20, 2)
    assert b.recipe.predicts == "clusters"


def test_two_dimensions_need_no_projection(bench):
    b = bench("classic-dim-reduction")
    assert b.recipe.projection(b.networks) is None


def test_a_linear_map_sends_the_heads_of_ten_dimensions_to_a_circle(bench):
    b = bench("classic-dim-reduction", code=10)
    onto_plane = b.recipe.projection(b.networks)
    assert onto_plane.shape == (10, 2)
    torch.testing.assert_close(heads_of(b).detach() @ onto_plane, circle(10), atol=1e-4, rtol=0)


def test_more_heads_than_dimensions_go_as_near_the_circle_as_a_linear_map_can(bench):
    b = bench("classic-dim-reduction", code=4, categories=20)
    w = heads_of(b).detach()
    residual = w @ b.recipe.projection(b.networks) - circle(20)
    torch.testing.assert_close(w.T @ residual, torch.zeros(4, 2), atol=1e-4, rtol=0)


def test_the_picture_of_codes_is_drawn_in_that_plane(bench, digits, tmp_path, monkeypatch):
    given = {}
    monkeypatch.setattr(pictures, "codes", lambda *a, **k: given.update(k))
    monkeypatch.setattr(pictures, "samples_grid", lambda *a: None)
    monkeypatch.setattr(pictures, "styles", lambda *a, **k: None)
    monkeypatch.setattr(pictures, "reconstructions", lambda *a: None)
    b = bench("classic-dim-reduction", code=10)
    draw_gallery(b.model, digits, tmp_path)
    assert given["projection"].equal(b.recipe.projection(b.networks))


def test_only_the_labelled_phase_remains_of_pure_supervision(bench):
    b = bench("classic-dim-reduction", supervision="only")
    assert list(b.phases) == ["cls"]
    assert b.networks.keys() == {"encoder"}
