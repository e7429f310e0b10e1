"""Latent mapping, before the decoder and as a prior (check 5)."""

import pytest
import torch
from iaae.mapping import LatentMapping, MappedPrior, mapping_network
from iaae.networks import NormalizedMLP
from torch import nn

from aaecore import compose, load, train
from aaecore.architecture import Architecture
from aaecore.defaults.priors import Gaussian
from aaecore.errors import ConfigError
from aaecore.spec import Spec

MAPPED = {"name": "mapped"}


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def mapping_of(decoder: nn.Module) -> nn.Module:
    return decoder.blocks[0][0]


def test_it_adds_440_parameters_to_the_decoder_and_nothing_else(bench):
    plain, mapped = bench().networks, bench("iaae-latent-mapping").networks
    assert count(mapped["decoder"]) - count(plain["decoder"]) == 440
    for role in ("encoder", "code_discriminator"):
        assert str(plain[role]) == str(mapped[role])


@pytest.mark.parametrize(("phase", "moves"), [("rec", True), ("disc", False), ("gen", False)])
def test_the_mapping_moves_with_the_autoencoder_only(bench, phase, moves):
    b = bench("iaae-latent-mapping")
    mapping = mapping_of(b.networks["decoder"])
    before = [p.detach().clone() for p in mapping.parameters()]
    b.stepper.run([b.phases[phase]], [b.forward()])
    assert [not p.equal(q) for p, q in zip(mapping.parameters(), before, strict=True)] == [moves] * 8


@pytest.mark.parametrize(("phase", "reached"), [("rec", True), ("disc", False), ("gen", False)])
def test_the_mapping_has_a_gradient_in_the_reconstruction_only(bench, phase, reached):
    b = bench("iaae-latent-mapping")
    assert all(p.requires_grad for p in b.networks["decoder"].parameters())
    f = b.forward()
    f.begin(b.phases[phase].moves)
    sum(term.loss(f) for term in b.phases[phase].terms.values()).backward()
    assert all(p.grad is not None for role in b.phases[phase].moves for p in b.networks[role].parameters())
    assert [p.grad is not None for p in mapping_of(b.networks["decoder"]).parameters()] == [reached] * 8


def test_it_maps_reconstructed_and_sampled_codes_alike(bench):
    b = bench("iaae-latent-mapping")
    mapping = mapping_of(b.networks["decoder"])
    seen = []
    mapping.register_forward_hook(lambda module, given, out: seen.append(given[0]))
    f = b.forward()
    assert f.x_rec.shape == f.x_gen.shape
    assert seen[0].equal(f.z)
    assert seen[1].equal(f.z_prior)


def test_an_identity_mapping_is_the_baseline(bench):
    plain = bench()
    identity = bench(architecture={"name": "latent-mapping", "slope": 1.0})
    for layer, _ in mapping_of(identity.networks["decoder"]):
        nn.init.eye_(layer.weight)
        nn.init.zeros_(layer.bias)
    assert identity.forward().x_rec.equal(plain.forward().x_rec)


def test_the_stack_has_as_many_blocks_as_without_it():
    spec = Spec(shape=(1, 8, 8))
    plain, mapped = (a.decoder(4, spec).blocks for a in (NormalizedMLP(), LatentMapping(of=NormalizedMLP())))
    assert len(plain) == len(mapped)


class Opaque(Architecture):
    """Networks without blocks."""

    def decoder(self, width: int, spec: Spec) -> nn.Module:
        return nn.Sequential(nn.Linear(width, spec.features), nn.Unflatten(1, spec.shape))


def test_it_precedes_a_decoder_without_blocks_too():
    decoder = LatentMapping(of=Opaque()).decoder(4, Spec(shape=(1, 8, 8)))
    assert decoder(torch.randn(3, 4)).shape == (3, 1, 8, 8)
    assert count(decoder[0]) == 4 * 20


def test_any_networks_can_have_one(bench):
    b = bench(architecture={"name": "latent-mapping", "of": {"name": "mlp", "hidden": [24, 24]}})
    assert b.train(2)[-1]["rec/L_rec"] > 0


# ---- the other reading: a learned prior


def test_as_a_prior_it_brings_a_network_and_the_phase_that_moves_it(bench):
    b = bench(prior=MAPPED)
    assert count(b.networks["mapping"]) == 440
    assert list(b.phases) == ["rec", "disc", "gen", "map"]
    for phase in ("rec", "disc", "gen"):
        assert "mapping" not in b.moved_by(phase)
    assert b.moved_by("map") == {"mapping"}


def test_it_moves_as_the_autoencoder_does(bench):
    b = bench(prior=MAPPED, reconstruction_optimizer={"name": "adam", "lr": 0.007})
    assert b.phases["map"].optimizer == b.phases["rec"].optimizer


