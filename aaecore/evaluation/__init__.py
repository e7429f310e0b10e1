"""How good a trained model is, by numbers."""

from aaecore.evaluation.api import evaluate
from aaecore.evaluation.result import Evaluation

__all__ = ["Evaluation", "evaluate"]
