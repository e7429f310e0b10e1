import hashlib
import subprocess
import sys

import pytest
import torch
from attrs import evolve, field, frozen
from torch import nn

from aaecore.adversary import Adversary
from aaecore.data import from_arrays
from aaecore.defaults.architectures import MLP
from aaecore.errors import ConfigError, DataError, DivergenceError
from aaecore.observer import Observer
from aaecore.optimizer import SGD, Adam
from aaecore.phase import Gate, Phase
from aaecore.posterior import GaussianPosterior
from aaecore.randomness import Draw
from aaecore.scheduler import PhaseScheduler
from aaecore.stacking import Stage
from aaecore.training.stepper import Stepper


class Recorder(Observer):
    """What was told, and the losses of every step."""

    def __init__(self):
        self.events, self.losses = [], []

    def train_begin(self, t):
        self.events.append("train_begin")

    def stage_begin(self, t):
        self.events.append("stage_begin")

    def step_end(self, t, losses):
        self.events.append(f"step {t.step}")
        self.losses.append(dict(losses))

    def epoch_end(self, t):
        self.events.append(f"epoch {t.progress.epoch}")

    def train_end(self, t):
        self.events.append("train_end")


@frozen(kw_only=True)
class Plan(PhaseScheduler):
    """The phases by these names."""

    names: tuple[str, ...] = field()

    def plan(self, phases, progress):
        return [next(p for p in phases if p.name == name) for name in self.names]


def state(model):
    return {f"{r}/{k}": v.clone() for r, n in model.networks.items() for k, v in n.state_dict().items()}


def changed(before, after):
    return {k.partition("/")[0] for k in before if not torch.equal(before[k], after[k])}


def digest(model):
    return hashlib.sha256(b"".join(v.numpy().tobytes() for v in state(model).values())).hexdigest()


def spying(recipe_class, role, spy):
    """The recipe with a term of value 0 in the phases of one role, which sees their batches."""

    class Spied(recipe_class):
        def own_phases(self, spec):
            def term(f):
                spy(f)
                return 0 * f.x.sum()

            return [p.extended(terms={"spy": term}) if p.role == role else p for p in super().own_phases(spec)]

    return Spied


# ---- what moves


@pytest.mark.parametrize("name", ["rec", "disc", "gen"])
@pytest.mark.parametrize("optimizer", [SGD(lr=0.1), SGD(lr=0.1, momentum=0.9), Adam(weight_decay=0.1)])
def test_a_phase_moves_its_networks_and_leaves_every_other_bit(toy, prepare, name, optimizer):
    training = prepare(toy(scheduler=Plan(names=(name,)), optimizer=optimizer, epochs=1))
    before = state(training.model)
    training.run()
    moves = {"rec": {"encoder", "decoder"}, "disc": {"code_discriminator"}, "gen": {"encoder"}}[name]
    assert changed(before, state(training.model)) == moves


def test_one_encoding_serves_discriminator_and_generator(toy, prepare):
    training, calls = prepare(toy(epochs=1)), []
    training.model.networks["encoder"].register_forward_hook(lambda m, i, o: calls.append(m.training))
    training.run()
    assert calls.count(True) == 2 * 4  # rec; disc with gen


def test_what_somebody_froze_inside_a_network_stays(toy, prepare):
    training = prepare(toy())
    encoder = training.model.networks["encoder"]
    encoder.blocks[1].requires_grad_(False)
    training = type(training)(training.model, training.data, training.accelerator)
    before = {k: v.clone() for k, v in encoder.state_dict().items()}
    training.run()
    assert {k for k, v in encoder.state_dict().items() if not torch.equal(v, before[k])} == {
        "heads.code.weight",
        "heads.code.bias",
    }
    assert not any(p.requires_grad for p in encoder.blocks[1].parameters())


