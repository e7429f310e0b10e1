"""Several processes learn what one does. They run on the CPU, over gloo, under torchrun, as a user starts them."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import aaecore
from aaecore.plugins import registry

EVERY = str(Path(__file__).parent / "support" / "every_recipe.py")
TORCHRUN = [sys.executable, "-m", "torch.distributed.run"]
TWO = [*TORCHRUN, "--standalone", "--nproc_per_node", "2"]
ACCELERATE = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2"]
"""Accelerate's launcher takes CPUs where there is no GPU."""
ONE_THREAD = {**os.environ, "OMP_NUM_THREADS": "1"}
TRAIN = ["-m", "aaecore", "train", "classic", "--set", "architecture.hidden=[16]", "--set", "batch=32", "--quiet"]
RECIPES = registry().names("recipe")


def start(*arguments: str, **options: object) -> subprocess.Popen[str]:
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen(arguments, text=True, env=ONE_THREAD, **pipes, **options)  # type: ignore[call-overload]


def run(*arguments: str, **options: object) -> None:
    process = start(*arguments, **options)
    said, _ = process.communicate(timeout=600)
    assert process.returncode == 0, said


def outcome(folder: Path, name: str) -> tuple[dict[str, torch.Tensor], list[dict[str, float]]]:
    return load_file(folder / f"{name}-0.safetensors"), json.loads((folder / f"{name}.json").read_text())


def distance(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> dict[str, float]:
    return {k: float((a[k].double() - b[k].double()).abs().max()) for k in a}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every recipe trained by one process, by two, and twice by one whose initial weights were rounded otherwise."""
    folders = {way: tmp_path_factory.mktemp(way) for way in ("one", "other", "another", "two")}
    run(sys.executable, EVERY, *(str(folders[way]) for way in ("one", "other", "another")))
    run(*TWO, EVERY, str(folders["two"]))
    return folders


@pytest.mark.parametrize("name", RECIPES)
def test_two_processes_learn_what_one_does(trained, name):
    """As far as rounding allows: not further off than other roundings of the initial weights bring one process."""
    outcomes = {way: outcome(folder, name) for way, folder in trained.items()}
    (one, losses), (two, of_two) = outcomes["one"], outcomes["two"]
    assert of_two[0] == pytest.approx(losses[0], rel=1e-4, abs=1e-5)
    assert [set(step) for step in of_two] == [set(step) for step in losses]
    allowed = max(distance(one, outcomes[way][0])[k] for way in ("other", "another") for k in one)
    off = {k: d for k, d in distance(one, two).items() if d > 3 * allowed + 1e-5}
    assert not off


@pytest.mark.parametrize("name", RECIPES)
def test_all_networks_are_the_same_on_all_processes(trained, name):
    zero, one = (load_file(trained["two"] / f"{name}-{i}.safetensors") for i in (0, 1))
    assert all(torch.equal(zero[k], one[k]) for k in zero)


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def logged(run: Path) -> list[int]:
    """The steps whose losses are in a run's history."""
    lines = [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]
    return [line["step"] for line in lines if "rec/L_rec" in line]


def weights(run: Path) -> dict[str, torch.Tensor]:
    return load_file(run / "model.safetensors")


def test_two_nodes_meet_and_only_one_process_writes(tmp_path):
    where = ["--nnodes", "2", "--nproc_per_node", "1", "--rdzv_backend", "c10d", "--rdzv_id", "1"]
    where += ["--rdzv_endpoint", f"127.0.0.1:{free_port()}"]
    agents = [start(*TORCHRUN, *where, *TRAIN, "--epochs", "2", "--out", "two", cwd=tmp_path) for _ in range(2)]
    for agent in agents:
        said, _ = agent.communicate(timeout=300)
        assert agent.returncode == 0, said
    run(sys.executable, *TRAIN, "--epochs", "2", "--out", "one", cwd=tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one", "two"]
    assert sorted(p.name for p in (tmp_path / "two").iterdir()) == sorted(p.name for p in (tmp_path / "one").iterdir())
    one, two = weights(tmp_path / "one"), weights(tmp_path / "two")
    assert max(distance(one, two).values()) < 1e-3
    assert logged(tmp_path / "two") == list(range(2 * (1438 // 32)))


def test_checkpoints_move_between_numbers_of_processes(tmp_path):
    resume = [
        "-m",
        "aaecore",
        "train",
        "--resume",
        "--out",
        "run",
        "--epochs",
        "4",
        "--allow-change",
        "epochs",
        "--quiet",
    ]
    run(*TWO, *TRAIN, "--epochs", "2", "--out", "run", cwd=tmp_path)
    run(sys.executable, *resume, cwd=tmp_path)
    run(*ACCELERATE, *[a if a != "4" else "6" for a in resume], cwd=tmp_path)
    run(sys.executable, *TRAIN, "--epochs", "6", "--out", "whole", cwd=tmp_path)
    assert max(distance(weights(tmp_path / "run"), weights(tmp_path / "whole")).values()) < 1e-3
    assert logged(tmp_path / "run") == list(range(6 * (1438 // 32)))


def workers(agent: subprocess.Popen[str]) -> list[int]:
    return [int(p) for p in Path(f"/proc/{agent.pid}/task/{agent.pid}/children").read_text().split()]


def wait_for(path: Path) -> None:
    until = time.monotonic() + 120
    while not (path.exists() and path.stat().st_size) and time.monotonic() < until:
        time.sleep(0.05)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the workers in Linux's /proc")
def test_a_process_that_dies_ends_the_others_with_a_message(tmp_path):
    agent = start(*TWO, *TRAIN, "--epochs", "100000", "--set", "run.log_every=1", "--out", "run", cwd=tmp_path)
    wait_for(tmp_path / "run/history.jsonl")
    os.kill(workers(agent)[1], signal.SIGKILL)
    said, _ = agent.communicate(timeout=60)
    assert agent.returncode != 0
    assert "another process of this training has ended" in said or "interrupted" in said
    assert "SIGKILL" in said or "exitcode" in said


def test_a_request_to_stop_leaves_a_checkpoint_of_all_processes(tmp_path):
    agent = start(*TWO, *TRAIN, "--epochs", "100000", "--out", "run", cwd=tmp_path)
    wait_for(tmp_path / "run/history.jsonl")
    agent.send_signal(signal.SIGTERM)
    said, _ = agent.communicate(timeout=60)
    assert "go on with: aae train --resume --out run" in said
    assert sorted(p.name for p in (tmp_path / "run/checkpoints").iterdir())[0] == "step-000000000"
    assert len(list((tmp_path / "run/checkpoints").iterdir())) == 2


@pytest.mark.parametrize(
    ("variable", "reason"),
    [("ACCELERATE_USE_FSDP", "FSDP shards one network"), ("ACCELERATE_USE_DEEPSPEED", "each phase has its own")],
)
def test_what_is_not_supported_is_refused_with_the_reason(monkeypatch, images, variable, reason):
    monkeypatch.setenv(variable, "true")
    with pytest.raises(aaecore.AAEError, match=reason):
        aaecore.train("classic", *images)
