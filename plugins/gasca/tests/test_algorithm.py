"""Algorithm 1, stage by stage: what moves, what does not, and what the strategies share (checks 2, 3, 7-10)."""

from copy import deepcopy

import pytest
import torch
from attrs import asdict, evolve
from gasca import Gasca, GradualGreedy, Greedy, StackedNetworks
from gasca.curve import Curve
from gasca.drawing import draw_curves
from gasca.levels import levels_of
from gasca.stacks import Tower
from gasca.study import strategies

from aaecore import train
from aaecore.defaults.stackings import Single
from aaecore.modes import inference
from aaecore.observer import Observer
from aaecore.optimizer import Adam

D = "image_discriminator"


def of(roles, tensors):
    return {name for name in tensors if name.partition("/")[0] in roles}


@pytest.fixture(scope="module")
def gradual(tiny, watch, turned):
    return watch(tiny(), turned)


@pytest.fixture(scope="module")
def greedy(tiny, watch, turned):
    return watch(tiny(stacking=Greedy()), turned)


def test_every_level_but_the_first_is_followed_by_both_fine_tunings(gradual):
    k2, k3 = (["level-" + k, "finetune-" + k, "realign-" + k] for k in "23")
    assert list(gradual.stages) == ["level-1", *k2, *k3]


def test_greedy_training_fine_tunes_once_at_the_end(greedy):
    assert list(greedy.stages) == ["level-1", "level-2", "level-3", "finetune-3", "realign-3"]


@pytest.mark.parametrize(
    ("stage", "wanted"),
    [
        ("level-1", {"encoder/blocks.0", "decoder/blocks.2", f"{D}/blocks.0", "level_heads/0"}),
        ("level-2", {"encoder/blocks.1", "decoder/blocks.1", f"{D}/blocks.1", "level_heads/1"}),
        ("level-3", {"encoder/heads", "decoder/blocks.0", f"{D}/blocks.2", f"{D}/head"}),
    ],
)
def test_a_level_moves_all_of_itself_and_nothing_below(gradual, stage, wanted):
    parts = {".".join(name.split(".")[:2]).removesuffix(".score") for name in gradual.moved(stage)}
    parts = {p if p.startswith(("encoder/b", "decoder", f"{D}/b")) else p.split(".")[0] for p in parts}
    assert parts == wanted


@pytest.mark.parametrize("k", [2, 3])
def test_fine_tuning_moves_every_tensor_of_the_stack_and_none_of_the_discriminator(gradual, k):
    inside = {f"{r}/{n}" for r in ("encoder", "decoder") for n in gradual.stages[f"finetune-{k}"].stack[r].state_dict()}
    moved = gradual.moved(f"finetune-{k}")
    assert len(moved) == len(inside)
    assert not of([D, "level_heads"], moved)


def test_fine_tuning_by_reconstruction_has_no_adversarial_term(gradual):
    for k in (2, 3):
        assert {name for name in gradual.losses if name.startswith(f"finetune-{k}")} == {f"finetune-{k}/gen/L_rec"}


@pytest.mark.parametrize("k", [2, 3])
def test_the_discriminator_grows_by_appending_unless_told_otherwise(gradual, k):
    levels = {2: {f"{D}/blocks.0", f"{D}/blocks.1", "level_heads/1.score"}}
    levels[3] = {f"{D}/blocks.0", f"{D}/blocks.1", f"{D}/blocks.2", f"{D}/head"}
    moved = gradual.moved(f"realign-{k}")
    assert {next(p for p in levels[k] if name.startswith(p)) for name in moved} == levels[k]


@pytest.mark.parametrize("k", [2, 3])
def test_realigning_moves_every_tensor_of_the_discriminator_and_nothing_else(gradual, k):
    moved = gradual.moved(f"realign-{k}")
    assert len(moved) == len(gradual.stages[f"realign-{k}"].stack[D].state_dict())
    assert not of(["encoder", "decoder"], moved)