def test_training_leaves_networks_as_trainable_as_they_were(toy, fit):
    assert all(p.requires_grad for n in fit(toy()).model.networks.values() for p in n.parameters())


def test_a_phase_with_nothing_to_move_is_refused(toy, prepare):
    training = prepare(toy())
    training.model.networks["encoder"].requires_grad_(False)
    with pytest.raises(
        ConfigError,
        match="'gen' has nothing to move: all parameters of encoder are frozen, or there are none; free some",
    ):
        type(training)(training.model, training.data, training.accelerator)


# ---- batches, noise, modes


def test_a_repeated_phase_sees_the_same_batch_and_fresh_noise(toy, fit):
    seen = []
    spied = spying(toy, "discriminator", lambda f: seen.append((f.x.clone(), f.z_prior.clone(), f.eta.clone())))
    fit(spied(scheduler=Plan(names=("disc", "disc")), posterior=GaussianPosterior(), epochs=1))
    (x, z, eta), (x2, z2, eta2) = seen[:2]
    assert torch.equal(x, x2)
    assert not torch.equal(z, z2)
    assert not torch.equal(eta, eta2)


def test_different_phases_share_their_noise_unless_one_redraws_it(toy, fit):
    drawn = {}

    def training(redraws):
        class Redrawing(toy):
            def own_phases(self, spec):
                def note(name):
                    return lambda f: drawn.setdefault(name, f.z_prior.clone()).sum() * 0

                rec, disc, gen = super().own_phases(spec)
                disc = disc.extended(terms={"note": note("disc")})
                return rec, disc, evolve(gen.extended(terms={"note": note("gen")}), redraws=redraws)

        drawn.clear()
        fit(Redrawing(epochs=1))
        return torch.equal(drawn["disc"], drawn["gen"])

    assert training(())
    assert not training(("z_prior",))


def test_a_gate_decides_batch_by_batch(toy, fit):
    class Gated(toy):
        def own_phases(self, spec):
            rec, disc, gen = super().own_phases(spec)
            return rec, disc, evolve(gen, gate=Gate(lambda f: torch.tensor(f._draw.key[1] % 2.0), bool))

    recorder = Recorder()
    fit(Gated(epochs=1), observers=[recorder])
    assert ["gen/L_G" in losses for losses in recorder.losses] == [False, True, False, True]


def test_a_gate_that_is_never_open_leaves_its_networks_alone(toy, prepare):
    training = prepare(toy())
    disc = evolve(training.recipe.all_phases(training.model.spec)[1], gate=Gate(lambda f: torch.tensor(0.0), bool))
    stepper = Stepper(Stage("s", training.model.networks, [disc], 1), training.accelerator)
    before = state(training.model)
    batch = next(training._loader.epoch(0))
    assert stepper.run([disc], training_forwards(training, batch)) == {}
    assert changed(before, state(training.model)) == set()


def training_forwards(training, batch):
    recipe, model = training.recipe, training.model
    return [recipe.forward(recipe, model.spec, model.networks, batch, Draw(0, 0))]


def test_networks_run_in_inference_mode_only_where_a_phase_says(toy, fit):
    modes = []

    class Evaluating(toy):
        def own_phases(self, spec):
            def note(f):
                modes.append((f.net.encoder.training, f.net.decoder.training))
                return 0 * f.x.sum()

            rec, disc, gen = super().own_phases(spec)
            noted = [p.extended(terms={"note": note}) for p in (rec, disc, gen)]
            return noted[0], evolve(noted[1], evaluates=("encoder",)), noted[2]

    model = fit(Evaluating(epochs=1)).model
    assert modes[:6] == [(True, True), (False, True), (True, True)] * 2
    assert not any(network.training for network in model.networks.values())


