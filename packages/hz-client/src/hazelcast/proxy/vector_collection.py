"""The vector collection, which ``client.get_vector_collection`` returns."""

from hz_proxies.vector_collection import BlockingVectorCollection, VectorCollection

__all__ = ["BlockingVectorCollection", "VectorCollection"]
