"""Final figures: what they are computed on."""

from typing import Any

import torch
from torch import Tensor

from aaecore.data import from_arrays
from aaecore.evaluation.final import final_figures

CLASSES = 5


class Oracle:
    """A model that recognises a sample's class by its bright column, as class or as cluster."""

    networks = {"encoder": torch.nn.Identity()}  # noqa: RUF012 - read only

    def __init__(self, predicts: str) -> None:
        self.recipe: Any = type("R", (), {"predicts": predicts})

    def predict(self, x: Tensor) -> Tensor:
        return x[:, 0, 0, :CLASSES]


def sorted_by_class(each: int, heldout: int) -> Any:
    images = torch.rand(CLASSES, each + heldout, 1, 8, 8) * 0.5
    for k in range(CLASSES):
        images[k, :, :, 0, k] = 1
    y = torch.arange(CLASSES).repeat_interleave(each)
    y_heldout = torch.arange(CLASSES).repeat_interleave(heldout)
    train, held = images[:, :each].flatten(0, 1), images[:, each:].flatten(0, 1)
    return from_arrays(train, y, x_heldout=held, y_heldout=y_heldout)


def test_perfect_clusters_of_data_sorted_by_class_have_no_error():
    figures = final_figures(Oracle("clusters"), sorted_by_class(30, 10))
    errors = {k: v for k, v in figures.items() if k.startswith("clustering_error")}
    assert len(errors) == 3
    assert set(errors.values()) == {0.0}


def test_class_errors_are_of_all_heldout_samples():
    data = sorted_by_class(3, 2100)  # 10,500 held out, the last class beyond the first 10,000
    oracle = Oracle("classes")
    assert final_figures(oracle, data)["classification_error"] == 0
    oracle.predict = lambda x: Oracle.predict(oracle, x) * torch.tensor([1.0, 1, 1, 1, 0])
    assert final_figures(oracle, data)["classification_error"] == 1 / CLASSES


def test_some_samples_of_sorted_data_are_of_all_classes():
    data = sorted_by_class(200, 10)
    assert data.some(100).y.unique().tolist() == list(range(CLASSES))
    assert len(data.some(100)) == 100
    assert data.some(5000) is data
