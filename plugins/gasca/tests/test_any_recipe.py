"""The strategies in recipes that shape their codes, and the refusals where they cannot work."""

import pytest
import torch
from attrs import frozen
from gasca import Gasca, GascaClassifier, GradualGreedy, Greedy, Pretrained, StackedNetworks
from torch import nn

import aaecore
from aaecore.adversary import Adversary
from aaecore.architecture import Architecture
from aaecore.config import change, structure
from aaecore.defaults.architectures import MLP
from aaecore.defaults.stackings import Single
from aaecore.errors import AAEError, ConfigError, RunError
from aaecore.observer import Observer
from aaecore.optimizer import Adam
from aaecore.phase import Phase
from aaecore.posterior import GaussianPosterior, Universal
from aaecore.recipe import Recipe
from aaecore.runs.session import Session
from aaecore.spec import Spec
from aaecore.unused import unused_settings

HIDDEN = MLP(hidden=(24, 12))


@frozen(kw_only=True)
class Codes(Recipe):
    """A recipe with a prior on codes, as anybody might write one."""

    architecture: Architecture = HIDDEN
    code: int = 3
    batch: int = 32
    epochs: int = 3

    def own_networks(self, spec):
        return {
            **super().own_networks(spec),
            "code_discriminator": lambda: self.architecture.discriminator((self.code,)),
        }

    def own_phases(self, spec):
        game = Adversary("code_discriminator", real="z_prior", fakes="z", loss=self.adversarial)
        return (
            Phase("rec", "reconstruction", ("encoder", "decoder"), {"L_rec": self.reconstruction}, Adam()),
            Phase("disc", "discriminator", ("code_discriminator",), {"L_D": game.discriminate}, Adam()),
            Phase("gen", "generator", ("encoder",), {"L_G": game.deceive}, Adam()),
        )


@frozen(kw_only=True)
class Bare(Codes):
    """A recipe that reconstructs nothing."""

    def own_phases(self, spec):
        return super().own_phases(spec)[1:]


@pytest.mark.parametrize("stacking", [Greedy(), GradualGreedy()])
@pytest.mark.parametrize("architecture", [HIDDEN, StackedNetworks(channels=(4, 6))])
def test_a_recipe_with_a_prior_grows_with_its_codes_matched_at_every_depth(watch, digits, stacking, architecture):
    found = watch(Codes(stacking=stacking, architecture=architecture), digits)
    assert list(found.stages) == ["level-1", "level-2", "finetune-2"]
    for stage in found.stages:
        assert any(name.startswith("code_discriminator") for name in found.moved(stage))
    inside = ("encoder/blocks", "decoder/blocks")
    moved = [{name for name in found.moved(stage) if name.startswith(inside)} for stage in ("level-1", "level-2")]
    assert all(moved)
    assert not moved[0] & moved[1]


def test_the_grown_model_samples_and_encodes(digits):
    model = aaecore.train(
        Codes(stacking=GradualGreedy(), posterior=GaussianPosterior()), digits, quiet=True, device="cpu"
    )
    assert model.sample(3).shape == (3, 1, 8, 8)
    assert model.encode(digits.x.take(range(4))).shape == (4, 3)


def test_reconstruction_alone_can_be_the_fine_tuning_of_any_recipe(watch, digits):
    found = watch(Codes(stacking=Greedy(finetune="reconstruction")), digits)
    assert list(found.stages) == ["level-1", "level-2", "finetune-2", "realign-2"]
    moved = {name.partition("/")[0] for name in found.moved("finetune-2")}
    assert moved == {"encoder", "decoder"}
    assert {name.partition("/")[0] for name in found.moved("realign-2")} == {"code_discriminator"}


def test_gasca_with_fully_connected_networks_grows_too(watch, digits, tiny):
    found = watch(tiny(architecture=HIDDEN, adv_weight=0.0), digits)
    assert list(found.stages)[-1] == "finetune-3"


def test_what_cannot_grow_is_refused_before_training(digits, tiny):
    refused = {
        "this posterior's noise enters beside the image": Codes(posterior=Universal(), stacking=Greedy()),
        "no phase of this recipe makes any": Bare(stacking=Greedy()),
        "there are 0 for 0": Codes(architecture=MLP(hidden=()), stacking=Greedy()),
        "no phase of this recipe learns from labels": Codes(stacking=Pretrained()),
        "needs architecture=gasca": tiny(architecture=HIDDEN, code=0),
        "feature maps are deterministic": tiny(code=0, posterior=GaussianPosterior()),
        "not 2; set architecture=gasca": tiny(architecture=HIDDEN),
        "nothing is minimised": tiny(rec_weight=0.0, adv_weight=0.0),
        "recipe.stacking.finetune: leaves T.G. nothing to minimise.*adversarial": tiny(rec_weight=0.0),
        "recipe.stacking.pretraining.finetune: .*all its losses weigh 0": tiny(GascaClassifier, rec_weight=0.0),
        "there is none": tiny(stacking=Greedy(stage_target="input", finetune_epochs=0)),
        "discriminator_hidden=64": Gasca(batch=32, architecture=StackedNetworks(channels=(4,), discriminator_hidden=0)),
    }
    for reason, recipe in refused.items():
        with pytest.raises(ConfigError, match=reason):
            aaecore.train(recipe, digits, quiet=True, device="cpu")