def test_statistics_of_an_evaluated_network_stay(toy, fit):
    class Evaluating(toy):
        def own_phases(self, spec):
            return [evolve(p, evaluates=("decoder",)) for p in super().own_phases(spec)]

    norm = (
        fit(Evaluating(architecture=MLP(hidden=(6,), batch_norm="autoencoder"))).model.networks["decoder"].blocks[0][1]
    )
    assert isinstance(norm, nn.BatchNorm1d)
    assert norm.num_batches_tracked == 0


def test_weights_of_terms_phases_and_losses_multiply_gradients_not_what_is_logged(toy, fit):
    class Weighted(toy):
        def own_phases(self, spec):
            return [p.weighted(3.0) for p in super().own_phases(spec)]

    plain, weighted = Recorder(), Recorder()
    fit(toy(epochs=1, optimizer=SGD(lr=0.3)), observers=[plain])
    fit(Weighted(epochs=1, optimizer=SGD(lr=0.1)), observers=[weighted])
    for a, b in zip(plain.losses, weighted.losses, strict=True):
        assert a == pytest.approx(b, rel=1e-4)


@pytest.mark.parametrize("accumulate", [2, 4])
@pytest.mark.parametrize("phase", ["rec", "disc", "gen"])
def test_micro_batches_add_up_to_the_batch(toy, fit, accumulate, phase):
    recipe = toy(
        posterior=GaussianPosterior(),
        input_noise=0.3,
        input_dropout=0.2,
        epochs=2,
        scheduler=Plan(names=(phase, phase)),
    )
    whole, cut = Recorder(), Recorder()
    a, b = fit(recipe, observers=[whole]).model, fit(recipe, accumulate=accumulate, observers=[cut]).model
    for one, other in zip(whole.losses, cut.losses, strict=True):
        assert one == pytest.approx(other, rel=1e-4)
    for key, value in state(a).items():
        assert torch.allclose(value, state(b)[key], atol=1e-5), key


def test_held_out_samples_are_never_trained_on(toy, fit, data):
    seen = []
    spied = spying(toy, "reconstruction", lambda f: seen.append(f.x.clone()))
    fit(spied(epochs=1))
    rows = {tuple(x.flatten().tolist()) for x in torch.cat(seen)}
    held = {tuple(x.flatten().tolist()) for x in data.heldout.x.take(range(len(data.heldout)))}
    train = {tuple(x.flatten().tolist()) for x in data.x.take(range(len(data)))}
    assert rows == train
    assert not rows & held


# ---- the same again


def test_the_same_seed_gives_the_same_bits_and_another_does_not(toy, fit):
    def run(seed):
        recorder = Recorder()
        torch.rand(1)  # the global generator has no say
        return digest(fit(toy(input_noise=0.1), seed=seed, observers=[recorder]).model), recorder.losses

    assert run(0) == run(0)
    assert run(0)[0] != run(1)[0]


SCRIPT = """
import sys, torch, aaecore
from aaecore.data import from_arrays
import numpy as np
torch.set_num_threads(1)
x = np.random.default_rng(0).random((40, 4, 4)).astype(np.float32)
model = aaecore.train(aaecore.compose("classic", architecture={"name": "mlp", "hidden": [6]}, batch=8, epochs=2,
                      posterior="gaussian"), x, device="cpu", quiet=True)
import hashlib
print(hashlib.sha256(b"".join(v.numpy().tobytes() for n in model.networks.values()
                              for v in n.state_dict().values())).hexdigest())
"""


