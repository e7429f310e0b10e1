"""Hostile files under every name that is read: one line, and nothing in them runs."""

import json
import os
import pickle
import shutil
import struct
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import aaecore
from aaecore import cli
from aaecore.errors import AAEError, RunError
from aaecore.runs.checkpoints import Checkpoints, read


class Exploit:
    """Makes a file where it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("pwned",)


HOSTILE = {
    "a pickle": pickle.dumps(Exploit()),
    "a pickle that numpy would read": b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
    + b" " * 54
    + b"\n"
    + pickle.dumps(np.array([Exploit()], dtype=object)),
    "an oversized header": struct.pack("<Q", 1 << 60) + b"{}",
    "a header beyond the file": struct.pack("<Q", 2000) + b'{"a": 1}',
    "half a zip": b"PK\x03\x04" + b"\x00" * 40,
    "deep nesting": b"[" * 100_000,
    "not a letter": bytes(range(128, 256)) * 20,
    "nothing": b"",
}
USES = {
    "model.safetensors": ["sample", "run", "-n", "2", "-o", "out.npz"],
    "config.toml": ["encode", "run", "-o", "out.npz"],
    "checkpoints/manifest.json": ["train", "--resume", "--out", "run", "--quiet"],
    "checkpoints/networks.safetensors": ["train", "--resume", "--out", "run", "--quiet"],
    "checkpoints/optimizers.safetensors": ["train", "--resume", "--out", "run", "--quiet"],
    "data.npz": ["train", "classic", "--data", "run/data.npz", "--out", "new", "--quiet"],
    "data.npy": ["train", "classic", "--data", "run/data.npy", "--out", "new", "--quiet"],
    "settings.toml": ["train", "--config", "run/settings.toml", "--out", "new", "--quiet"],
    "other.npz": ["encode", "run", "--data", "run/other.npz", "-o", "out.npz"],
    "features.pt2": ["evaluate", "run", "--features", "run/features.pt2", "--samples", "100"],
    "condition.npy": ["sample", "run", "-n", "2", "--condition", "run/condition.npy", "-o", "out.npz"],
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    place = tmp_path_factory.mktemp("made")
    x = np.random.default_rng(0).random((40, 4, 4)).astype(np.float32)
    np.savez(place / "x.npz", x=x, y=np.arange(40) % 4)
    arguments = ["--set", "batch=8", "--set", "architecture.hidden=[6]", "--epochs", "2", "--quiet"]
    with pytest.raises(SystemExit) as end:
        cli.main(["train", "classic", "--data", str(place / "x.npz"), "--out", str(place / "run"), *arguments])
    assert end.value.code == 0
    shutil.rmtree(Checkpoints(place / "run/checkpoints").paths()[-1])  # that of the start; the last remains
    return place / "run"


@pytest.mark.parametrize("content", HOSTILE)
@pytest.mark.parametrize("name", USES)
def test_a_hostile_file_is_refused_in_one_line(made, tmp_path, monkeypatch, capsys, name, content):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(made, "run")
    folder = Checkpoints(Path("run/checkpoints")).paths()[0] if name.startswith("checkpoints/") else Path("run")
    (folder / Path(name).name).write_bytes(HOSTILE[content])
    with pytest.raises(SystemExit) as end:
        cli.main(USES[name])
    said = capsys.readouterr().err
    assert (end.value.code, said.count("\n")) == (2, 1), said
    assert Path(name).name in said or folder.name in said
    assert not Path("pwned").exists()
    assert not Path("out.npz").exists()


@pytest.mark.parametrize(
    "line",
    ['name = "../../etc/passwd"', 'name = "classic"\nprior = "/etc/passwd"', 'name = "os:system"', "name = 3"],
)
def test_no_name_in_a_configuration_is_a_path_or_an_import(tmp_path, line):
    (tmp_path / "c.toml").write_text(f"[recipe]\n{line}\n")
    with pytest.raises(AAEError, match="recipe"):
        aaecore.config.load_config(None, tmp_path / "c.toml", (), {})


def test_a_manifest_cannot_name_files_elsewhere(made, tmp_path):
    shutil.copytree(Checkpoints(made / "checkpoints").paths()[0], tmp_path / "step")
    manifest = json.loads((tmp_path / "step/manifest.json").read_text())
    manifest["files"]["../../secret"] = manifest["files"].pop("networks")
    (tmp_path / "step/manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(RunError, match="is no group of tensors"):
        read(tmp_path / "step")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_change_of_a_manifest_is_refused_or_harmless(made, tmp_path, data):
    step = Checkpoints(made / "checkpoints").paths()[0]
    shutil.copytree(step, tmp_path / "step", dirs_exist_ok=True)
    manifest = json.loads((step / "manifest.json").read_text())
    table = data.draw(st.sampled_from([manifest, manifest["files"], manifest["files"]["networks"]]))
    table[data.draw(st.sampled_from(sorted(table)))] = data.draw(JSON)
    (tmp_path / "step/manifest.json").write_text(json.dumps(manifest))
    with suppress(RunError):  # and nothing else
        assert read(tmp_path / "step").groups["networks"]
