"""Vector collections, as members of Hazelcast Enterprise have them: searched by comparing all vectors."""

from math import sqrt
from typing import Any

from hz_core.testing import codes
from hz_core.testing.members import MemberError, Request, Service, SimulatedCluster, serves

EUCLIDEAN, COSINE, DOT = 0, 1, 2

Document = tuple[bytes, list[tuple[str, int, list[float]]]]
"""The value, and name, type and components of each vector."""


@serves("DynamicConfig")
class VectorConfigService(Service):
    """The message of the service ``DynamicConfig`` that configures vector collections.

    Attributes:
        indexes: The indexes of each collection: name, metric, dimension and options.
        requests: The received requests.
    """

    def __init__(self, cluster: SimulatedCluster) -> None:
        super().__init__(cluster)
        self.indexes: dict[str, list[tuple[Any, ...]]] = {}
        self.requests: list[Request] = []

    def add_vector_collection_config(self, request: Request) -> None:
        """Add a configuration."""
        self.requests.append(request)
        self.indexes[request["name"]] = request["indexConfigs"]
        request.reply()


@serves("VectorCollection")
class VectorCollectionService(Service):
    """Messages of the service ``VectorCollection``.

    Attributes:
        optimized: Name of the collection, name of the index and id of each request to optimize.
    """

    service_name = "hz:service:vector"

    def __init__(self, cluster: SimulatedCluster) -> None:
        super().__init__(cluster)
        self.optimized: list[tuple[str, str | None, Any]] = []
        self._collections: dict[str, dict[bytes, Document]] = {}

    def destroy(self, name: str) -> None:
        """Forget a collection."""
        self._collections.pop(name, None)

    def reset(self) -> None:
        """Forget all collections."""
        self._collections.clear()

    def get(self, request: Request) -> None:
        """Reply a document."""
        request.reply(self._of(request).get(request["key"]))

    def put(self, request: Request) -> None:
        """Store a document, and reply the one before."""
        before = self._of(request).get(request["key"])
        self._store(request, request["key"], request["value"])
        request.reply_write(before)

    def put_if_absent(self, request: Request) -> None:
        """Store a document if there is none, and reply the one before."""
        before = self._of(request).get(request["key"])
        if before is None:
            self._store(request, request["key"], request["value"])
        request.reply_write(before)

    def set(self, request: Request) -> None:
        """Store a document."""
        self._store(request, request["key"], request["value"])
        request.reply_write()

    def put_all(self, request: Request) -> None:
        """Store documents of one partition."""
        for key, document in request["entries"]:
            if self.cluster.partition_of(key) != request.partition_id:
                raise MemberError(codes.ILLEGAL_ARGUMENT, "a key of another partition")
            self._store(request, key, document)
        request.reply_write()

    def remove(self, request: Request) -> None:
        """Remove a document and reply it."""
        request.reply_write(self._of(request).pop(request["key"], None))

    def delete(self, request: Request) -> None:
        """Remove a document."""
        self._of(request).pop(request["key"], None)
        request.reply_write()

    def search_near_vector(self, request: Request) -> None:
        """Reply the documents with the most similar vectors."""
        ((name, _, wanted),) = request["vectors"]
        include_value, include_vectors, limit, _ = request["options"]
        metric = self._index(request["name"], name)[1]
        found = []
        for key, (value, vectors) in self._of(request).items():
            vector = next(one[2] for one in vectors if one[0] == name)
            score = _score(metric, wanted, vector)
            found.append((key, value if include_value else None, score, vectors if include_vectors else None))
        found.sort(key=lambda one: -one[2])
        request.reply(found[:limit])

    def optimize(self, request: Request) -> None:
        """Note the request."""
        self.optimized.append((request["name"], request["indexName"], request["uuid"]))
        request.reply()

    def clear(self, request: Request) -> None:
        """Remove all documents."""
        self._of(request).clear()
        request.reply()

    def size(self, request: Request) -> None:
        """Reply the number of documents."""
        request.reply(len(self._of(request)))

    def _of(self, request: Request) -> dict[bytes, Document]:
        return self._collections.setdefault(request["name"], {})

    def _store(self, request: Request, key: bytes, document: Document) -> None:
        for name, _, vector in document[1]:
            dimension = self._index(request["name"], name)[2]
            if len(vector) != dimension:
                raise MemberError(codes.ILLEGAL_ARGUMENT, f"index {name!r} has dimension {dimension}")
        self._of(request)[key] = document

    def _index(self, collection: str, name: str) -> tuple[Any, ...]:
        for index in self.cluster.service(VectorConfigService).indexes.get(collection, ()):
            if index[0] == name:
                return index
        raise MemberError(codes.ILLEGAL_ARGUMENT, f"no index {name!r}")


def _score(metric: int, one: list[float], other: list[float]) -> float:
    dot = sum(a * b for a, b in zip(one, other, strict=True))
    if metric == EUCLIDEAN:
        return 1 / (1 + sum((a - b) ** 2 for a, b in zip(one, other, strict=True)))
    if metric == COSINE:
        return (1 + dot / sqrt(sum(a * a for a in one) * sum(b * b for b in other))) / 2
    return (1 + dot) / 2
