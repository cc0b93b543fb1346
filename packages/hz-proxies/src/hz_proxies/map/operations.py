"""The operations of a map, from which its surfaces are generated."""

from typing import ClassVar, Generic

from hz_core.local_copies import ChangeFeed
from hz_proxies.codecs import map as codec
from hz_proxies.key_locks import KeyLockOperations, LockMessages
from hz_proxies.map.bulk import BulkOperations
from hz_proxies.map.changes import MapChanges
from hz_proxies.map.entries import EntryOperations
from hz_proxies.map.journal import JournalOperations
from hz_proxies.map.listeners import ListenerOperations
from hz_proxies.map.processing import ProcessingOperations
from hz_proxies.map.tables import TableOperations
from hz_proxies.types import K, V


class MapOperations(
    EntryOperations[K, V],
    KeyLockOperations[K],
    BulkOperations[K, V],
    TableOperations[K, V],
    ProcessingOperations[K, V],
    ListenerOperations[K, V],
    JournalOperations[K, V],
    Generic[K, V],
):
    """A distributed map, partitioned by key, with backups.

    Keys and values are stored in serialized form, so reads return copies. Keys are compared in serialized form, so
    equal keys must have equal serialized bytes. None cannot be a key or a value.

    Durations are seconds. TypeError for what is no number, and ValueError for a negative, infinite or too large one,
    are raised at the call; ``ttl``, ``max_idle`` and ``lease_time`` take -1 as None.
    """

    # Read by tools/generate_surfaces.py.
    service_name = "hz:impl:mapService"
    blocking_base = "hz_proxies.map.collections.BlockingMapMapping"
    asyncio_base = "hz_proxies.map.collections.AsyncioMapMapping"

    _lock_messages: ClassVar[LockMessages] = codec
    _changes: ClassVar[ChangeFeed | None] = MapChanges()
