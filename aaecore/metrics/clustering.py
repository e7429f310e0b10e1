"""How well unsupervised clusters q(y|x) match classes, under three rules that name the clusters."""

from __future__ import annotations

import numpy as np

from aaecore.arrays import Floats, Integers, Values, floats, integers
from aaecore.errors import DataError
from aaecore.metrics.errors import classification_error


def labels_by_best_image(probabilities: Values, labels: Values) -> Integers:
    """A label (K,) for each cluster: that of the image maximising q(y_i|x) (Makhzani et al. 2015, section 6).

    `probabilities` (N, K) and `labels` (N,) are of the validation images; those labelled below 0 are ignored.
    A cluster that is no image's most likely one is named the same way.
    """
    q, y = _labelled(probabilities, labels)
    best: Integers = y[q.argmax(axis=0)]
    return best


def labels_by_majority(probabilities: Values, labels: Values) -> Integers:
    """A label (K,) for each cluster: that of most of its images, or else of its best one."""
    q, y = _labelled(probabilities, labels)
    counts = _counts(q, y)
    return np.where(counts.any(axis=1), counts.argmax(axis=1), labels_by_best_image(q, y))


def labels_one_to_one(probabilities: Values, labels: Values) -> Integers:
    """A label (K,) for each cluster, no label twice, so that most images match (Hungarian method).

    Where there are more clusters than classes, those left over have label -1.
    """
    from scipy.optimize import linear_sum_assignment

    q, y = _labelled(probabilities, labels)
    clusters, classes = linear_sum_assignment(_counts(q, y), maximize=True)
    names = np.full(q.shape[1], -1)
    names[clusters] = classes
    return names


def clustering_error(cluster_labels: Values, probabilities: Values, labels: Values) -> float:
    """Share in [0, 1] of labelled test images whose most likely cluster is not named by their class."""
    return classification_error(integers(cluster_labels)[_checked(probabilities).argmax(axis=1)], labels)


def clustering_errors(
    validation: Values, validation_labels: Values, test: Values, test_labels: Values
) -> dict[str, float]:
    """The test error under all three rules; `validation` and `test` are q(y|x), (N, K) each.

    `clustering_error` is by the best image, the paper's rule; `clustering_error_majority` and
    `clustering_error_one_to_one` are by the others.
    """
    rules = {"": labels_by_best_image, "_majority": labels_by_majority, "_one_to_one": labels_one_to_one}
    return {
        f"clustering_error{end}": clustering_error(rule(validation, validation_labels), test, test_labels)
        for end, rule in rules.items()
    }


def cluster_agreement(probabilities: Values, labels: Values) -> dict[str, float]:
    """Normalised mutual information (0 to 1) and adjusted Rand index (1 at best, 0 by chance) of clusters and classes.

    NMI divides by the mean of both entropies; ARI is that of Hubert and Arabie 1985. Neither needs names for clusters.
    """
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    q, y = _labelled(probabilities, labels)
    clusters = q.argmax(axis=1)
    return {
        "clustering_nmi": float(normalized_mutual_info_score(y, clusters)),
        "clustering_ari": float(adjusted_rand_score(y, clusters)),
    }


def _counts(q: Floats, y: Integers) -> Integers:
    counts = np.zeros((q.shape[1], int(y.max()) + 1), dtype=np.int64)
    np.add.at(counts, (q.argmax(axis=1), y), 1)
    return counts


def _labelled(probabilities: Values, labels: Values) -> tuple[Floats, Integers]:
    q, y = _checked(probabilities), integers(labels)
    if len(q) != len(y):
        raise DataError(f"{len(q)} rows of cluster probabilities for {len(y)} labels: give one each")
    if not (y >= 0).any():
        raise DataError("no validation image has a label, so clusters have no names: give labelled images")
    return q[y >= 0], y[y >= 0]


def _checked(probabilities: Values) -> Floats:
    q = floats(probabilities)
    if q.ndim != 2 or not q.size:
        raise DataError(f"cluster probabilities have shape {q.shape}: they must be (images, clusters)")
    return q
