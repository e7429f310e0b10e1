"""Adversarial Autoencoders (Makhzani et al. 2015): all variants, with VAE and DCGAN as baselines."""

from collections.abc import Mapping

from aae_classic.baselines import DCGAN, VAE
from aae_classic.cnn import CNN
from aae_classic.dcgan import DCGANNetworks
from aae_classic.heads import DimensionalityReduction
from aae_classic.losses import Bernoulli
from aae_classic.priors import Mixture, SwissRoll
from aae_classic.recipe import Classic, LabelInformedPrior, Supervised
from aae_classic.semi import Clustering, SemiSupervised
from aaecore.architecture import Architecture
from aaecore.hooks import hookimpl
from aaecore.loss import AdversarialLoss, Loss
from aaecore.prior import Prior
from aaecore.recipe import Recipe


@hookimpl
def aaecore_priors() -> Mapping[str, type[Prior]]:
    """The two priors of figure 3 and 4."""
    return {"mixture": Mixture, "swiss-roll": SwissRoll}


@hookimpl
def aaecore_losses() -> Mapping[str, type[Loss | AdversarialLoss]]:
    """The usual likelihood of a VAE on images."""
    return {"bernoulli": Bernoulli}


@hookimpl
def aaecore_architectures() -> Mapping[str, type[Architecture]]:
    """Convolutional networks with three switches, and DCGAN's."""
    return {"cnn": CNN, "dcgan": DCGANNetworks}


@hookimpl
def aaecore_recipes() -> Mapping[str, type[Recipe]]:
    """The paper's variants and the two baselines."""
    return {
        "classic": Classic,
        "classic-label-prior": LabelInformedPrior,
        "classic-supervised": Supervised,
        "classic-semi-supervised": SemiSupervised,
        "classic-clustering": Clustering,
        "classic-dim-reduction": DimensionalityReduction,
        "classic-vae": VAE,
        "classic-dcgan": DCGAN,
    }
