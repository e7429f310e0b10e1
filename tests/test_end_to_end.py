"""The command as a user meets it: a whole session in processes of its own, and every wrong thing one can type."""

import json
import os
import pty
import resource
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import aaecore
from aaecore import cli
from aaecore.data import load_data
from aaecore.runs.saved import load_run_config

AAE = [sys.executable, "-c", "from aaecore.cli import main; main()"]
SMALL = ["--set", "architecture.hidden=[6]", "--set", "batch=8", "--quiet"]
PICTURES = {"samples.png", "reconstructions.png", "codes.png", "losses.png"}


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    """A working directory with data of every kind, good and bad."""
    monkeypatch.chdir(tmp_path)
    x, y = np.random.default_rng(0).random((40, 4, 4)).astype(np.float32), np.arange(40) % 4
    holes = x.copy()
    holes[3, 1, 1] = np.nan
    kinds = {
        "good": {"x": x, "y": y},
        "unlabelled": {"x": x},
        "pairs": {"x": x, "y": y, "target": 1 - x},
        "gaps": {"x": x, "y": 2 * y},
        "none-labelled": {"x": x, "y": 0 * y - 1},
        "nan": {"x": holes},
        "constant": {"x": 0 * x + 0.5},
        "one": {"x": x[:1]},
        "uneven": {"x": x, "y": y[:-1]},
        "large": {"x": 300 * x},
        "words": {"x": x, "y": np.array(["a"] * 40)},
        "nameless": {"images": x},
    }
    for name, arrays in kinds.items():
        np.savez(f"{name}.npz", **arrays)
    np.save("vectors.npy", np.random.default_rng(0).normal(size=(40, 3)))
    np.save("objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    for name, content in {
        "truncated.npz": Path("good.npz").read_bytes()[:400],
        "text.npz": b"hello",
        "empty.npz": b"",
        "text.npy": b"hello",
        "bad.toml": b"recipe = [",
        "keys.toml": b"[recipe]\nname = 'classic'\nlayers = 3\n",
        "a-file": b"mine",
    }.items():
        Path(name).write_bytes(content)
    for k in range(12):
        Path(f"folder/{'ab'[k % 2]}").mkdir(parents=True, exist_ok=True)
        Image.fromarray((255 * x[k]).astype(np.uint8)).save(f"folder/{'ab'[k % 2]}/{k}.png")
    return tmp_path


def contents(folder: Path) -> dict[Path, bytes | None]:
    return {p: p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}


def aae(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*AAE, *arguments], capture_output=True, text=True, timeout=120, **options)


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as e:
        cli.main(arguments)
    out, err = capsys.readouterr()
    return e.value.code, out, err


def test_a_whole_session(capsys, place):
    trained = aae("train", "classic-supervised", "--data", "good.npz", "--epochs", "2", "--out", "run", *SMALL[:-1])
    assert (trained.returncode, trained.stderr.count("Traceback")) == (0, 0)
    assert "run: model, figures and pictures" in trained.stdout
    files = {p.name for p in (place / "run").iterdir()}
    assert files >= {"config.toml", "model.safetensors", "metrics.json", "history.jsonl", *PICTURES}
    assert json.loads(Path("run/metrics.json").read_text())["reconstruction_mse"] > 0
    for command in (
        ["sample", "run", "-n", "4", "-o", "s.png", "--label", "1"],
        ["reconstruct", "run", "-o", "r.npz"],
        ["encode", "run", "--data", "good.npz", "-o", "z.npz"],
        ["train", "--config", "run/config.toml", "--out", "again", "--quiet"],
    ):
        code, _, err = run(capsys, *command)
        assert (code, err) == (0, ""), command
    for name in ("model.safetensors", "history.jsonl", "samples.png"):
        assert Path("again", name).read_bytes() == Path("run", name).read_bytes(), name