def test_own_networks_of_another_depth_are_refused_in_one_line(digits, tiny):
    encoder = StackedNetworks(channels=(4, 6, 8)).encoder((1, 8, 8), {"code": 5})
    with pytest.raises(ConfigError, match=r"different numbers of levels \(encoder 4, decoder 3"):
        aaecore.train(tiny(), digits, quiet=True, device="cpu", networks={"encoder": encoder})


@pytest.mark.parametrize(
    ("networks", "said"),
    [
        ({"image_discriminator": nn.Sequential(nn.Flatten(), nn.Linear(64, 1), nn.Flatten(0))}, "a stack of blocks"),
        ({"level_heads": nn.Identity()}, "your own level_heads are not a ModuleList of gasca's Ends"),
    ],
)
def test_own_networks_that_have_no_levels_are_refused_before_there_is_a_run(digits, tiny, tmp_path, networks, said):
    with pytest.raises(AAEError, match=said):
        aaecore.train(tiny(), digits, quiet=True, device="cpu", networks=networks, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
    if "image_discriminator" in networks:
        aaecore.train(tiny(stacking=Single()), digits, quiet=True, device="cpu", networks=networks)


@pytest.mark.parametrize(
    ("recipe", "named"),
    [
        ({"stacking": Greedy(finetune="all", finetune_epochs=0)}, ["stacking.finetune"]),
        ({"stacking": Greedy(level_epochs=1, finetune_epochs=1), "epochs": 9}, ["epochs"]),
        ({"stacking": Greedy(level_epochs=1), "epochs": 9}, []),
        ({"stacking": Greedy(d_stack="fresh", discriminator_epochs=3)}, []),
        (
            {"stacking": Greedy(d_stack="fresh", discriminator_epochs=3), "adv_weight": 0.0},
            ["stacking.d_stack", "stacking.discriminator_epochs"],
        ),
    ],
)
def test_settings_of_stages_that_there_are_not_are_remarked(recipe, named):
    assert unused_settings(Gasca(**recipe), Spec((1, 16, 16))) == named


def test_epochs_of_a_pre_training_that_there_is_not_are_remarked():
    recipe = GascaClassifier(epochs=9, stacking=Pretrained(pretraining=None))
    assert unused_settings(recipe, Spec((1, 16, 16), classes=3)) == ["epochs"]


@pytest.mark.parametrize("recipe", [Gasca(batch=8), GascaClassifier(batch=8)])
def test_vectors_are_refused_by_convolutions(recipe):
    with pytest.raises(ConfigError, match="set architecture=mlp"):
        aaecore.train(recipe, torch.rand(40, 6), torch.arange(40) % 3, quiet=True)


def test_a_classifier_without_labels_is_refused(digits, tiny):
    with pytest.raises(ConfigError, match="learns classes"):
        aaecore.train(tiny(GascaClassifier), digits.x.take(range(64)), quiet=True)


def test_there_is_nothing_to_sample_where_no_prior_shapes_the_codes(digits, tiny):
    model = aaecore.train(tiny(epochs=1), digits, quiet=True, device="cpu")
    with pytest.raises(AAEError, match="follow no prior"):
        model.sample(2)
    assert model.reconstruct(digits.x.take(range(2))).shape == (2, 1, 8, 8)
    assert not any(name.startswith("codes_") for name in model.metrics)


def test_every_stage_resumes_where_it_was_interrupted(tmp_path, tiny, digits):
    recipe = tiny(stacking=GradualGreedy())
    whole = aaecore.train(recipe, digits, quiet=True, device="cpu", out=tmp_path / "whole")

    class Stop(Observer):
        def step_end(self, t, losses):
            if t.stage.name == "finetune-2" and t.progress.step == 1:
                t.stop()

    with pytest.raises(KeyboardInterrupt):
        aaecore.train(recipe, digits, quiet=True, device="cpu", out=tmp_path / "parts", observers=[Stop()])
    parts = aaecore.train(recipe, digits, quiet=True, device="cpu", out=tmp_path / "parts", resume=True)
    for role, network in whole.networks.items():
        for name, tensor in network.state_dict().items():
            assert torch.equal(tensor, parts.networks[role].state_dict()[name]), (role, name)


@pytest.mark.parametrize(
    ("stacking", "here"),
    [({"name": "single"}, "there is none now"), ({"name": "greedy", "level_epochs": 1}, "'level-3' is now")],
)
def test_no_other_stage_is_gone_on_in_than_the_one_that_was_interrupted(tmp_path, tiny, digits, stacking, here):
    class Stop(Observer):
        def step_end(self, t, losses):
            if t.stage.name == "finetune-2":
                t.stop()

    def session(recipe, **options):
        config = structure({"recipe": recipe, "run": {"device": "cpu"}})
        return Session(config=config, data=digits, quiet=True, out=tmp_path / "run", **options)

    recipe = tiny(stacking=GradualGreedy(level_epochs=1))
    with pytest.raises(KeyboardInterrupt):
        session(recipe, observers=[Stop()]).run()
    changed = change(recipe, {"stacking": stacking}, path="recipe")
    with pytest.raises(RunError, match=rf"taken in stage 'finetune-2', where {here}; undo the change"):
        session(changed, resume=True, allowed=["recipe.stacking"]).run()
    assert not (tmp_path / "run/model.safetensors").exists()


def test_without_fine_tuning_the_adversary_alone_may_train_the_levels(tiny, stages, digits):
    assert stages(tiny(rec_weight=0.0, stacking=GradualGreedy(finetune_epochs=0)), digits)
    assert stages(tiny(rec_weight=0.0, stacking=GradualGreedy(finetune="adversarial")), digits)
