"""Networks by whose features samples are compared."""

from aaecore.features.network import FeatureNetwork
from aaecore.features.saved import own_classifier, read_classifier

__all__ = ["FeatureNetwork", "own_classifier", "read_classifier"]
