"""Figures of merit: plain functions of codes, images and predictions."""

from aaecore.metrics.clustering import (
    cluster_agreement,
    clustering_error,
    clustering_errors,
    labels_by_best_image,
    labels_by_majority,
    labels_one_to_one,
)
from aaecore.metrics.codes import dead_dimensions, discriminator_accuracy, moments, prior_gap, sigma_collapse
from aaecore.metrics.distances import mmd, sliced_wasserstein
from aaecore.metrics.errors import classification_error, reconstruction_mse
from aaecore.metrics.generated import frechet_distance, inception_score, kernel_distance
from aaecore.metrics.images import diversity, sharpness, signal_to_noise, structural_similarity
from aaecore.metrics.manifold import precision_recall_density_coverage
from aaecore.metrics.memorisation import copying, nearest, nearest_in
from aaecore.metrics.parzen import SIGMAS, choose_sigma, parzen_log_likelihood

__all__ = [
    "SIGMAS",
    "choose_sigma",
    "classification_error",
    "cluster_agreement",
    "clustering_error",
    "clustering_errors",
    "copying",
    "dead_dimensions",
    "discriminator_accuracy",
    "diversity",
    "frechet_distance",
    "inception_score",
    "kernel_distance",
    "labels_by_best_image",
    "labels_by_majority",
    "labels_one_to_one",
    "mmd",
    "moments",
    "nearest",
    "nearest_in",
    "parzen_log_likelihood",
    "precision_recall_density_coverage",
    "prior_gap",
    "reconstruction_mse",
    "sharpness",
    "sigma_collapse",
    "signal_to_noise",
    "sliced_wasserstein",
    "structural_similarity",
]
