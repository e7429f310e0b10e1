"""The core's own parts, registered through the same hooks as anybody's."""

from collections.abc import Mapping

from aaecore.architecture import Architecture
from aaecore.defaults.architectures import MLP
from aaecore.defaults.losses import (
    BCE,
    KL,
    HalfMeanSquaredError,
    HalfSquaredError,
    MeanAbsoluteError,
    MeanSquaredError,
)
from aaecore.defaults.priors import Categorical, Gaussian, Uniform
from aaecore.defaults.schedulers import Sequential
from aaecore.defaults.stackings import Single
from aaecore.hooks import hookimpl
from aaecore.loss import AdversarialLoss, Loss
from aaecore.prior import Prior
from aaecore.scheduler import PhaseScheduler
from aaecore.stacking import Stacking


@hookimpl
def aaecore_priors() -> Mapping[str, type[Prior]]:
    """Gaussian, uniform, categorical."""
    return {"gaussian": Gaussian, "uniform": Uniform, "categorical": Categorical}


@hookimpl
def aaecore_losses() -> Mapping[str, type[Loss | AdversarialLoss]]:
    """Reconstruction errors, the original adversarial game, the KL term."""
    return {
        "l2-half-sum": HalfSquaredError,
        "mse-mean": MeanSquaredError,
        "mse-half-mean": HalfMeanSquaredError,
        "l1-mean": MeanAbsoluteError,
        "bce": BCE,
        "kl": KL,
    }


@hookimpl
def aaecore_schedulers() -> Mapping[str, type[PhaseScheduler]]:
    """Every phase once."""
    return {"sequential": Sequential}


@hookimpl
def aaecore_stackings() -> Mapping[str, type[Stacking]]:
    """No growth."""
    return {"single": Single}


@hookimpl
def aaecore_architectures() -> Mapping[str, type[Architecture]]:
    """Fully connected networks."""
    return {"mlp": MLP}
