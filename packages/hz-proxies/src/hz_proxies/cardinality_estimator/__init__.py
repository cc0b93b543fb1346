"""Estimator of the number of distinct values (``hz:impl:cardinalityEstimatorService``)."""

from hz_proxies.cardinality_estimator.blocking import BlockingCardinalityEstimator
from hz_proxies.cardinality_estimator.futures import CardinalityEstimator
from hz_proxies.cardinality_estimator.kind import CARDINALITY_ESTIMATOR
from hz_serialization.public_names import publish

__all__ = ["CARDINALITY_ESTIMATOR", "BlockingCardinalityEstimator", "CardinalityEstimator"]

publish(__name__, (globals()[name] for name in __all__))
