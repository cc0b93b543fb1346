"""Documents and vectors to the protocol's types and back."""

from collections.abc import Callable
from typing import Any

from hz_core.arguments import shown
from hz_proxies.codecs import vector_collection as codec
from hz_proxies.vector_collection.documents import Document, SearchResult, Type, Vector, components
from hz_serialization import Data


def pair(vector: Any) -> codec.VectorPair:
    """Return the protocol's form of a vector.

    Raises:
        TypeError, ValueError: It is no vector, or one that members cannot store.
    """
    if not isinstance(vector, Vector):
        raise TypeError(f"a Vector is needed, not {shown(vector)}")
    name: Any = vector.name
    kind: Any = vector.type
    if not isinstance(name, str) or not isinstance(kind, Type):
        raise TypeError(f"name must be a string and type a Type in {shown(vector)}")
    return codec.VectorPair(name, kind.value, components(vector.vector))


def pairs(vectors: Vector | list[Vector]) -> list[codec.VectorPair]:
    """Return the protocol's form of the vectors of a document."""
    return [pair(vector) for vector in ([vectors] if isinstance(vectors, Vector) else vectors)]


def record(document: Document, to_data: Callable[[Any, str], Data]) -> codec.VectorDocument:
    """Return the protocol's form of a document.

    Raises:
        AssertionError: Its value is None.
        TypeError, ValueError: It is no document, or has no proper vectors.
    """
    if not isinstance(document, Document):
        raise TypeError(f"a Document is needed, not {shown(document)}")
    return codec.VectorDocument(to_data(document.value, "value"), pairs(document.vectors))


def document_of(found: codec.VectorDocument | None) -> Document | None:
    """Return the document of a reply; None if there is none."""
    return None if found is None else Document(found.value, _vectors(found.vectors))


def results(found: list[codec.VectorSearchResult]) -> list[SearchResult]:
    """Return the results of a search."""
    return [SearchResult(one.key, one.value, one.score, _vectors(one.vectors or [])) for one in found]


def _vectors(found: list[codec.VectorPair]) -> list[Vector]:
    return [Vector(one.name, Type(one.type), one.vector or []) for one in found]
