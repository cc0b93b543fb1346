"""What differs on purpose from the official client, what is missing, and what other pages are for.

Keys are regular expressions for whole paths.
"""

from typing import Final

DIFFERENT: Final[dict[str, str]] = {
    r"hazelcast\.proxy\.ProxyManager(\..+)?": "internal; `client.get_distributed_objects` is public",
    r"hazelcast\.transaction\.TransactionManager(\..+)?": "internal; `client.new_transaction` is public",
    r"hazelcast\.proxy\.base\.(PartitionSpecificProxy|TransactionalProxy)": "internal base class",
    r"hazelcast\.transaction\.Transaction\.__exit__": "parameters have other names; only `with` passes them",
    r"hazelcast\.asyncio\.(EntryEventCallable|LockContext(\..+)?)": (
        "need no import path: a type alias, and what `Map.lock_context` and `MultiMap.lock_context` return"
    ),
    r"hazelcast\.proxy\.cp\.(BaseCPProxy|SessionAwareCPProxy)(\..+)?": "internal base class",
    r"hazelcast\.internal\.asyncio_sql\..+": "internal; `client.sql` of the asyncio client has these methods",
    r"hazelcast\.proxy\.base\.Proxy\.blocking": "each structure has its own, with its own type",
}
"""Names that are missing or that differ for a reason."""

MISSING: Final[dict[str, str]] = {
    r"hazelcast\.cluster\.(ClientInfo|VectorClock)(\..+)?": "no operation takes or returns one",
}
"""Names that are still to come, with what they belong to."""

ELSEWHERE: Final[dict[str, str]] = {}
"""Names of features that other pages are about."""
