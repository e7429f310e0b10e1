from collections.abc import Mapping, Sequence
from functools import partial

import pytest
import torch
from attrs import evolve, field, frozen
from torch import nn

from aaecore.checks import check_phases
from aaecore.defaults.architectures import MLP
from aaecore.defaults.losses import KL, HalfSquaredError
from aaecore.errors import AAEError, ConfigError
from aaecore.loss import Regularizer
from aaecore.optimizer import SGD
from aaecore.phase import Phase
from aaecore.posterior import GaussianPosterior, Universal
from aaecore.prior import Prior
from aaecore.scheduler import PhaseScheduler
from aaecore.spec import Spec

SPEC = Spec(shape=(1, 4, 4))


@frozen(kw_only=True)
class LearnedPrior(Prior):
    """A prior that brings a network and the phase that trains it."""

    role: str = "mapping"

    def sample(self, n, code, *, labels, draw, net):
        return net[self.role](draw.normal(n, code))

    def networks(self, recipe, spec) -> Mapping:
        return {self.role: partial(nn.Linear, recipe.code, recipe.code)}

    def phases(self, recipe, spec) -> Sequence[Phase]:
        return (Phase("map", "prior", (self.role,), {"L": lambda f: f.z_prior.square().mean()}, SGD(lr=0.1)),)

    def evaluated(self, phase):
        return (self.role,)


@frozen(kw_only=True)
class Naming(PhaseScheduler):
    names: tuple[str, ...] = field()

    def plan(self, phases, progress):
        return phases

    def phase_names(self):
        return self.names


def test_a_recipes_networks_fit_together(toy):
    built = toy().build(SPEC)
    z = built["encoder"](torch.rand(3, 1, 4, 4))["code"]
    assert z.shape == (3, 2)
    assert built["decoder"](z).shape == (3, 1, 4, 4)
    assert built["code_discriminator"](z).shape == (3,)


def test_a_network_is_a_function_of_seed_and_role_alone(toy):
    def weights(recipe, seed, role):
        return recipe.build(SPEC, seed=seed)[role].state_dict()

    first = weights(toy(), 0, "decoder")
    torch.rand(3)
    again = weights(toy(prior=LearnedPrior()), 0, "decoder")
    other = weights(toy(), 1, "decoder")
    assert all(torch.equal(first[k], again[k]) for k in first)
    assert not all(torch.equal(first[k], other[k]) for k in first)


def test_building_leaves_the_global_generator_alone(toy):
    before = torch.get_rng_state()
    toy().build(SPEC)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_part_brings_its_networks_and_phases_to_anybodys_recipe(toy, fit):
    recipe = toy(prior=LearnedPrior())
    assert list(recipe.build(SPEC)) == ["encoder", "decoder", "code_discriminator", "mapping"]
    assert [p.name for p in recipe.all_phases(SPEC)] == ["rec", "disc", "gen", "map"]
    assert fit(recipe).model.sample(3).shape == (3, 1, 4, 4)


def test_a_part_is_evaluated_where_it_does_not_move(toy):
    phases = {p.name: p for p in toy(prior=LearnedPrior()).all_phases(SPEC)}
    assert phases["disc"].evaluates == ("mapping",)
    assert phases["map"].evaluates == ()


def test_a_role_two_parts_need_is_shared_with_the_recipes_own(toy):
    recipe = toy(prior=LearnedPrior(role="encoder"))
    assert isinstance(recipe.builders(SPEC)["encoder"], partial)
    assert recipe.builders(SPEC)["encoder"].func == recipe.architecture.encoder


def test_a_regularizer_joins_the_phase_of_its_role_that_moves_the_encoder(toy):
    gaussian = toy(posterior=GaussianPosterior())
    for role, phase in (("generator", "gen"), ("reconstruction", "rec"), ("discriminator", "disc")):
        phases = evolve(gaussian, regularizers=(KL(role=role, weight=0.3),)).all_phases(SPEC)
        terms = {p.name: dict(p.terms) for p in phases}
        assert terms[phase]["kl"].weight == 0.3
        assert sum("kl" in t for t in terms.values()) == 1


def test_two_regularizers_of_one_class_both_count(toy):
    recipe = toy(posterior=GaussianPosterior(), regularizers=(KL(weight=1.0), KL(weight=2.0, direction="reverse")))
    terms = recipe.all_phases(SPEC)[2].terms
    assert [(name, t.weight) for name, t in terms.items()] == [("L_G", 1.0), ("kl", 1.0), ("kl_2", 2.0)]


def test_a_regularizer_without_a_phase_to_join_is_refused(toy):
    with pytest.raises(ConfigError, match=r"supervision.*set its role to one of: discriminator, generator, rec"):
        toy(posterior=GaussianPosterior(), regularizers=(KL(role="supervision"),)).build(SPEC)


