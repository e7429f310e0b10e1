"""No kill and no full disk loses more than what came after the last checkpoint."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from aaecore.errors import RunError
from aaecore.runs.checkpoints import Checkpoints, read

KILLED = str(Path(__file__).parent / "support" / "killed.py")
CLOCKED = {"seconds", "images_per_second"}


def figures(run: Path) -> dict[str, float]:
    return {k: v for k, v in json.loads((run / "metrics.json").read_text()).items() if k not in CLOCKED}


@pytest.mark.parametrize(("recipe", "kills"), [("classic-semi-supervised", 4), ("gasca", 3), ("maagma", 3)])
def test_a_killed_run_always_resumes_to_the_same_end(tmp_path, recipe, kills):
    run, whole = tmp_path / "run", tmp_path / "run-whole"
    done = subprocess.run([sys.executable, KILLED, run, "0", str(kills), recipe], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0
    for name in ("model.safetensors", "history.jsonl", "config.toml", "samples.png", "reconstructions.png"):
        if (whole / name).exists():
            assert (run / name).read_bytes() == (whole / name).read_bytes(), name
    assert figures(run) == figures(whole)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 3 MB, mounted for this test."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", place], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_full_disk_ends_in_one_line_and_loses_no_earlier_checkpoint(small_disk):
    train = [sys.executable, "-m", "aaecore", "train", "classic", "--set", "architecture.hidden=[128]", "--quiet"]
    train += ["--set", "run.checkpoint_steps=20", "--set", "run.checkpoints=100", "--out", str(small_disk / "run")]
    done = subprocess.run(train, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "No space left on device" in done.stderr
    kept = Checkpoints(small_disk / "run/checkpoints").paths()
    assert len(kept) > 1
    assert [read(path).state["step"] for path in kept] == list(range(20 * (len(kept) - 1), -1, -20))


def test_a_torn_checkpoint_is_never_taken_for_a_whole_one(tmp_path, images):
    import aaecore

    aaecore.train(aaecore.compose("classic", batch=8), *images, epochs=1, out=tmp_path / "run", quiet=True)
    path = Checkpoints(tmp_path / "run/checkpoints").paths()[0]
    for file in sorted(path.iterdir()):
        content = file.read_bytes()
        for cut in (0, 1, len(content) // 2, len(content) - 1):
            file.write_bytes(content[:cut])
            with pytest.raises(RunError, match="damaged"):
                read(path)
        flipped = bytearray(content)
        flipped[len(content) // 2] ^= 1
        file.write_bytes(bytes(flipped))
        if file.suffix == ".safetensors":
            with pytest.raises(RunError, match="damaged"):
                read(path)
        file.write_bytes(content)
    assert read(path).state["step"] > 0