@pytest.mark.parametrize(
    "arguments",
    [
        ["classic-semi-supervised", "--data", "good.npz", "--labels", "8", "--set", "labelled_batch=4"],
        ["classic-supervised", "--data", "folder:folder", "--set", "batch=4"],
        ["classic", "--data", "pairs.npz"],
        ["classic", "--data", "vectors.npy"],
        ["classic", "--data", "unlabelled.npz", "--set", "data.heldout=0"],
        ["classic", "--data", "good.npz", "--set", "run.accumulate=4", "--precision", "bf16"],
        ["classic", "--data", "good.npz", "--set", "data.streamed=yes", "--set", "data.workers=0"],
    ],
    ids=" ".join,
)
def test_every_kind_of_data_trains_and_loads_again(capsys, place, arguments):
    code, _, err = run(capsys, "train", *SMALL[:4], *arguments, "--epochs", "1", "--out", "run", "--quiet")
    assert (code, err) == (0, "")
    model = aaecore.load("run")
    assert model.sample(2).shape[1:] == model.spec.shape


def test_keeping_labels_keeps_that_many(capsys, place):
    arguments = ["train", "classic-semi-supervised", "--data", "good.npz", "--labels", "8", "--epochs", "1", *SMALL]
    code, *_ = run(capsys, *arguments)
    assert code == 0
    kept = load_data(load_run_config("runs/classic-semi-supervised-1").data)
    assert kept.y[kept.labelled].bincount().tolist() == [2, 2, 2, 2]
    assert (kept.heldout.y >= 0).all()