def test_features_of_frozen_levels_have_no_graph(stages, tiny, turned):
    below = stages(tiny(), turned)["level-3"].inputs
    batch = below({"x": turned.x.take(range(4)), "target": turned.target.take(range(4)), "y": torch.zeros(4)})
    assert not batch["x"].requires_grad
    assert not batch["target"].requires_grad
    assert batch["x"].shape == batch["target"].shape == (4, 6, 2, 2)
    assert batch["y"].shape == (4,)


def encoded(encoder, x, k):
    """xi_k, block by block."""
    with torch.no_grad():
        for block in encoder.blocks[:k]:
            x = block(x)
    return x


@pytest.mark.parametrize("k", [2, 3])
def test_a_level_regresses_the_features_of_the_input_to_those_of_the_target(untrained, tiny, turned, k):
    recipe = tiny()
    model = untrained(recipe, turned)
    found = recipe.stacking.stages(model.networks, recipe.all_phases(model.spec), recipe)
    below = next(stage for stage in found if stage.name == f"level-{k}").inputs
    x, target = turned.x.take(range(4)), turned.target.take(range(4))
    batch = below({"x": x, "target": target})
    assert torch.equal(batch["x"], encoded(model.networks["encoder"], x, k - 1))
    assert torch.equal(batch["target"], encoded(model.networks["encoder"], target, k - 1))
    assert not torch.equal(batch["x"], batch["target"])


class Shown(Observer):
    """What the discriminator of each stage was shown in its steps, and the encoder at its beginning."""

    def __init__(self):
        self.seen, self.encoders, self._handle = {}, {}, None

    def stage_begin(self, t):
        seen = self.seen.setdefault(t.stage.name, [])
        self.encoders[t.stage.name] = deepcopy(t.model.networks["encoder"])
        if self._handle:
            self._handle.remove()
        self._handle = t.stage.networks[D].register_forward_pre_hook(lambda _, given: seen.append(given[0].detach()))


@pytest.mark.parametrize("k", [1, 2, 3])
def test_the_discriminator_of_a_level_is_shown_features_of_targets_and_never_of_inputs(tiny, turned, k):
    shown = Shown()
    one_batch = tiny(batch=128, stacking=GradualGreedy(level_epochs=1, finetune_epochs=0))
    train(one_batch, turned, quiet=True, device="cpu", observers=[shown])
    encoder, seen = shown.encoders[f"level-{k}"], torch.cat(shown.seen[f"level-{k}"][:2])
    inputs, targets = (encoded(encoder, v.take(range(128)), k - 1) for v in (turned.x, turned.target))

    def among(row):
        return (seen - row).abs().flatten(1).amax(1).min().item() < 1e-5

    assert all(among(row) for row in targets[:8])
    assert not any(among(row) for row in inputs[:8])


@pytest.mark.parametrize("k", [2, 3])
def test_the_realigned_discriminator_is_shown_targets_and_reconstructions_and_never_inputs(tiny, turned, k):
    shown = Shown()
    train(tiny(batch=128), turned, quiet=True, device="cpu", observers=[shown])
    seen = torch.cat(shown.seen[f"realign-{k}"][:2])
    assert all((seen - row).abs().flatten(1).amax(1).min() < 1e-5 for row in turned.target.take(range(8)))
    assert not any((seen - row).abs().flatten(1).amax(1).min() < 1e-5 for row in turned.x.take(range(8)))


NORMALISED = StackedNetworks(channels=(4, 6), discriminator_hidden=8, batch_norm=True)


@pytest.mark.parametrize("d_stack", ["append", "replace"])
@pytest.mark.parametrize("finetune", ["reconstruction", "adversarial", "all"])
def test_batch_statistics_move_with_the_weights_beside_them_and_never_else(tiny, watch, turned, d_stack, finetune):
    stacking = GradualGreedy(d_stack=d_stack, finetune=finetune)
    found = watch(tiny(architecture=NORMALISED, stacking=stacking), turned)
    for stage in found.stages:
        moved = found.moved(stage)
        norms = {n.rpartition(".")[0] for n in found.before[stage] if n.endswith("running_mean")}
        still = {n for n in norms if f"{n}.weight" not in moved}
        assert not {n for n in moved if n.rpartition(".")[0] in still}, stage
        assert {f"{n}.running_mean" for n in norms - still} <= moved


