"""Feature networks in files of others: what is read, and what is never run."""

import hashlib
import io
import json
import zipfile
from pathlib import Path

import pytest
import torch
from torch import nn

from aaecore.errors import AAEError, RunError
from aaecore.features.exported import read_exported
from aaecore.features.inception import PUBLISHED, inception


class Pair(nn.Module):
    """Features and logits."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(nn.Conv2d(1, 2, 3, stride=2), nn.ReLU(), nn.Flatten())
        self.head = nn.Linear(18, 4)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features = self.trunk(x)
        return features, self.head(features)


@pytest.fixture(scope="module")
def network() -> Pair:
    return Pair().eval()


@pytest.fixture(scope="module")
def exported(network, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("exported") / "pair.pt2"
    shapes = ({0: torch.export.Dim("batch")},)
    torch.export.save(torch.export.export(network, (torch.zeros(3, 1, 8, 8),), dynamic_shapes=shapes), path)
    return path


def changed(path: Path, to: Path, name: str, content) -> Path:
    """The archive with one entry changed, or added."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(to, "w") as new:
        names = {n.partition("/")[2]: n for n in old.namelist()}
        for inside, full in names.items():
            if inside != name:
                new.writestr(full, old.read(full))
        root = old.namelist()[0].partition("/")[0]
        new.writestr(f"{root}/{name}", content(old.read(names[name]) if name in names else b""))
    return to


def test_an_exported_network_gives_what_it_gave_for_any_number_of_samples(network, exported):
    x = torch.rand(7, 1, 8, 8)
    found = read_exported(exported)
    with torch.no_grad():
        features, logits = network(x)
    assert torch.allclose(found.features(x), features)
    assert torch.allclose(found.logits(x), logits)
    assert "pair.pt2" in found.name


class Bomb:
    """Says so when it is unpickled."""

    def __reduce__(self):
        return (Path.touch, (Path("unpickled"),))


def test_pickled_example_inputs_are_never_read(network, exported, tmp_path, monkeypatch):
    import pickle

    monkeypatch.chdir(tmp_path)
    path = changed(exported, tmp_path / "bomb.pt2", "data/sample_inputs/model.pt", lambda _: pickle.dumps(Bomb()))
    assert read_exported(path).features(torch.rand(2, 1, 8, 8)).shape == (2, 18)
    assert not Path("unpickled").exists()


def replaced(old: str, new: str):
    return lambda content: content.replace(old.encode(), new.encode())


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("data/weights/model_weights_config.json", replaced('"use_pickle": false', '"use_pickle": true'), "pickled"),
        ("data/constants/custom_obj_0", lambda _: b"x", "pickled or compiled"),
        ("data/aotinductor/model/model.so", lambda _: b"x", "pickled or compiled"),
        ("data/weights/model.pt", lambda _: b"x", "pickled or compiled"),
        ("models/model.json", replaced("torch.ops.aten.relu.default", "torch.os.system"), "calls 'torch.os.system'"),
        ("models/model.json", replaced("positive=True, integer=True)", ")+exec('1')"), "no arithmetic"),
        ("models/model.json", lambda _: b"{", "missing, damaged"),
        ("models/model.json", lambda _: json.dumps({}).encode(), "missing, damaged"),
    ],
)
def test_a_file_that_would_run_more_than_operations_on_tensors_is_refused(exported, tmp_path, name, content, message):
    path = changed(exported, tmp_path / "bad.pt2", name, content)
    with pytest.raises(RunError, match=message):
        read_exported(path)


def test_what_is_no_archive_is_refused(tmp_path):
    (tmp_path / "text.pt2").write_text("no zip")
    torch.save({"a": torch.zeros(1)}, tmp_path / "pickle.pt2")
    for name in ("text.pt2", "pickle.pt2", "none.pt2"):
        with pytest.raises(RunError, match=f"{name}: .*(missing, damaged|pickled)"):
            read_exported(tmp_path / name)


@pytest.mark.parametrize(("name", "classes"), [("inception", 1000), ("inception-fid", 1008)])
def test_inception_is_read_where_the_published_file_lies(tmp_path, monkeypatch, name, classes):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(AAEError, match=f"--features {name}: .* are never downloaded"):
        inception(name)
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    torch.save(random_weights(name), folder / "weights")
    digest = hashlib.sha256((folder / "weights").read_bytes()).hexdigest()[:8]
    for part in (digest, "00000000"):
        (folder / f"weights-{part}.pth").hardlink_to(folder / "weights")
    monkeypatch.setitem(PUBLISHED, name, (f"weights-{digest}.pth", *PUBLISHED[name][1:]))
    features, logits = inception(name)(torch.rand(2, 1, 8, 8))
    assert (features.shape, logits.shape) == ((2, 2048), (2, classes))
    assert features.isfinite().all()
    monkeypatch.setitem(PUBLISHED, name, ("weights-00000000.pth", *PUBLISHED[name][1:]))
    with pytest.raises(AAEError, match="is not the file that was published"):
        inception(name)


def random_weights(name: str) -> dict[str, torch.Tensor]:
    """Weights of the published shapes, as a network has them that is not trained."""
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
    from torchvision import models

    if name == "inception":
        return models.inception_v3(weights=None, aux_logits=True, init_weights=False).state_dict()
    kept: dict[str, torch.Tensor] = {}

    class Unfilled(FeatureExtractorInceptionV3):
        def load_state_dict(self, state: object) -> None:
            kept.update(self.state_dict())

    empty = io.BytesIO()
    torch.save({}, empty)
    empty.seek(0)
    Unfilled("inception", ["2048"], empty)
    return kept
