"""Collections of documents that are found by vectors near to another (``hz:service:vector``)."""

from hz_proxies.vector_collection.blocking import BlockingVectorCollection
from hz_proxies.vector_collection.documents import Document, IndexConfig, Metric, SearchResult, Type, Vector
from hz_proxies.vector_collection.futures import VectorCollection
from hz_proxies.vector_collection.kind import VECTOR_COLLECTION
from hz_serialization.public_names import publish

__all__ = [
    "VECTOR_COLLECTION",
    "BlockingVectorCollection",
    "Document",
    "IndexConfig",
    "Metric",
    "SearchResult",
    "Type",
    "Vector",
    "VectorCollection",
]

publish(__name__, (globals()[name] for name in __all__))