def test_a_fine_tuning_may_have_a_lower_rate(tiny, stages, turned):
    moves = Adam(lr=0.3, final=0.1)
    found = stages(tiny(generator_optimizer=moves, stacking=GradualGreedy(finetune_rate=0.5)), turned)
    rates = {
        name: next(p.optimizer for p in s.phases if p.name == "gen") for name, s in found.items() if "re" not in name
    }
    assert rates["level-3"] == moves
    assert rates["finetune-3"] == Adam(lr=0.15, final=0.05)


def test_every_stage_has_fresh_optimizers(tiny, turned):
    """The second stage's first step of Adam is of the learning rate, as only a first step is."""
    steps = {}

    class First(Observer):
        def stage_begin(self, t):
            self.before = {n: w.detach().clone() for n, w in t.stage.networks["decoder"].named_parameters()}
            self.seen = False

        def step_end(self, t, losses):
            if not self.seen:
                after = dict(t.stage.networks["decoder"].named_parameters())
                steps[t.stage.name] = max((after[n] - w).abs().max().item() for n, w in self.before.items())
                self.seen = True

    train(tiny(generator_optimizer=Adam(lr=0.01)), turned, quiet=True, device="cpu", observers=[First()])
    for k in (2, 3):
        assert steps[f"finetune-{k}"] == pytest.approx(0.01, rel=1e-2)


def test_errors_are_of_the_whole_stack_against_the_targets(tiny, turned):
    found = {}

    class ByHand(Observer):
        def epoch_end(self, t):
            if t.stage.name == "level-2":
                x, target = (v.take(range(len(v))) for v in (turned.heldout.x, turned.heldout.target))
                encoder, decoder, heads = (t.model.networks[r] for r in ("encoder", "decoder", "level_heads"))
                with inference(t.model.networks.values()), torch.no_grad():
                    code = heads[1].heads["code"](encoded(encoder, x, 2))
                    made = decoder.blocks[2](decoder.blocks[1](heads[1].uncode(code)))
                found["mse"] = (made - target).square().mean().item()

    curve = Curve()
    train(tiny(), turned, quiet=True, device="cpu", observers=[ByHand(), curve])
    point = next(p for p in curve.points if p.stage == "level-2" and not p.begins)
    assert point.mse == pytest.approx(found["mse"], rel=1e-4)


def test_what_is_shown_and_measured_in_a_stage_is_its_stack(tiny, turned):
    depths = {}

    class Look(Observer):
        def stage_begin(self, t):
            depths[t.stage.name] = len(t.running.networks["encoder"].blocks)
            assert t.running.reconstruct(turned.x.take(range(2))).shape == (2, 1, 8, 8)

    train(tiny(), turned, quiet=True, device="cpu", observers=[Look()])
    assert [depths[name] for name in ("level-1", "level-2", "finetune-2", "level-3")] == [1, 2, 2, 2]


def test_frozen_levels_keep_their_batch_statistics(stages, tiny, turned):
    blocks = stages(tiny(), turned)["level-3"].inputs.xi
    blocks[0].append(norm := torch.nn.BatchNorm2d(4))
    below = stages(tiny(), turned)["level-3"].inputs
    below = evolve(below, xi=blocks)
    norm.train()
    below({"x": turned.x.take(range(4))})
    assert norm.running_mean.eq(0).all()


def test_gradual_and_greedy_are_one_until_the_first_fine_tuning(gradual, greedy):
    for stage in ("level-1", "level-2"):
        for name, tensor in gradual.after[stage].items():
            assert torch.equal(tensor, greedy.after[stage][name]), name
    last = [run.after["level-3"]["decoder/blocks.0.0.weight"] for run in (gradual, greedy)]
    assert not torch.equal(*last)


