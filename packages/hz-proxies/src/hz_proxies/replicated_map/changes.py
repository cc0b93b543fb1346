"""How members tell of changes of the entries of a replicated map."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from hz_core.errors import UnsupportedOperationError
from hz_core.local_copies import Change, Numbers
from hz_core.op import Op
from hz_proxies.codecs import replicated_map as codec


class ReplicatedMapChanges:
    """The events of a replicated map, see :class:`hz_core.local_copies.ChangeFeed`. They have no numbers."""

    numbered = False

    def listen(self, name: str, local_only: bool, /) -> Op[UUID]:
        """Return the operation that registers a listener.

        Source: message ``ReplicatedMap.addNearCacheEntryListener``.
        """
        return codec.add_near_cache_entry_listener(name, False, local_only)

    def stop(self, name: str, registration: UUID, /) -> Op[bool]:
        """Return the operation that removes a listener. Source: message ``ReplicatedMap.removeEntryListener``."""
        return codec.remove_entry_listener(name, registration)

    def changes(self, event: Any, /) -> Iterable[Change]:
        """Return the one change that an event tells of."""
        return ((event.key, None, None, 0),)

    def numbers(self, names: list[str], member: UUID, /) -> Op[Numbers]:
        """Refuse: changes have no numbers."""
        raise UnsupportedOperationError(f"changes of replicated maps have no numbers: {names}, {member}")
