"""How members tell of changes of the entries of a map."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from hz_core.local_copies import Change, Numbers
from hz_core.op import Op
from hz_proxies.codecs import map as codec
from hz_proxies.events import EntryEventType


class MapChanges:
    """The invalidations of a map, see :class:`hz_core.local_copies.ChangeFeed`. Members may collect some first."""

    numbered = True

    def listen(self, name: str, local_only: bool, /) -> Op[UUID]:
        """Return the operation that registers a listener. Source: message ``Map.addNearCacheInvalidationListener``."""
        return codec.add_near_cache_invalidation_listener(name, EntryEventType.INVALIDATION, local_only)

    def stop(self, name: str, registration: UUID, /) -> Op[bool]:
        """Return the operation that removes a listener. Source: message ``Map.removeEntryListener``."""
        return codec.remove_entry_listener(name, registration)

    def changes(self, event: Any, /) -> Iterable[Change]:
        """Return the changes that an event tells of, one or many."""
        if isinstance(event, codec.BatchInvalidationEvent):
            return zip(event.keys, event.source_uuids, event.partition_uuids, event.sequences, strict=True)
        return ((event.key, event.source_uuid, event.partition_uuid, event.sequence),)

    def numbers(self, names: list[str], member: UUID, /) -> Op[Numbers]:
        """Return the operation that asks a member for its numbers.

        Source: message ``Map.fetchNearCacheInvalidationMetadata``.
        """
        return codec.fetch_near_cache_invalidation_metadata(names, member).mapped(
            lambda reply: (reply.name_partition_sequence_list, reply.partition_uuid_list)
        )
