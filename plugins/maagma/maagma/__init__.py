"""Two WGAN-GP critics on one autoencoder: one of codes moves the encoder, one of images the decoder."""

from collections.abc import Mapping

from aaecore.architecture import Architecture
from aaecore.hooks import hookimpl
from aaecore.loss import AdversarialLoss, Loss
from aaecore.recipe import Recipe
from aaecore.scheduler import PhaseScheduler
from maagma.baseline import LFWBaseline, WassersteinAAE
from maagma.networks import LFWNetworks, MNISTNetworks
from maagma.recipe import Maagma, MaagmaCode, MaagmaLFW
from maagma.timetable import Timetable
from maagma.wgan import WGANGP


@hookimpl
def aaecore_losses() -> Mapping[str, type[Loss | AdversarialLoss]]:
    """The Wasserstein game with gradient penalty."""
    return {"wgan-gp": WGANGP}


@hookimpl
def aaecore_schedulers() -> Mapping[str, type[PhaseScheduler]]:
    """Phases that start late, repeat, or weigh less."""
    return {"timetable": Timetable}


@hookimpl
def aaecore_architectures() -> Mapping[str, type[Architecture]]:
    """The networks for the two data sets; both take any image size."""
    return {"maagma-mnist": MNISTNetworks, "maagma-lfw": LFWNetworks}


@hookimpl
def aaecore_recipes() -> Mapping[str, type[Recipe]]:
    """The variants, and the baselines without the critic of images."""
    return {
        "maagma": Maagma,
        "maagma-code": MaagmaCode,
        "maagma-lfw": MaagmaLFW,
        "maagma-aae": WassersteinAAE,
        "maagma-lfw-aae": LFWBaseline,
    }