def test_a_fresh_process_gives_the_same_bits():
    runs = [
        subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert runs[0] == runs[1] != ""


# ---- failing well


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_loss_that_is_no_number_stops_training_by_name(toy, prepare, value):
    class Diverging(toy):
        def own_phases(self, spec):
            rec, disc, gen = super().own_phases(spec)
            return rec, disc, gen.extended(terms={"L_odd": lambda f: f.z.sum() * value})

    recorder = Recorder()
    training = prepare(Diverging(), observers=[recorder])
    with pytest.raises(DivergenceError, match=r"'L_odd' of phase 'gen' became .* stage 'train', epoch 0, step 0"):
        training.run()
    assert recorder.events == ["train_begin", "stage_begin", "train_end"]


def test_a_batch_larger_than_the_data_is_refused_before_training(toy, prepare):
    with pytest.raises(DataError, match="a batch of 33 is larger than the 32"):
        prepare(toy(batch=33))


def test_micro_batches_of_unequal_size_are_refused(toy, prepare):
    with pytest.raises(DataError, match="batch=8 cannot be cut into 3"):
        prepare(toy(batch=8), accumulate=3)


def test_batch_normalisation_over_one_sample_is_refused(toy, prepare):
    recipe = toy(batch=8, architecture=MLP(hidden=(6,), batch_norm="encoder"))
    with pytest.raises(ConfigError, match=r"recipe.batch: the encoder normalises over the batch, .*; make it larger"):
        prepare(recipe, accumulate=8)
    prepare(toy(batch=8), accumulate=8)


def test_observers_are_told_in_order(toy, fit):
    recorder = Recorder()
    fit(toy(batch=16, epochs=2), observers=[recorder])
    steps = ["step 1", "step 2", "epoch 0", "step 3", "step 4", "epoch 1"]
    assert recorder.events == ["train_begin", "stage_begin", *steps, "train_end"]


@pytest.mark.parametrize(
    ("how", "expected"),
    [({"milestones": (1, 3)}, [1e-3, 1e-4, 1e-4, 1e-5]), ({"final": 2e-4}, [1e-3, 8e-4, 6e-4, 4e-4])],
)
def test_a_learning_rate_follows_its_milestones_or_its_annealing(toy, fit, how, expected):
    rates = []

    class Watch(Observer):
        def step_end(self, t, losses):
            rates.append(t._stepper.optimizers["rec"].param_groups[0]["lr"])

    fit(toy(batch=32, epochs=4, optimizer=SGD(lr=1e-3, **how)), observers=[Watch()])
    assert rates == pytest.approx(expected)


# ---- precision


def test_bf16_learns_what_fp32_learns_and_keeps_its_weights_in_fp32(toy, fit):
    figures = {}
    for precision in ("fp32", "bf16"):
        recorder = Recorder()
        recipe = toy(architecture=MLP(hidden=(32, 32)), epochs=5, optimizer=Adam())
        model = fit(recipe, precision=precision, observers=[recorder]).model
        assert {v.dtype for v in state(model).values()} == {torch.float32}
        figures[precision] = recorder.losses
    assert figures["bf16"] != figures["fp32"]
    for a, b in zip(figures["fp32"], figures["bf16"], strict=True):
        assert a == pytest.approx(b, rel=0.03)


# ---- a scheduler's and a game's freedom


def test_a_discriminator_may_stand_against_several_fakes(toy, fit):
    class Two(toy):
        def own_phases(self, spec):
            game = Adversary("code_discriminator", real="z_prior", fakes=("z", "mu"), loss=self.adversarial)
            return [
                Phase("rec", "reconstruction", ("encoder", "decoder"), {"L": self.reconstruction}, self.optimizer),
                Phase("disc", "discriminator", ("code_discriminator",), {"L_D": game.discriminate}, self.optimizer),
                Phase("gen", "generator", ("encoder",), {"L_G": game.deceive}, self.optimizer),
            ]

    recorder = Recorder()
    fit(Two(epochs=1), observers=[recorder])
    assert recorder.losses[0]["disc/L_D"] == pytest.approx(3 * 0.693, rel=0.1)


def test_targets_are_what_is_reconstructed(toy, fit, images):
    x, _ = images
    paired = from_arrays(x, target=1 - x, heldout=0.2)
    seen = []
    spied = spying(toy, "reconstruction", lambda f: seen.append(torch.allclose(f.target, 1 - f.x)))
    fit(spied(epochs=1), paired)
    assert all(seen)
