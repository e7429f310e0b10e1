"""Improved adversarial autoencoders: five changes to one baseline, each for itself or freely combined."""

from collections.abc import Mapping

from aaecore.architecture import Architecture
from aaecore.hooks import hookimpl
from aaecore.loss import AdversarialLoss, Loss
from aaecore.prior import Prior
from aaecore.recipe import Recipe
from aaecore.scheduler import PhaseScheduler
from iaae.feature import Feature
from iaae.mapping import LatentMapping, MappedPrior
from iaae.networks import EqualizedMLP, NormalizedMLP
from iaae.recipe import (
    IAAE,
    Combined,
    EqualLinearVariant,
    FeatureVariant,
    KLDVariant,
    LatentMappingVariant,
    NIterVariant,
)
from iaae.scheduler import NIter


@hookimpl
def aaecore_priors() -> Mapping[str, type[Prior]]:
    """Latent mapping, read as a learned prior."""
    return {"mapped": MappedPrior}


@hookimpl
def aaecore_losses() -> Mapping[str, type[Loss | AdversarialLoss]]:
    """The feature loss; the KLD loss is the core's `kl`."""
    return {"feature": Feature}


@hookimpl
def aaecore_schedulers() -> Mapping[str, type[PhaseScheduler]]:
    """Discriminators that learn several times a batch."""
    return {"n-iter": NIter}


@hookimpl
def aaecore_architectures() -> Mapping[str, type[Architecture]]:
    """The paper's networks, equalized ones, and latent mapping before anybody's decoder."""
    return {"normalized-mlp": NormalizedMLP, "equalized-mlp": EqualizedMLP, "latent-mapping": LatentMapping}


@hookimpl
def aaecore_recipes() -> Mapping[str, type[Recipe]]:
    """The baseline, the five improvements, and all five at once."""
    return {
        "iaae": IAAE,
        "iaae-latent-mapping": LatentMappingVariant,
        "iaae-n-iter": NIterVariant,
        "iaae-kld": KLDVariant,
        "iaae-feature": FeatureVariant,
        "iaae-equal-linear": EqualLinearVariant,
        "iaae-combined": Combined,
    }