TRAIN = ["train", "classic", "--data", "good.npz", "--epochs", "1", "--out", "run", *SMALL]
WRONG = [
    (["train", "clasic"], ["'clasic'", "did you mean 'classic'", "choose from"]),
    (["train"], ["recipe: none is named", "aae list"]),
    (["trian"], ["'trian'", "did you mean 'train'"]),
    ([*TRAIN, "--set", "prior=gausian"], ["recipe.prior", "'gausian'", "did you mean 'gaussian'", "choose from"]),
    ([*TRAIN, "--set", "priar=gaussian"], ["recipe.priar", "did you mean 'prior'", "choose from"]),
    ([*TRAIN, "--set", "prior.width=2"], ["recipe.prior.width", "std"]),
    ([*TRAIN, "--set", "code=many"], ["recipe.code", "expected an integer", "'many'"]),
    ([*TRAIN, "--set", "code=0"], ["recipe.code", "must be >= 1", "0"]),
    ([*TRAIN, "--set", "nonsense"], ["nonsense", "="]),
    ([*TRAIN, "--set", "run.accumulate=3"], ["batch=8", "3 equal shares", "--set batch=9"]),
    ([*TRAIN, "--set", "run.device=abacus"], ["run.device", "'abacus'", "choose from"]),
    ([*TRAIN, "--set", "scaling=huge"], ["recipe.scaling", "'huge'", "choose from"]),
    ([*TRAIN, "--precision", "fp8"], ["run.precision", "'fp8'", "choose from: bf16, fp32"]),
    ([*TRAIN, "--seed", "-1"], ["run.seed", "must be >= 0"]),
    ([*TRAIN, "--epochs", "0"], ["recipe.epochs", "must be >= 1"]),
    ([*TRAIN, "--epochs", "x"], ["--epochs", "'x'"]),
    ([*TRAIN, "--config", "missing.toml"], ["missing.toml", "no such file", "aae show"]),
    ([*TRAIN, "--config", "bad.toml"], ["bad.toml", "not valid TOML"]),
    ([*TRAIN, "--config", "good.npz"], ["good.npz", "TOML"]),
    (["train", "--config", "keys.toml"], ["recipe.layers", "choose from"]),
    ([*TRAIN, "--set", "batch=33"], ["a batch of 33", "32 training samples", "--set batch=32"]),
    ([*TRAIN, "--set", "architecture.batch_norm=encoder", "--set", "batch=1"], ["recipe.batch", "2 samples"]),
    ([*TRAIN, "--set", 'regularizers=["kl"]'], ["recipe.posterior", "posterior=gaussian"]),
    ([*TRAIN, "--labels", "2"], ["2 labels", "--labels from 4 to 32"]),
    ([*TRAIN, "--labels", "33"], ["33 labels", "--labels from 4 to 32"]),
    ([*TRAIN, "--set", "data.heldout=0.99"], ["data.heldout=0.99 leaves 0 of 40", "data.heldout=0.2"]),
    ([*TRAIN, "--set", "data.size=16384"], ["good.npz", "too large", "data.size"]),
    ([*TRAIN, "--set", "data.size=100000"], ["data.size", "must be <= 16384"]),
    ([*TRAIN, "--set", "code=1000000000000"], ["'encoder'", "does not fit in memory", "code"]),
    ([*TRAIN, "--set", "runs.seed=3"], ["recipe.runs", "did you mean run.seed?"]),
    ([*TRAIN, "--set", "regularizers=kl"], ["recipe.regularizers", "expected a list", "['kl']"]),
    ([*TRAIN, "--set", "name=maagma"], ["'maagma', not 'classic'"]),
    ([*TRAIN, "--data", "https://x.org/a.npz"], ["https://x.org/a.npz", "nothing is ever downloaded"]),
    ([*TRAIN, "--data", "digit"], ["'digit'", "did you mean 'digits'", "folder:PATH"]),
    ([*TRAIN, "--data", "folder"], ["'folder'", "folder:folder"]),
    ([*TRAIN, "--data", "folder:nowhere"], ["nowhere", "no such file"]),
    ([*TRAIN, "--data", "folder:a-file"], ["a-file", "is a file"]),
    ([*TRAIN, "--data", "torchvision:NoSuch"], ["NoSuch"]),
    ([*TRAIN, "--data", "torchvision:MNIST"], ["MNIST", "data"]),
    ([*TRAIN, "--data", "missing.npz"], ["missing.npz", "no such file", "check the path"]),
    ([*TRAIN, "--data", "truncated.npz"], ["truncated.npz", "not a readable .npz"]),
    ([*TRAIN, "--data", "text.npz"], ["text.npz", "not a readable .npz"]),
    ([*TRAIN, "--data", "empty.npz"], ["empty.npz", "not a readable .npz"]),
    ([*TRAIN, "--data", "text.npy"], ["text.npy", "not a readable .npy"]),
    ([*TRAIN, "--data", "objects.npy"], ["objects.npy", "never unpickled"]),
    ([*TRAIN, "--data", "nameless.npz"], ["nameless.npz", "'images'", "samples are called x", "choose from"]),
    ([*TRAIN, "--data", "gaps.npz"], ["gaps.npz", "1, 3, 5 never occur", "renumber"]),
    ([*TRAIN, "--data", "words.npz"], ["words.npz", "not integers", "astype"]),
    ([*TRAIN, "--data", "uneven.npz"], ["uneven.npz", "40 samples but y has 39"]),
    ([*TRAIN, "--data", "nan.npz"], ["nan.npz", "sample 3 holds NaN", "nan_to_num"]),
    ([*TRAIN, "--data", "constant.npz"], ["constant.npz", "identical"]),
    ([*TRAIN, "--data", "one.npz"], ["one.npz", "1 sample", "at least 2"]),
    ([*TRAIN, "--data", "large.npz"], ["large.npz", "[0, 1]", "divide"]),
    ([*TRAIN, "--data", "vectors.npy", "--set", "data.size=8"], ["vectors.npy", "size"]),
    (["train", "classic-supervised", *TRAIN[2:], "--data", "unlabelled.npz"], ["no labels", "y in the .npz"]),
    (["train", "classic-semi-supervised", *TRAIN[2:], "--data", "none-labelled.npz"], ["no labels", "give some"]),
    ([*TRAIN, "--data", "unlabelled.npz", "--labels", "4"], ["unlabelled.npz", "no labels", "--labels"]),
    ([*TRAIN, "--out", "folder"], ["folder", "exists already", "another one (--out)"]),
    ([*TRAIN, "--out", "a-file"], ["a-file", "exists already", "another one (--out)"]),
    ([*TRAIN, "--out", ""], ["--out is empty"]),
    ([*TRAIN, "--out", "a-file/run"], ["a-file/run", "cannot be made", "writable one (--out)"]),
    ([*TRAIN, "--out", "/proc/run"], ["/proc/run", "cannot be made", "writable one (--out)"]),
    ([*TRAIN, "--out", "folder", "--resume"], ["folder", "no checkpoint", "another --out"]),
    ([*TRAIN, "--resume"], ["run", "no checkpoint", "another --out"]),
    (["sample", "folder", "-o", "s.png"], ["folder", "finished run"]),
    (["sample", "nowhere", "-o", "a-file"], ["a-file", "end the name with"]),
    (["sample", "nowhere", "-o", "s.png", "-n", "0"], ["-n"]),
    (["encode", "nowhere", "--data", "good.npz", "-o", "good.npz"], ["good.npz", "exists already"]),
    (["reconstruct", "nowhere"], ["-o"]),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG, ids=lambda a: " ".join(w for w in a if w not in TRAIN[3:]))