def test_a_regularizer_of_another_kind_is_refused(toy):
    with pytest.raises(TypeError, match="regularizers"):
        toy(regularizers=(HalfSquaredError(),))
    assert issubclass(KL, Regularizer)


def test_a_users_own_networks_replace_the_recipes(toy):
    mine = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
    assert toy().build(SPEC, networks={"encoder": mine})["encoder"] is mine


@pytest.mark.parametrize(
    ("role", "network", "said"),
    [
        ("critic", nn.Linear(1, 1), "'critic'; .*choose from: code_discriminator, decoder, encoder"),
        ("encoder", nn.Linear(3, 2), r"encoder does not take \(2, 1, 4, 4\)"),
        ("encoder", nn.Sequential(nn.Flatten(), nn.Linear(16, 5)), r"must give \(B, 2\) here, not \(B, 5\)"),
        ("decoder", nn.Linear(2, 16), r"must give \(B, 1, 4, 4\) here, not \(B, 16\)"),
        ("encoder", lambda x: x, "is function, not a torch.nn.Module"),
    ],
)
def test_a_users_own_network_that_does_not_fit_is_refused(toy, role, network, said):
    with pytest.raises(AAEError, match=said):
        toy().build(SPEC, networks={role: network})


def test_trying_a_users_own_network_changes_nothing_in_it(toy):
    mine = nn.Sequential(nn.Flatten(), nn.Linear(16, 2), nn.BatchNorm1d(2))
    before = {k: v.clone() for k, v in mine.state_dict().items()}
    toy().build(SPEC, networks={"encoder": mine})
    assert mine.training
    assert all(torch.equal(v, before[k]) for k, v in mine.state_dict().items())


def test_a_users_own_encoder_takes_the_noise_of_a_universal_posterior(toy):
    recipe = toy(posterior=Universal(width_of_noise=3))
    with pytest.raises(AAEError, match=r"does not take \(2, 1, 4, 4\) and \(2, 3\)"):
        recipe.build(SPEC, networks={"encoder": nn.Sequential(nn.Flatten(), nn.Linear(16, 2))})


def test_networks_may_not_share_parameters(toy):
    shared = nn.Linear(2, 2)
    own = {
        "encoder": nn.Sequential(nn.Flatten(), nn.Linear(16, 2), shared),
        "decoder": nn.Sequential(shared, nn.Linear(2, 16), nn.Unflatten(1, (1, 4, 4))),
    }
    with pytest.raises(AAEError, match="'encoder' and 'decoder' share parameters"):
        toy().build(SPEC, networks=own)


def phase(name, *moves):
    return Phase(name, "prior", moves, {}, SGD())


def test_two_phases_may_not_share_a_name():
    with pytest.raises(ConfigError, match="two phases are called 'a'"):
        check_phases([phase("a"), phase("a")], {})


def test_a_phase_moves_only_what_there_is():
    with pytest.raises(ConfigError, match="'a' moves no known network: did you mean 'encoder'"):
        check_phases([phase("a", "encodr")], {"encoder": nn.Linear(1, 1)})


def test_a_trainable_network_that_nothing_moves_is_refused_and_a_frozen_one_is_not():
    network = nn.Linear(1, 1)
    with pytest.raises(ConfigError, match="no phase moves the network 'critic'"):
        check_phases([], {"critic": network})
    check_phases([], {"critic": network.requires_grad_(False)})


def test_a_scheduler_may_name_phases_and_roles_and_nothing_else(toy):
    toy(scheduler=Naming(names=("rec", "generator"))).build(SPEC)
    with pytest.raises(ConfigError, match="no phase or role is called 'dics'; did you mean 'disc'"):
        toy(scheduler=Naming(names=("dics",))).build(SPEC)


def test_every_part_is_asked_whether_it_can_work(toy):
    @frozen(kw_only=True)
    class Picky(MLP):
        def check(self, recipe, spec):
            raise ConfigError("recipe.architecture", "not today")

    with pytest.raises(ConfigError, match="not today"):
        toy(architecture=Picky()).build(SPEC)


@pytest.mark.parametrize(
    "wrong", [{"code": 0}, {"batch": 0}, {"epochs": 0}, {"input_dropout": 1.0}, {"input_noise": -1}, {"scaling": "x"}]
)
def test_a_setting_out_of_range_is_refused_by_name(toy, wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        toy(**wrong)


def test_a_phase_grows_without_changing_the_first():
    first = phase("a", "encoder")
    grown = first.extended(moves=("decoder",), terms={"L": lambda f: f.x}).weighted(0.5).weighted(0.5)
    assert (grown.moves, list(grown.terms), grown.weight) == (("encoder", "decoder"), ["L"], 0.25)
    assert (first.moves, list(first.terms), first.weight) == (("encoder",), [], 1.0)
