"""The operations of a vector collection, from which its surfaces are generated."""

from collections.abc import Mapping
from typing import Any

from hz_core.arguments import int32
from hz_core.errors import HazelcastError
from hz_core.op import Flow, Op
from hz_core.operations import KeyedOperations, none_refused
from hz_proxies.codecs import vector_collection as codec
from hz_proxies.vector_collection.availability import lacking
from hz_proxies.vector_collection.conversion import document_of, pair, record, results
from hz_proxies.vector_collection.documents import Document, SearchResult, Vector
from hz_serialization import Data


class VectorCollectionOperations(KeyedOperations):
    """A collection of documents by key, which are found by the vectors that are nearest to another one.

    Members of Hazelcast Enterprise have it from version 5.5 on. The collection must be configured, by the members'
    configuration or ``create_vector_collection_config`` of the client.
    """

    # Read by tools/generate_surfaces.py.
    service_name = "hz:service:vector"

    def get(self, key: object) -> Op[Document | None]:
        """Return the document of ``key``; None if there is none. Source: message ``VectorCollection.get``."""
        data, partition = self._keyed(key)
        return codec.get(partition, self.name, data).mapped(document_of)

    def put(self, key: object, document: Document) -> Op[Document | None]:
        """Store a document.

        Returns:
            The document that it replaces; None if there was none.

        Raises:
            TypeError, ValueError: It is no document, or a vector of it is none of finite numbers.

        Source: message ``VectorCollection.put``.
        """
        data, partition = self._keyed(key)
        return codec.put(partition, self.name, data, self._record(document)).mapped(document_of)

    def set(self, key: object, document: Document) -> Op[None]:
        """Store a document without transferring the one that it replaces.

        Raises:
            TypeError, ValueError: As ``put``.

        Source: message ``VectorCollection.set``.
        """
        data, partition = self._keyed(key)
        return codec.set(partition, self.name, data, self._record(document))

    def put_if_absent(self, key: object, document: Document) -> Op[Document | None]:
        """Store a document if ``key`` has none.

        Returns:
            The existing document; None if there was none.

        Raises:
            TypeError, ValueError: As ``put``.

        Source: message ``VectorCollection.putIfAbsent``.
        """
        data, partition = self._keyed(key)
        return codec.put_if_absent(partition, self.name, data, self._record(document)).mapped(document_of)

    def put_all(self, map: Mapping[Any, Document]) -> Flow[None]:
        """Store several documents: one request for each partition, in parallel.

        Args:
            map: The documents by key.

        Raises:
            TypeError, ValueError: As ``put``; nothing is stored.

        Source: message ``VectorCollection.putAll``.
        """
        if map is None:
            raise none_refused("map", self.name)
        batches: dict[int, list[tuple[Data, codec.VectorDocument]]] = {}
        for key, document in map.items():
            data, partition = self._keyed(key)
            batches.setdefault(partition, []).append((data, self._record(document)))
        return self._stored(
            [codec.put_all(partition, self.name, batch) for partition, batch in batches.items()]
        )

    def remove(self, key: object) -> Op[Document | None]:
        """Remove the document of ``key`` and return it; None if there is none.

        Source: message ``VectorCollection.remove``.
        """
        data, partition = self._keyed(key)
        return codec.remove(partition, self.name, data).mapped(document_of)

    def delete(self, key: object) -> Op[None]:
        """Remove the document of ``key`` without returning it. Source: message ``VectorCollection.delete``."""
        data, partition = self._keyed(key)
        return codec.delete(partition, self.name, data)

    def search_near_vector(
        self,
        vector: Vector,
        *,
        include_value: bool = False,
        include_vectors: bool = False,
        limit: int = 10,
        hints: dict[str, str] | None = None,
    ) -> Op[list[SearchResult]]:
        """Return the documents whose vectors are nearest to ``vector``, the most similar first.

        Args:
            vector: The vector; its name is that of the index to search, empty if there is only one.
            include_value: Whether the results have the values of the documents.
            include_vectors: Whether the results have the vectors of the documents.
            limit: Maximum number of results.
            hints: Hints for the search by name, such as ``efSearch``, for experts.

        Raises:
            TypeError, ValueError: ``vector`` is none of finite numbers, or ``limit`` not a positive integer.

        Source: message ``VectorCollection.searchNearVector``.
        """
        options = codec.VectorSearchOptions(
            include_value,
            include_vectors,
            int32(limit, "limit", 1),
            None if hints is None else list(hints.items()),
        )
        return codec.search_near_vector(self.name, [pair(vector)], options).mapped(results)

    def optimize(self, index_name: str | None = None) -> Op[None]:
        """Optimize an index: remove the traces of deleted documents, and add links that are missing. It takes long.

        Args:
            index_name: Name of the index; None if there is only one.

        Source: message ``VectorCollection.optimize``.
        """
        # The id tells members that a request was repeated after a lost connection.
        return codec.optimize(self.name, index_name, self._context.new_uuid())

    def clear(self) -> Op[None]:
        """Remove all documents. Source: message ``VectorCollection.clear``."""
        return codec.clear(self.name)

    def size(self) -> Op[int]:
        """Return the number of documents. Source: message ``VectorCollection.size``."""
        return codec.size(self.name)

    def _record(self, document: Document) -> codec.VectorDocument:
        if document is None:
            raise none_refused("document", self.name)
        return record(document, self._value)

    def _stored(self, requests: list[Op[None]]) -> Flow[None]:
        yield requests

    def _prepare(self) -> Flow[None]:
        try:
            yield from super()._prepare()
        except HazelcastError as e:
            raise lacking(e, f"the vector collection {self.name!r}", self._view.members.members) from e