def test_a_wrong_thing_is_told_in_one_line_and_nothing_is_touched(capsys, place, arguments, said):
    before = contents(place)
    code, out, err = run(capsys, *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("aae: error: ")
    assert len(err) < 1500
    for words in said:
        assert words in err, err
    assert contents(place) == before


def test_a_process_ends_like_the_function(place):
    arguments, said = WRONG[20]
    done = aae(*arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert all(words in done.stderr for words in said)


def test_a_diverged_training_is_told_in_one_line_and_its_history_kept(capsys, place):
    code, _, err = run(capsys, *TRAIN, "--set", "reconstruction_optimizer.lr=1e30")
    assert (code, err.count("\n")) == (2, 1)
    assert "stage 'train', epoch 0" in err
    assert "smaller learning rate" in err
    assert not Path("run/model.safetensors").exists()
    assert Path("run/history.jsonl").exists()


def _small_files() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 15, 1 << 15))


def test_a_disk_that_fills_up_is_told_in_one_line(place):
    done = aae(*TRAIN[:-1], "--set", "architecture.hidden=[100]", "--epochs", "200", "--quiet", preexec_fn=_small_files)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "cannot be written" in done.stderr
    assert not [p for p in Path("run").rglob("*") if p.name.startswith(".") or "partial" in p.name]


def test_a_finished_run_resumed_keeps_its_time_and_a_run_its_data_from_any_folder(capsys, place, monkeypatch):
    assert run(capsys, *TRAIN)[0] == 0
    manifest = max(Path("run/checkpoints").glob("*/manifest.json"))
    before = json.loads(manifest.read_text())["state"]["seconds"]
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    assert run(capsys, "train", "--resume", "--out", "../run", "--quiet")[::2] == (0, "")
    after = json.loads(Path("../run/metrics.json").read_text())
    assert after["seconds"] > before > 0
    assert after["images_per_second"] == pytest.approx(32 / after["seconds"])


def test_a_terminal_that_is_closed_leaves_a_checkpoint(place):
    """The display, the last line and click itself all write to a terminal that is no longer there."""
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [*AAE, *TRAIN[:-1], "--epochs", "100000"])
    history = Path("run/history.jsonl")
    until = time.monotonic() + 60
    while not (history.exists() and history.stat().st_size) and time.monotonic() < until:
        if select.select([terminal], [], [], 0.05)[0]:
            os.read(terminal, 1 << 16)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 130
    newest = max(Path("run/checkpoints").iterdir())
    assert int(newest.name.removeprefix("step-")) == len(logged(history)) > 0


def logged(history: Path) -> list[int]:
    """The steps whose losses are there."""
    lines = [json.loads(line) for line in history.read_text().splitlines()]
    return [line["step"] for line in lines if "rec/L_rec" in line]


@pytest.mark.parametrize("numbers", [[signal.SIGINT] * 2, [signal.SIGTERM], [signal.SIGHUP]])
def test_an_interrupted_training_ends_in_one_line_and_can_go_on(capsys, place, numbers):
    endless = [*TRAIN, "--epochs", "100000"]
    with subprocess.Popen([*AAE, *endless], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        history = Path("run/history.jsonl")
        until = time.monotonic() + 60
        while not (history.exists() and history.stat().st_size) and time.monotonic() < until:
            time.sleep(0.05)
        for number in numbers:
            process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err.strip().count("\n")) == (130, "", 0), err  # it begins on a line after the ^C
    assert "go on with: aae train --resume --out run" in err
    steps = logged(history)
    assert steps == list(range(len(steps)))
    assert len(list(Path("run/checkpoints").iterdir())) == 2  # from the start, and from now
    epochs = str(len(steps) // 4 + 2)
    resumed = ["train", "--resume", "--out", "run", "--epochs", epochs, "--allow-change", "epochs", "--quiet"]
    code, _, err = run(capsys, *resumed)
    assert (code, err) == (0, "")
    assert aaecore.load("run").metrics["reconstruction_mse"] > 0
    steps = logged(history)
    assert steps == list(range(4 * int(epochs)))
