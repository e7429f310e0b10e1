import numpy as np
import pytest
from accelerate.tracking import GeneralTracker

import aaecore
from aaecore.errors import RunError
from aaecore.runs import trackers

X = np.random.default_rng(0).random((40, 4, 4)).astype(np.float32)


class Told(GeneralTracker):
    """Remembers what it was told."""

    name = "told"
    requires_logging_directory = False

    def __init__(self):
        super().__init__()
        self.events, self.logged, self.pictures, self.config = [], [], {}, {}

    @property
    def tracker(self):
        return self

    def start(self):
        self.events.append("start")

    def store_init_configuration(self, values):
        self.config = values

    def log(self, values, step=None, **options):
        self.logged.append((step, values))

    def log_images(self, values, step=None):
        self.pictures |= values

    def finish(self):
        self.events.append("finish")


def train(recipe, *log_with, **options):
    return aaecore.train(recipe, X, quiet=True, device="cpu", log_with=log_with, **options)


def test_a_tracker_is_told_the_losses_the_figures_and_the_pictures(toy, tmp_path):
    told = Told()
    model = train(toy(epochs=2), told, out=tmp_path / "run")
    assert told.events == ["start", "finish"]
    steps = [(step, values) for step, values in told.logged if "rec/L_rec" in values]
    assert [step for step, _ in steps] == list(range(1, 2 * 4 + 1))
    assert set(steps[0][1]) == {"rec/L_rec", "disc/L_D", "gen/L_G"}
    assert told.logged[-1] == (8, {f"final/{name}": value for name, value in model.metrics.items()})
    assert set(told.pictures) == {p.stem for p in (tmp_path / "run").glob("*.png")}
    assert all(image.ndim == 3 and image.dtype == np.uint8 for (image,) in told.pictures.values())
    assert told.config["recipe.epochs"] == 2
    assert all(isinstance(value, (bool, int, float, str)) for value in told.config.values())


def test_a_tracker_changes_nothing(toy):
    a, b = train(toy(epochs=1), Told()), train(toy(epochs=1))
    assert np.array_equal(a.encode(X), b.encode(X))


def test_a_tracker_is_let_go_when_training_fails(toy):
    told = Told()
    with pytest.raises(aaecore.AAEError):
        train(aaecore.compose("classic", batch=8, epochs=1, reconstruction_optimizer={"name": "sgd", "lr": 1e30}), told)
    assert told.events == ["start", "finish"]


def test_tensorboard_reads_what_was_written(toy, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    model = train(toy(epochs=2), "tensorboard", out=tmp_path / "run")
    found = EventAccumulator(str(tmp_path / "run" / "tensorboard"), size_guidance={"images": 0})
    found.Reload()
    losses = found.Scalars("rec/L_rec")
    history = [line for line in (tmp_path / "run/history.jsonl").read_text().splitlines() if "rec/L_rec" in line]
    assert [event.step for event in losses] == list(range(1, len(history) + 1))
    (final,) = found.Scalars("final/reconstruction_mse")
    assert final.value == pytest.approx(model.metrics["reconstruction_mse"])
    assert {tag.split("/")[0] for tag in found.Tags()["images"]} == {p.stem for p in (tmp_path / "run").glob("*.png")}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("tensorbord", "no tracker is called 'tensorbord'; did you mean 'tensorboard'? choose from: "),
        ("comet_ml", "the tracker 'comet_ml' is not installed; pip install comet-ml"),
        (3, "no tracker is called 3"),
    ],
)
def test_a_tracker_that_is_not_there_is_said_before_anything_is_made(toy, tmp_path, monkeypatch, name, said):
    monkeypatch.setattr("accelerate.tracking.get_available_trackers", lambda: ["tensorboard"])
    with pytest.raises(RunError) as caught:
        train(toy(epochs=1), name, out=tmp_path / "run")
    assert str(caught.value).startswith(said)
    assert list(tmp_path.iterdir()) == []


def test_a_tracker_that_does_not_start_is_one_line(toy):
    class Refuses(Told):
        def start(self):
            raise OSError("no\nlogin")

    with pytest.raises(RunError, match="the tracker 'told' does not start: no login"):
        train(toy(epochs=1), Refuses())


def test_tensorboard_needs_a_run_directory(toy):
    with pytest.raises(RunError, match="writes into a run directory; give out="):
        train(toy(epochs=1), "tensorboard")


def test_each_tracker_is_given_pictures_as_it_takes_them(tmp_path):
    from PIL import Image

    picture = tmp_path / "some.png"
    Image.new("RGB", (3, 2), "red").save(picture)

    class Artifacts(Told):
        log_images = property()

        def log_artifact(self, path, folder):
            self.pictures[folder] = path

    told = Artifacts()
    trackers.show(told, picture, 1)
    assert told.pictures == {"pictures": str(picture)}
    aim = Told()
    aim.name = "aim"
    trackers.show(aim, picture, 1)
    assert aim.pictures["some"].size == (3, 2)
