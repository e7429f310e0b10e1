"""Phases that step by another phase's optimizer."""

from collections.abc import Sequence

import pytest
import torch
from attrs import evolve, field, frozen

from aaecore.defaults.losses import MeanSquaredError
from aaecore.errors import ConfigError
from aaecore.optimizer import Adam, Optimizer
from aaecore.phase import Phase
from aaecore.spec import Spec

SPEC = Spec((1, 4, 4))


@pytest.fixture
def polished(toy):
    """The toy recipe with a last step of the decoder, by an optimizer of its own or another phase's."""

    @frozen(kw_only=True)
    class Polished(toy):
        optimizer: Optimizer = Adam(lr=0.01, milestones=(1,))
        owner: str | None = None
        moves: tuple[str, ...] = ("decoder",)
        later: Sequence[Phase] = field(default=())

        def own_phases(self, spec: Spec) -> Sequence[Phase]:
            terms = {"L": MeanSquaredError()}
            last = Phase("polish", "reconstruction", self.moves, terms, Adam(lr=9.0), optimizer_of=self.owner)
            return (*super().own_phases(spec), last, *self.later)

    return Polished


def steps(training, phase, role):
    parameter = next(training.model.networks[role].parameters())
    return int(training._stepper.optimizers[phase].state[parameter]["step"])


def test_a_shared_optimizer_counts_the_steps_of_both_phases_and_keeps_its_own_rate(polished, fit):
    training = fit(polished(owner="rec"))
    batches = training.step
    assert steps(training, "rec", "decoder") == 2 * batches
    assert steps(training, "rec", "encoder") == batches
    assert training._stepper.optimizers["polish"].param_groups[0]["lr"] == pytest.approx(0.001)


def test_without_sharing_each_phase_counts_its_own(polished, fit):
    training = fit(polished())
    assert steps(training, "rec", "decoder") == steps(training, "polish", "decoder") == training.step


@pytest.mark.parametrize("left_out", [(), ("one",)])
def test_phases_that_redraw_together_share_what_the_first_of_them_drew(toy, fit, left_out):
    seen = {}

    def looks(name):
        def term(f):
            seen.setdefault(name, []).append(f.z_prior.clone())
            return f.x_rec.mean()

        return term

    class Together(toy):
        def own_phases(self, spec):
            two = ("one", "two")
            made = [
                Phase(n, "prior", ("decoder",), {"L": looks(n)}, Adam(), redraws=("z_prior",), redraws_with=two)
                for n in two
                if n not in left_out
            ]
            first = Phase("zero", "reconstruction", ("decoder",), {"L": looks("zero")}, Adam())
            return (*super().own_phases(spec), first, *made)

    fit(Together(epochs=1))
    for zero, *others in zip(*seen.values(), strict=True):
        assert all(torch.equal(others[0], other) for other in others)
        assert not torch.equal(zero, others[0])


def test_the_optimizer_of_a_phase_that_does_not_exist_is_refused(polished):
    with pytest.raises(ConfigError, match="'polish' shares the optimizer of no phase that has one"):
        polished(owner="rex").build(SPEC)


def test_an_optimizer_that_does_not_know_what_a_phase_moves_is_refused(polished):
    with pytest.raises(ConfigError, match="'polish' moves 'decoder', which the optimizer of 'gen' does not"):
        polished(owner="gen").build(SPEC)


def test_who_shares_an_optimizer_has_none_to_share(polished):
    first = polished(owner="rec")
    chained = evolve(first.own_phases(SPEC)[-1], name="again", optimizer_of="polish")
    with pytest.raises(ConfigError, match="'again' shares the optimizer of no phase that has one"):
        evolve(first, later=(chained,)).build(SPEC)