def test_the_discriminator_and_the_samples_see_mapped_noise(bench):
    b = bench(prior=MAPPED)
    f = b.forward()
    noise = b.recipe.prior.of.sample(f.n, 10, labels=None, draw=b.forward().draw("z_prior"), net=f.net)
    assert f.z_prior.equal(b.networks["mapping"](noise))
    assert f.x_gen.equal(b.networks["decoder"](f.z_prior))


def test_its_step_makes_mapped_noise_look_like_codes(bench):
    b = bench(
        prior=MAPPED,
        architecture={"name": "normalized-mlp", "dropout": 0},
        reconstruction_optimizer={"name": "sgd", "lr": 0.1},
    )
    d, noise = b.networks["code_discriminator"], torch.randn(500, 10)
    with torch.no_grad():
        before = d(b.networks["mapping"](noise)).mean()
    b.stepper.run([b.phases["map"]], [b.forward()])
    with torch.no_grad():
        assert d(b.networks["mapping"](noise)).mean() < before


def test_a_mapped_prior_needs_a_game_on_codes(digits):
    from attrs import frozen
    from iaae.mapping import MappedPrior

    from aaecore.phase import Phase
    from aaecore.recipe import Recipe

    @frozen(kw_only=True)
    class NoGame(Recipe):
        """An autoencoder."""

        def own_phases(self, spec):
            terms = {"L_rec": self.reconstruction}
            return [Phase("rec", "reconstruction", ("encoder", "decoder"), terms, compose("iaae").generator_optimizer)]

    with pytest.raises(ConfigError, match="discriminator of codes"):
        NoGame(prior=MappedPrior()).build(Spec(shape=(1, 8, 8)))


class Told(Gaussian):
    """Codes that are something of the batch."""

    def own_labels(self, spec):
        return 7

    def sample_for(self, f, labels):
        return f.x.flatten(1)[:, : f.recipe.code]


def test_what_is_mapped_keeps_the_batch_and_the_labels_that_the_other_prior_heeds(bench):
    prior = MappedPrior(of=Told())
    b = bench(prior=prior)
    f = b.forward()
    assert f.z_prior.equal(b.networks["mapping"](f.x.flatten(1)[:, : f.recipe.code]))
    assert prior.own_labels(f.spec) == 7
    assert MappedPrior().own_labels(f.spec) == 0


@pytest.mark.parametrize("inner", [MAPPED, {"name": "mapped", "depth": 1}])
def test_a_mapped_prior_of_a_mapped_prior_would_be_one_mapping_and_is_refused(inner):
    with pytest.raises(ConfigError, match=r"recipe.prior.of: brings the network 'mapping', as recipe.prior does"):
        compose("iaae", prior=MAPPED | {"of": inner}).build(Spec(shape=(1, 8, 8)))


def test_a_mapped_prior_has_no_kl():
    with pytest.raises(ConfigError, match="set prior=gaussian"):
        compose("iaae-kld", prior=MAPPED).build(Spec(shape=(1, 8, 8)))


@pytest.mark.parametrize("settings", [{"prior": MAPPED}, {"architecture": "latent-mapping"}])
def test_both_are_saved_and_sample_as_before(tmp_path, digits, settings):
    model = train(
        compose("iaae", batch=64, epochs=1, **settings), digits, out=tmp_path / "run", quiet=True, device="cpu"
    )
    again = load(tmp_path / "run", recipe=model.recipe)
    assert again.sample(5).equal(model.sample(5))


def test_the_mapping_has_as_many_layers_as_asked():
    assert count(mapping_network(6, 2)) == 2 * (36 + 6)


@pytest.mark.parametrize("settings", [{"architecture": "latent-mapping"}, {"prior": MAPPED}])
def test_the_mapping_is_four_times_a_linear_layer_and_a_leaky_rectifier_of_slope_02(bench, settings):
    networks = bench(**settings).networks
    mapping = networks["mapping"] if "mapping" in networks else networks["decoder"].blocks[0][0]
    assert [[type(m).__name__ for m in layer] for layer in mapping] == [["Linear", "LeakyReLU"]] * 4
    assert {layer[1].negative_slope for layer in mapping} == {0.2}


def test_a_mapped_prior_learns_on_draws_of_its_own(bench):
    b = bench(prior=MAPPED)
    f = b.forward()
    f.begin(("code_discriminator",))
    shown = f.draw("z_prior")
    assert b.phases["map"].redraws == ("z_prior",)
    f.end()
    f.redraw(b.phases["map"].redraws)
    assert f.draw("z_prior").key != shown.key