def test_with_one_level_all_three_strategies_are_the_same(tiny, watch, turned):
    one = tiny(architecture=StackedNetworks(channels=(4,), discriminator_hidden=0), code=0, epochs=2)
    strategies = [Single(), GradualGreedy(), Greedy(level_epochs=2, finetune_epochs=0)]
    runs = [watch(evolve(one, stacking=s), turned) for s in strategies]
    finals = [list(run.after.values())[-1] for run in runs]
    assert [len(run.stages) for run in runs] == [1, 1, 1]
    for name, tensor in finals[0].items():
        assert all(torch.equal(tensor, other[name]) for other in finals[1:]), name


@pytest.mark.parametrize("stacking", [GradualGreedy(), Greedy(), Single()])
def test_strategies_with_equal_epochs_take_equal_steps(tiny, turned, stacking):
    curve = Curve()
    recipe = tiny(stacking=stacking, epochs=5)
    import aaecore

    aaecore.train(recipe, turned, quiet=True, device="cpu", observers=[curve])
    assert curve.steps_of_autoencoder == 5 * 4 == sum(s["encoder"] for s in curve.steps.values())
    assert curve.points[-1].steps == 20


def test_the_ledger_counts_every_step_of_every_network(tiny, turned):
    import aaecore

    curve = Curve()
    aaecore.train(tiny(), turned, quiet=True, device="cpu", observers=[curve])
    assert {stage: dict(steps) for stage, steps in curve.steps.items()} == {
        **{f"level-{k}": {D: 4, "encoder": 4, "decoder": 4} for k in (1, 2, 3)},
        **{f"finetune-{k}": {"encoder": 4, "decoder": 4} for k in (2, 3)},
        **{f"realign-{k}": {D: 4} for k in (2, 3)},
    }


def test_fine_tuning_lowers_the_error_of_every_stack(tiny, watch, digits):
    found = watch(tiny(epochs=40), digits)
    for k in (2, 3):
        losses = found.losses[f"finetune-{k}/gen/L_rec"]
        assert sum(losses[-4:]) < sum(losses[:4])


def test_fine_tuning_against_the_adversary_leaves_it_where_it_stands(tiny, watch, turned):
    found = watch(tiny(stacking=GradualGreedy(finetune="adversarial")), turned)
    assert list(found.stages)[2:] == ["finetune-2", "realign-2", "level-3", "finetune-3", "realign-3"]
    assert "finetune-3/gen/L_adv" in found.losses
    assert not of([D, "level_heads"], found.moved("finetune-2") | found.moved("finetune-3"))
    assert {name.partition("/")[0] for name in found.moved("finetune-3")} == {"encoder", "decoder"}


def test_the_adversary_pulls_at_the_fine_tuned_autoencoder(tiny, watch, turned):
    stackings = [GradualGreedy(finetune=f) for f in ("reconstruction", "adversarial")]
    alone, against = (watch(tiny(stacking=s), turned).after["finetune-2"] for s in stackings)
    assert any(not torch.equal(alone[name], against[name]) for name in of(["encoder", "decoder"], alone))


def test_fine_tuning_by_all_phases_moves_the_adversary_too(tiny, watch, turned):
    found = watch(tiny(stacking=GradualGreedy(finetune="all")), turned)
    assert list(found.stages) == ["level-1", "level-2", "finetune-2", "level-3", "finetune-3"]
    assert of([D], found.moved("finetune-3"))
    assert "finetune-3/gen/L_adv" in found.losses


class Modes(Observer):
    """Whether each network of a stage ran in training mode, at its steps' ends."""

    def __init__(self):
        self.found = {}

    def step_end(self, t, losses):
        for role, network in t.stage.networks.items():
            self.found.setdefault((t.stage.name, role), set()).add(network.training)


