"""The trainer: one training of a model on data, on one process or several."""

from aaecore.training.trainer import Training

__all__ = ["Training"]
