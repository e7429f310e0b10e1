import io
import re
from types import SimpleNamespace

import pytest
from rich.console import Console

from aaecore.phase import Progress
from aaecore.progress.display import ProgressDisplay
from aaecore.progress.pace import Pace
from aaecore.progress.words import duration, figures, short_names, thousands

LOSSES = {"reconstruction/mse": 0.5, "discriminator/bce": 1.386, "generator/bce": 0.693}


def stage(name, epochs, losses=LOSSES):
    terms = {n.split("/")[1]: SimpleNamespace(weight=1.0) for n in losses}
    phases = [SimpleNamespace(name=p, terms=terms) for p in {n.split("/")[0] for n in losses}]
    return SimpleNamespace(name=name, epochs=epochs, phases=phases)


def train(display, *, epochs=20, per_epoch=7, stages=("all",), first=0, losses=LOSSES):
    t = SimpleNamespace(batch=100, stage_index=0)
    display.train_begin(t)
    for t.stage_index, name in enumerate(stages):
        t.stage = stage(name, epochs)
        t.progress = Progress(t.stage_index, first // per_epoch, first, epochs, per_epoch)
        display.stage_begin(t)
        for step in range(first, epochs * per_epoch):
            t.progress = Progress(t.stage_index, step // per_epoch, step, epochs, per_epoch)
            display.step_end(t, losses)
        display.epoch_end(t)
    display.train_end(t)


def shown(*, live, width=100, **how):
    out = io.StringIO()
    console = Console(file=out, force_terminal=live, width=width)
    train(ProgressDisplay(console=console, live=live), **how)
    return out.getvalue()


def test_a_log_gets_ten_plain_lines():
    lines = shown(live=False).splitlines()
    assert len(lines) == 10
    assert lines[0].startswith("all  epoch  2/20   10%  recon  0.5000  discr  1.3860  gener  0.6930")
    assert all(" images/s  " in line for line in lines)
    assert lines[0].endswith("left")
    assert "100%" in lines[-1]
    assert "done in" in lines[-1]


def test_a_short_training_gets_a_line_per_epoch():
    lines = shown(live=False, epochs=3).splitlines()
    assert [re.search(r"epoch (\d)", line)[1] for line in lines] == ["1", "2", "3"]


@pytest.mark.parametrize("stages", [2, 5, 12])
def test_a_log_stays_short_over_many_stages(stages):
    lines = shown(live=False, stages=[f"stage{i}" for i in range(stages)]).splitlines()
    assert len(lines) <= 20 + stages
    assert sum("done in" in line for line in lines) == stages


def test_a_log_has_no_control_characters():
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", shown(live=False))


def test_a_log_is_no_terminal_even_where_colour_is_forced(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    out = io.StringIO()
    train(ProgressDisplay(console=Console(file=out)))
    assert out.getvalue()
    assert "\x1b" not in out.getvalue()


def test_long_lines_are_not_broken():
    assert len(shown(live=False, width=40, epochs=3).splitlines()) == 3


def test_nothing_is_shown_when_quiet(capfd):
    train(ProgressDisplay(quiet=True))
    assert capfd.readouterr() == ("", "")


def test_progress_keeps_off_standard_output(capsys):
    train(ProgressDisplay())
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "100%" in captured.err


def test_a_slow_training_shows_an_early_sign_of_life(monkeypatch):
    clock = iter(range(0, 10_000, 6))
    monkeypatch.setattr("aaecore.progress.display.perf_counter", lambda: next(clock))
    first = shown(live=False, epochs=100, per_epoch=1).splitlines()[0]
    assert "epoch   3/100    3%" in first
    assert "9:42 left" in first


def test_a_terminal_shows_a_bar_and_gets_its_cursor_back():
    text = shown(live=True)
    assert "100%" in text
    assert "done in" in text
    assert text.rstrip().endswith("\x1b[?25h")


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_live_display_fits_the_terminal(width):
    names = [f"{name}_{side}" for name in ("code", "label", "image") for side in ("generator", "critic")]
    losses = {f"{name}/x": 1.0 for name in names}
    plain = re.sub(r"\x1b\[[?\d;]*[A-Za-z]", "", shown(live=True, width=width, losses=losses))
    assert all(len(line.strip("\r")) <= width for line in plain.splitlines())
    assert plain.count("code.gene") >= 1


def test_an_interrupted_training_gives_the_terminal_back():
    out = io.StringIO()
    display = ProgressDisplay(console=Console(file=out, force_terminal=True), live=True)
    t = SimpleNamespace(batch=1, stage_index=0, stage=stage("all", 2), progress=Progress(0, 0, 0, 2, 2))
    display.stage_begin(t)
    display.step_end(t, {})
    display.train_end(t)
    display.train_end(t)
    assert out.getvalue().rstrip().endswith("\x1b[?25h")


def test_a_training_that_never_began_can_end():
    ProgressDisplay().train_end(SimpleNamespace())


def test_a_resumed_stage_goes_on_where_it_was():
    lines = shown(live=False, first=70).splitlines()
    assert lines[0].startswith("all  epoch 12/20   60%")
    assert "100%" in lines[-1]


def test_a_phase_shows_what_it_minimises():
    pace = Pace(10, 0, {"a/x": 2.0, "a/y": 0.5})
    pace.add({"a/x": 1.0, "a/y": 4.0, "b/z": 3.0}, 0.0)
    pace.look(0.0, keep=0.5)
    assert pace.losses() == {"a": 4.0, "b": 3.0}


def test_losses_are_averaged_over_the_steps_that_had_them():
    pace = Pace(10, 0, {})
    for i in range(4):
        pace.add({"a/x": float(i)} | ({"b/x": 5.0} if i == 0 else {}), float(i))
    pace.look(3.0, keep=0.0)
    assert pace.losses() == {"a": 1.5, "b": 5.0}


def test_time_left_does_not_charge_the_first_step():
    pace = Pace(101, 0, {})
    for i in range(11):
        pace.add({}, 1000.0 + 2 * i)
    pace.look(1020.0, keep=0.7)
    assert pace.left(1020.0) == pytest.approx(180)
    assert pace.speed == pytest.approx(0.5)


@pytest.mark.parametrize("value", [0.0, 1.5, -1.5, 99.99, -123.456, 5e-7, -5e-7, 123456.0, -1e12, 1e300])
def test_every_loss_is_written_as_wide(value):
    assert len(figures(value)) <= 7 + (abs(value) > 1e99)


def test_durations_and_counts_read_well():
    assert [duration(s) for s in (None, 7, 750, 11100)] == ["-:--", "0:07", "12:30", "3:05:00"]
    assert duration(90061) == "1d 1:01:01"
    assert [thousands(n) for n in (0.5, 950, 15_230, 3.1e6)] == ["0.5", "950", "15.2k", "3.1M"]


def test_short_names_never_coincide():
    assert short_names(["reconstruction", "code_discriminator", "code_generator"]) == {
        "reconstruction": "recon",
        "code_discriminator": "code.disc",
        "code_generator": "code.gene",
    }
    assert short_names(["generator", "generation"]) == {"generator": "generator", "generation": "generation"}
