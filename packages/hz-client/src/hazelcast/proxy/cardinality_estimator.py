"""The cardinality estimator, which ``client.get_cardinality_estimator`` returns."""

from hz_proxies.cardinality_estimator import BlockingCardinalityEstimator, CardinalityEstimator

__all__ = ["BlockingCardinalityEstimator", "CardinalityEstimator"]
