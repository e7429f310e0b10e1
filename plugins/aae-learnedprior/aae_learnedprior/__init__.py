"""Learned priors (Wang, Ko and Peng 2019) and VAE/GAN (Larsen et al. 2016)."""

from collections.abc import Mapping

from aae_learnedprior.architecture import Residual
from aae_learnedprior.features import FeatureError
from aae_learnedprior.prior import Learned
from aae_learnedprior.recipe import (
    ConditionalSupervised,
    ConditionalUnsupervised,
    FixedPrior,
    FixedPriorSupervised,
    FixedPriorUnsupervised,
    LearnedPrior,
    TextConditional,
)
from aae_learnedprior.scheduler import Periodic
from aae_learnedprior.vaegan import VAEGAN
from aae_learnedprior.vaegan_networks import VAEGANNetworks
from aaecore.architecture import Architecture
from aaecore.hooks import hookimpl
from aaecore.loss import Loss
from aaecore.prior import Prior
from aaecore.recipe import Recipe
from aaecore.scheduler import PhaseScheduler


@hookimpl
def aaecore_priors() -> Mapping[str, type[Prior]]:
    """The code generator."""
    return {"learned": Learned}


@hookimpl
def aaecore_losses() -> Mapping[str, type[Loss]]:
    """The learned similarity metric."""
    return {"discriminator-features": FeatureError}


@hookimpl
def aaecore_schedulers() -> Mapping[str, type[PhaseScheduler]]:
    """Periods, and groups of phases that repeat."""
    return {"periodic": Periodic}


@hookimpl
def aaecore_architectures() -> Mapping[str, type[Architecture]]:
    """The two papers' networks."""
    return {"residual": Residual, "vaegan": VAEGANNetworks}


@hookimpl
def aaecore_recipes() -> Mapping[str, type[Recipe]]:
    """The papers' variants and the baseline."""
    return {
        "learnedprior": LearnedPrior,
        "learnedprior-supervised": ConditionalSupervised,
        "learnedprior-unsupervised": ConditionalUnsupervised,
        "learnedprior-text": TextConditional,
        "learnedprior-baseline": FixedPrior,
        "learnedprior-supervised-baseline": FixedPriorSupervised,
        "learnedprior-unsupervised-baseline": FixedPriorUnsupervised,
        "learnedprior-vaegan": VAEGAN,
    }
