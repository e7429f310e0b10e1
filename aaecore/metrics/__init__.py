"""Figures of merit: plain functions of codes, images and predictions."""

from aaecore.metrics.clustering import (
    clustering_error,
    clustering_errors,
    labels_by_best_image,
    labels_by_majority,
    labels_one_to_one,
)
from aaecore.metrics.codes import dead_dimensions, moments, prior_gap, sigma_collapse
from aaecore.metrics.errors import classification_error, reconstruction_mse
from aaecore.metrics.parzen import SIGMAS, choose_sigma, parzen_log_likelihood

__all__ = [
    "SIGMAS",
    "choose_sigma",
    "classification_error",
    "clustering_error",
    "clustering_errors",
    "dead_dimensions",
    "labels_by_best_image",
    "labels_by_majority",
    "labels_one_to_one",
    "moments",
    "parzen_log_likelihood",
    "prior_gap",
    "reconstruction_mse",
    "sigma_collapse",
]