def test_what_a_stage_does_not_move_runs_in_inference_mode(tiny, turned):
    modes = Modes()
    train(tiny(stacking=GradualGreedy(finetune="adversarial")), turned, quiet=True, device="cpu", observers=[modes])
    for k in (2, 3):
        assert [modes.found[f"realign-{k}", role] for role in ("encoder", "decoder", D)] == [{False}, {False}, {True}]
        assert [modes.found[f"finetune-{k}", role] for role in ("encoder", "decoder", D)] == [{True}, {True}, {False}]


def test_looking_at_a_model_leaves_every_layer_in_its_mode(tiny, turned):
    """A stage's stack and the full networks share blocks, and either may be looked at meanwhile."""
    modes = set()

    class Look(Observer):
        def step_end(self, t, losses):
            if t.stage.name == "realign-2":
                t.model.reconstruct(turned.x.take(range(2)))
                modes.update(m.training for m in t.stage.networks["encoder"].modules())

    train(tiny(stacking=GradualGreedy(discriminator_epochs=2)), turned, quiet=True, device="cpu", observers=[Look()])
    assert modes == {False}


@pytest.mark.parametrize("k", [2, 3])
def test_a_fresh_discriminator_starts_from_its_first_weights(tiny, watch, turned, k):
    found = watch(tiny(stacking=GradualGreedy(d_stack="fresh")), turned)
    first, start = found.before["level-1"], found.before[f"finetune-{k}"]
    scores = {name for name in first if name.startswith("level_heads") and ".score." in name}
    assert scores & found.moved("level-2")
    assert all(torch.equal(first[name], start[name]) for name in of([D], first) | scores)
    assert (of([D], first) | scores) & found.moved(f"realign-{k}")


def test_a_replacing_discriminator_stands_on_the_encoder_and_leaves_it_alone(tiny, watch, turned):
    found = watch(tiny(stacking=GradualGreedy(d_stack="replace")), turned)
    moved = found.moved("realign-3")
    assert moved
    assert all(name.startswith((f"{D}/blocks.2", f"{D}/head")) for name in moved)


def test_through_a_replacing_discriminator_gradients_reach_the_image_and_not_the_encoder(untrained, tiny, turned):
    model = untrained(tiny(), turned)
    tower = Tower(model.networks, levels_of(model.networks, shapes_codes=False))
    x = turned.x.take(range(2)).requires_grad_()
    tower.stack(3, "replace")[D](x).sum().backward()
    assert x.grad.any()
    assert all(p.grad is None for p in model.networks["encoder"].parameters())


def test_judging_by_a_replacing_discriminator_leaves_the_encoders_batch_statistics(untrained, tiny, turned):
    model = untrained(tiny(architecture=NORMALISED), turned)
    tower = Tower(model.networks, levels_of(model.networks, shapes_codes=False))
    model.networks["encoder"].train()
    before = deepcopy(model.networks["encoder"].state_dict())
    assert any(name.endswith("running_mean") for name in before)
    tower.stack(3, "replace")[D](turned.x.take(range(4)))
    after = model.networks["encoder"].state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("epochs", [5, 6, 7, 9, 11])
@pytest.mark.parametrize("stacking", [GradualGreedy(discriminator_epochs=0), Greedy(discriminator_epochs=0)])
def test_no_epoch_of_the_budget_is_lost(tiny, stages, turned, stacking, epochs):
    found = stages(tiny(stacking=stacking, epochs=epochs), turned)
    assert sum(stage.epochs for stage in found.values()) == epochs


@pytest.mark.parametrize("epochs", [5, 9, 11, 14])
def test_a_levels_share_is_the_same_for_every_strategy_and_the_last_fine_tuning_has_the_rest(
    tiny, stages, turned, epochs
):
    found = [
        {name: s.epochs for name, s in stages(tiny(stacking=stacking, epochs=epochs), turned).items()}
        for stacking in (GradualGreedy(discriminator_epochs=0), Greedy(discriminator_epochs=0))
    ]
    level = epochs // 5
    assert all(f[f"level-{k}"] == level for f in found for k in (1, 2, 3))
    assert found[0]["finetune-2"] == (epochs - 3 * level) // 2
    assert found[0]["finetune-3"] == epochs - 3 * level - found[0]["finetune-2"]
    assert found[1]["finetune-3"] == epochs - 3 * level


