"""What is allowed and hardly meant is said before training."""

from collections.abc import Sequence

import pytest
from attrs import evolve, field, frozen

from aaecore.defaults.losses import BCE, MeanSquaredError
from aaecore.defaults.priors import Gaussian, Uniform
from aaecore.defaults.stackings import Single
from aaecore.errors import ConfigError, PluginError
from aaecore.observer import Observer
from aaecore.optimizer import Adam
from aaecore.phase import Phase, Progress
from aaecore.planned import idle_phases
from aaecore.posterior import GaussianPosterior
from aaecore.remarks import Remarks
from aaecore.scheduler import PhaseScheduler
from aaecore.spec import Spec
from aaecore.stacking import Stage
from aaecore.unused import unused_settings

SPEC = Spec(shape=(1, 4, 4), classes=4)


@frozen(kw_only=True)
class From(PhaseScheduler):
    """Phases from an epoch and a batch of it on."""

    starts: dict = field(factory=dict)

    def plan(self, phases, progress):
        at = (progress.epoch, progress.step % progress.steps_per_epoch)
        return [p for p in phases if at >= self.starts.get(p.name, (0, 0))]


class Watching(Observer):
    """Whether training began."""

    began = False

    def train_begin(self, t):
        self.began = True


@pytest.fixture
def without_game(toy):
    @frozen(kw_only=True)
    class WithoutGame(toy):
        second: Adam = Adam()

        def own_networks(self, spec):
            return {r: b for r, b in super().own_networks(spec).items() if r != "code_discriminator"}

        def own_phases(self, spec) -> Sequence[Phase]:
            return super().own_phases(spec)[:1]

    return WithoutGame


def test_a_changed_part_that_no_phase_uses_is_named(without_game):
    recipe = without_game(adversarial=BCE(generator_form="saturating"), second=Adam(lr=0.5))
    assert unused_settings(recipe, SPEC) == ["adversarial", "second"]


def test_a_changed_part_that_is_used_or_a_default_is_not_named(toy, without_game):
    changed = {"adversarial": BCE(generator_form="saturating"), "reconstruction": MeanSquaredError()}
    changed |= {"optimizer": Adam(), "prior": Uniform(), "posterior": GaussianPosterior()}
    assert unused_settings(toy(**changed), SPEC) == []
    assert unused_settings(without_game(), SPEC) == []


@frozen(kw_only=True)
class Wide(Gaussian):
    """A Gaussian whose `low` means something only where it is not wide."""

    wide: bool = True
    low: float = 0.5
    table: dict = field(factory=dict)

    def without_effect(self, recipe, spec):
        return ("low", "table") if self.wide else ()


@pytest.mark.parametrize(
    ("prior", "named"),
    [
        (Wide(), []),
        (Wide(low=2.0), ["prior.low"]),
        (Wide(low=2.0, table={"a": 1}), ["prior.low", "prior.table"]),
        (Wide(wide=False, low=2.0), []),
        (Uniform(), []),
    ],
)
def test_what_a_part_says_has_no_effect_is_named_where_it_was_changed(toy, prior, named):
    assert unused_settings(toy(prior=prior), SPEC) == named


def test_a_part_that_is_unused_is_named_once(toy):
    @frozen(kw_only=True)
    class Unshaped(toy):
        shapes_codes = False

    assert unused_settings(Unshaped(prior=Wide(low=2.0)), SPEC) == ["prior"]


def test_an_optimizer_whose_phase_borrows_another_is_named(toy):
    @frozen(kw_only=True)
    class Borrowing(toy):
        second: Adam = Adam()

        def own_phases(self, spec):
            rec, disc, gen = super().own_phases(spec)
            return rec, disc, evolve(gen, optimizer=self.second, optimizer_of="rec")

    assert unused_settings(Borrowing(second=Adam(lr=0.5)), SPEC) == ["second"]


@pytest.mark.parametrize(
    ("start", "idle"), [((0, 0), []), ((2, 0), []), ((2, 6), []), ((3, 0), ["gen"]), ((2, 7), ["gen"])]
)
def test_a_phase_that_starts_after_the_last_batch_is_named(toy, start, idle):
    phases = toy().all_phases(SPEC)
    at = Progress(stage=0, epoch=0, step=0, epochs=3, steps_per_epoch=7)
    assert idle_phases(From(starts={"gen": start}), phases, at) == idle


def test_training_says_what_changes_nothing_and_what_never_runs(toy, fit, capfd):
    fit(toy(scheduler=From(starts={"gen": (2, 0)})), observers=[Remarks()])
    said = capfd.readouterr().err.splitlines()
    assert len(said) == 2
    assert said[0].startswith("aae: note: an epoch is 4 steps, at a batch of 8 from 32 samples; ")
    assert said[1].startswith("aae: note: never run in stage 'train' of 2 epochs: gen ")


@pytest.mark.parametrize("first", [(2, 0), (1, 4)])
def test_a_training_in_which_no_phase_ever_runs_is_refused_before_it_begins(toy, fit, first):
    watching = Watching()
    with pytest.raises(ConfigError, match=r"recipe.scheduler: runs none of rec, disc, gen in 2 epochs"):
        fit(toy(scheduler=From(starts=dict.fromkeys(("rec", "disc", "gen"), first))), observers=[watching])
    assert not watching.began


def test_a_first_stage_in_which_no_phase_ever_runs_is_refused_before_it_trains(toy, fit):
    @frozen(kw_only=True)
    class Short(Single):
        def stages(self, networks, phases, recipe):
            yield Stage("first", networks, phases, 1)
            yield Stage("second", networks, phases, 1)

    with pytest.raises(ConfigError, match=r"in 1 epoch, so nothing would be trained"):
        fit(toy(scheduler=From(starts=dict.fromkeys(("rec", "disc", "gen"), (1, 0))), stacking=Short()))


@pytest.mark.parametrize("planned", [None, ["rec"], "renamed", 3])
def test_a_scheduler_that_plans_no_phases_is_named(toy, fit, planned):
    @frozen
    class Odd(PhaseScheduler):
        def plan(self, phases, progress):
            return [evolve(phases[0], name="rec2")] if planned == "renamed" else planned

    with pytest.raises(PluginError, match="the scheduler Odd plans"):
        fit(toy(scheduler=Odd()))


def test_an_ordinary_training_says_nothing(toy, fit, capfd):
    fit(toy(batch=4), observers=[Remarks()])
    assert capfd.readouterr().err == ""
