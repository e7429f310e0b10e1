"""Adversarial stacked convolutional autoencoders: greedy and gradual greedy layer-wise training (GANGGLW)."""

from collections.abc import Mapping

from aaecore.architecture import Architecture
from aaecore.hooks import hookimpl
from aaecore.recipe import Recipe
from aaecore.stacking import Stacking
from gasca.classifier import GascaClassifier
from gasca.networks import StackedNetworks
from gasca.pretraining import Pretrained
from gasca.recipe import Gasca
from gasca.stackings import GradualGreedy, Greedy


@hookimpl
def aaecore_architectures() -> Mapping[str, type[Architecture]]:
    """The stacked convolutional autoencoder's networks."""
    return {"gasca": StackedNetworks}


@hookimpl
def aaecore_stackings() -> Mapping[str, type[Stacking]]:
    """Level by level, with fine-tuning at the end or after every level; pre-training before labels."""
    return {"greedy": Greedy, "gradual-greedy": GradualGreedy, "pretrained": Pretrained}


@hookimpl
def aaecore_recipes() -> Mapping[str, type[Recipe]]:
    """The paper's method, and the classifier on top of it."""
    return {"gasca": Gasca, "gasca-classifier": GascaClassifier}
