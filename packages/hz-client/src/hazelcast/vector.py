"""Documents of vector collections, their vectors, and the indexes over these."""

from hz_proxies.vector_collection.documents import (
    Document,
    IndexConfig,
    Metric,
    SearchOptions,
    SearchResult,
    Type,
    Vector,
)

VectorDocument = Document
VectorIndexConfig = IndexConfig
VectorPair = Vector
VectorSearchOptions = SearchOptions
VectorSearchResult = SearchResult
VectorType = Type

__all__ = [
    "Document",
    "IndexConfig",
    "Metric",
    "SearchOptions",
    "SearchResult",
    "Type",
    "Vector",
    "VectorDocument",
    "VectorIndexConfig",
    "VectorPair",
    "VectorSearchOptions",
    "VectorSearchResult",
    "VectorType",
]