@pytest.mark.parametrize("epochs", [1, 4])
@pytest.mark.parametrize("stacking", [Single(), GradualGreedy(), Greedy()])
def test_one_level_is_never_fine_tuned(tiny, stages, turned, stacking, epochs):
    one = tiny(architecture=StackedNetworks(channels=(4,), discriminator_hidden=0), code=0, epochs=epochs)
    assert [s.epochs for s in stages(evolve(one, stacking=stacking), turned).values()] == [epochs]


@pytest.mark.parametrize("epochs", [7, 10, 16])
def test_the_last_fine_tunings_that_are_compared_are_equally_long(untrained, turned, epochs):
    last = set()
    for name in ("gangglw", "glw, same last T"):
        recipe = strategies(epochs, Gasca(batch=32))[name]
        model = untrained(recipe, turned)
        found = recipe.stacking.stages(model.networks, recipe.all_phases(model.spec), recipe)
        last.add({stage.name: stage.epochs for stage in found}["finetune-4"])
    assert len(last) == 1


def test_a_discriminator_can_be_realigned_without_fine_tuning(tiny, stages, turned):
    found = stages(tiny(stacking=GradualGreedy(finetune_epochs=0, discriminator_epochs=3)), turned)
    assert list(found) == ["level-1", "level-2", "realign-2", "level-3", "realign-3"]


def test_budgets_can_be_set_for_each_kind_of_stage(tiny, stages, turned):
    stacking = GradualGreedy(level_epochs=3, finetune_epochs=2, discriminator_epochs=1)
    found = stages(tiny(stacking=stacking), turned)
    assert {name: s.epochs for name, s in found.items() if name[-1] != "3"} == {
        "level-1": 3,
        "level-2": 3,
        "finetune-2": 2,
        "realign-2": 1,
    }


@pytest.mark.parametrize("k", [1, 2, 3])
def test_levels_can_reconstruct_the_inputs_own_features(tiny, stages, turned, k):
    found = stages(tiny(stacking=GradualGreedy(stage_target="input")), turned)
    batch = {"x": turned.x.take(range(4)), "target": turned.target.take(range(4))}
    assert "target" not in found[f"level-{k}"].inputs(batch)
    assert k == 1 or found[f"finetune-{k}"].inputs is None


def test_levels_and_fine_tunings_have_patience_and_realigning_has_none(tiny, stages, turned):
    found = stages(tiny(stacking=GradualGreedy(patience=4)), turned)
    assert {name: stage.patience for name, stage in found.items() if not name.startswith("realign")} == dict.fromkeys(
        ("level-1", "level-2", "finetune-2", "level-3", "finetune-3"), 4
    )
    assert found["realign-2"].patience is found["realign-3"].patience is None


def test_a_stage_that_no_longer_improves_gives_way_to_the_next(tiny, turned):
    still = Adam(lr=1e-30)
    stacking = GradualGreedy(level_epochs=9, finetune_epochs=9, discriminator_epochs=0, patience=1)
    curve = Curve()
    train(tiny(stacking=stacking, generator_optimizer=still), turned, quiet=True, device="cpu", observers=[curve])
    assert {name: steps["decoder"] for name, steps in curve.steps.items()} == dict.fromkeys(
        ("level-1", "level-2", "finetune-2", "level-3", "finetune-3"), 2 * 4
    )


def test_the_study_draws_its_curves(tmp_path, tiny, turned):
    curve = Curve()
    train(tiny(), turned, quiet=True, device="cpu", observers=[curve])
    found = [{"strategy": name, "points": [asdict(p) for p in curve.points]} for name in ("gangglw", "joint")]
    draw_curves(found, tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
