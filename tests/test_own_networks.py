"""A user's own networks, in every role of every recipe."""

import pytest
import torch
from torch import nn

from aaecore import compose
from aaecore.errors import AAEError
from aaecore.plugins import registry
from aaecore.spec import Spec

RECIPES = registry().names("recipe")
SMALL = {"architecture": {"name": "mlp", "hidden": [12]}}


class Nothing(nn.Module):
    """A network that gives no tensor."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2))

    def forward(self, *given):
        return None


def spec_for(recipe):
    output = {"symmetric": "tanh", "standard": "linear"}.get(recipe.scaling, "sigmoid")
    return Spec((1, 8, 8), classes=4, condition=3, output=output)


@pytest.fixture(params=RECIPES)
def recipe(request):
    return compose(request.param)


def test_networks_like_the_recipes_own_are_taken(recipe):
    spec = spec_for(recipe)
    own = recipe.build(spec, seed=1)
    for network in own.values():
        network.train()
    before = {r: {k: v.clone() for k, v in n.state_dict().items()} for r, n in own.items()}
    assert recipe.build(spec, networks=own) == own
    for role, network in own.items():
        assert all(module.training for module in network.modules())
        assert all(v.equal(before[role][k]) for k, v in network.state_dict().items())


def test_a_network_that_gives_nothing_is_refused_by_its_role(recipe):
    spec = spec_for(recipe)
    used = {role for phase in recipe.all_phases(spec) for role in phase.moves}
    for role in recipe.builders(spec).keys() & used:
        with pytest.raises(AAEError) as e:
            recipe.build(spec, networks={role: Nothing()})
        assert role in str(e.value) or "made of blocks" in str(e.value)
        assert "\n" not in str(e.value)


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (nn.Linear(8, 1), r"your own code_discriminator must give \(B,\) here, not \(B, 1\)"),
        (
            nn.Sequential(nn.Linear(8, 3), nn.Flatten(0)),
            r"your own code_discriminator must give \(B,\) here, not \(6,\)",
        ),
        (nn.Linear(5, 1), r"phase 'disc' cannot compute 'L_D' with your own code_discriminator: .*\(Discriminator\)"),
    ],
)
def test_a_discriminator_gives_one_score_for_each_sample(network, said):
    with pytest.raises(AAEError, match=said):
        compose("classic").build(Spec((1, 8, 8)), networks={"code_discriminator": network})


def test_a_discriminator_that_is_told_labels_takes_them():
    own = {"code_discriminator": nn.Sequential(nn.Linear(2, 1), nn.Flatten(0))}
    with pytest.raises(AAEError, match="takes 2 positional arguments but 3 were given"):
        compose("classic-label-prior").build(Spec((1, 8, 8), classes=4), networks=own)


def test_networks_that_fit_each_other_only_are_taken():
    recipe = compose("learnedprior-supervised", **SMALL)
    spec = Spec((1, 8, 8), classes=4, output="tanh")
    wider = compose("learnedprior-supervised", architecture={"name": "mlp", "hidden": [20]}).build(spec)
    own = {role: wider[role] for role in ("image_discriminator", "recognizer")}
    assert recipe.build(spec, networks=own)["recognizer"] is wider["recognizer"]
    with pytest.raises(AAEError, match="with your own recognizer"):
        recipe.build(spec, networks={"recognizer": wider["recognizer"]})


def test_trying_them_draws_no_random_numbers():
    own = {"encoder": nn.Sequential(nn.Flatten(), nn.Linear(64, 8))}
    torch.manual_seed(0)
    compose("classic").build(Spec((1, 8, 8)), networks=own)
    found = torch.rand(1)
    torch.manual_seed(0)
    assert found == torch.rand(1)


class Odd(nn.Module):
    """A small encoder with a fault."""

    def __init__(self, fault):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(64, 8))
        self.register_buffer("calls", torch.zeros(()))
        self.fault = fault

    def forward(self, x):
        self.calls += 1
        if self.fault == "training" and self.training:
            raise KeyError("only in training")
        if self.fault == "in place":
            x = x.mul_(2)
        z = self.layers(x)
        return z.detach() if self.fault == "detached" else z


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("training", "phase 'rec' cannot compute 'L_rec' with your own encoder: 'only in training'"),
        ("detached", "phase 'gen' cannot compute 'L_G' with your own encoder: no gradient reaches encoder; detach"),
    ],
)
def test_what_would_go_wrong_in_training_alone_is_found_before(fault, said):
    with pytest.raises(AAEError, match=said):
        compose("classic").build(Spec((1, 8, 8)), networks={"encoder": Odd(fault)})


def test_a_first_layer_that_changes_images_in_place_is_refused():
    layers = nn.Flatten(), nn.Linear(64, 1), nn.Flatten(0)
    own = {"image_discriminator": nn.Sequential(nn.Dropout(0.2, inplace=True), *layers)}
    with pytest.raises(AAEError, match=r"with your own image_discriminator: .*modified by an inplace operation"):
        compose("classic-dcgan").build(Spec((1, 8, 8)), networks=own)
    own = {"image_discriminator": nn.Sequential(nn.Dropout(0.2), *layers)}
    assert compose("classic-dcgan").build(Spec((1, 8, 8)), networks=own)


def test_trying_a_network_does_not_even_count_in_it():
    own = Odd(None)
    compose("classic").build(Spec((1, 8, 8)), networks={"encoder": own})
    assert own.calls == 0


def test_layers_that_learn_their_shape_from_the_first_samples_have_one_when_training_begins():
    own = {"code_discriminator": nn.Sequential(nn.LazyLinear(4), nn.ReLU(), nn.LazyLinear(1), nn.Flatten(0))}
    built = compose("classic").build(Spec((1, 8, 8)), networks=own)
    assert built["code_discriminator"][0].weight.shape == (4, 8)


@pytest.mark.parametrize("networks", [[nn.Linear(2, 2)], {0: nn.Linear(2, 2)}])
def test_networks_without_roles_are_refused(networks):
    with pytest.raises(AAEError, match="networks are given by their roles"):
        compose("classic").build(Spec((1, 8, 8)), networks=networks)


def test_networks_without_numbers_are_refused():
    with pytest.raises(AAEError, match="your own encoder is on the meta device"):
        compose("classic").build(Spec((1, 8, 8)), networks={"encoder": Odd(None).to("meta")})
