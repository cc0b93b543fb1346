"""Multimaps, whose keys have sets or lists of values."""

from collections.abc import Iterable
from typing import Any

from hz_core.testing.locks import Locks
from hz_core.testing.members import Listener, Request, SimulatedCluster, SimulatedMember, serves
from hz_core.testing.services.key_locks import KeyLocking, Values

ADDED = 1
REMOVED = 2
CLEAR_ALL = 64


class MultiMapState:
    """One multimap of the cluster.

    Attributes:
        values: The values of each key that has any, by partition and key.
        lists: Whether a key may have the same value several times; a set by default, as with real members.
        locks: The locks of keys, by partition and key.
    """

    def __init__(self, cluster: SimulatedCluster) -> None:
        self.values: dict[tuple[int, bytes], list[bytes]] = {}
        self.lists = False
        self.locks: Locks = Locks(cluster)

    def of(self, place: tuple[int, bytes]) -> list[bytes]:
        """Return a copy of the values of a key."""
        return list(self.values.get(place, ()))

    def pairs(self) -> list[tuple[bytes, bytes]]:
        """Return all pairs of a key and a value."""
        return [(key, value) for (_, key), values in self.values.items() for value in values]


@serves("MultiMap")
class MultiMapService(KeyLocking):
    """Messages of the service ``MultiMap``."""

    service_name = "hz:impl:multiMapService"

    def __init__(self, cluster: SimulatedCluster) -> None:
        super().__init__(cluster)
        self._multi_maps: dict[str, MultiMapState] = {}

    def state(self, name: str) -> MultiMapState:
        """Return a multimap; it begins empty."""
        return self._multi_maps.setdefault(name, MultiMapState(self.cluster))

    def destroy(self, name: str) -> None:
        """Forget a multimap; requests that wait for a lock fail, because it is destroyed."""
        if name in self._multi_maps:
            self._multi_maps.pop(name).locks.destroy(name)

    def reset(self) -> None:
        """Forget all multimaps."""
        for name in list(self._multi_maps):
            self.destroy(name)

    # --- changes ---

    def put(self, request: Request) -> None:
        """Add a value; reply whether it was added."""
        self._when_free(request, lambda: (self._add(request, request["key"], request["value"]),))

    def put_all(self, request: Request) -> None:
        """Add values to keys of one partition."""
        for key, values in request["entries"]:
            for value in values:
                self._add(request, key, value)
        request.reply_write()

    def remove(self, request: Request) -> None:
        """Remove all values of a key and reply them."""

        def remove() -> Values:
            values = self._values(request)
            self.change(request.member, request["name"], _place(request), [])
            return (values,)

        self._when_free(request, remove)

    def delete(self, request: Request) -> None:
        """Remove all values of a key; as with real members, listeners are not told."""

        def delete() -> Values:
            self._state(request).values.pop(_place(request), None)
            return ()

        self._when_free(request, delete)

    def remove_entry(self, request: Request) -> None:
        """Remove a value of a key; reply whether it was there."""

        def remove() -> Values:
            values = self._values(request)
            if request["value"] not in values:
                return (False,)
            values.remove(request["value"])
            self.change(request.member, request["name"], _place(request), values)
            return (True,)

        self._when_free(request, remove)

    def clear(self, request: Request) -> None:
        """Remove the values of all keys that are not locked."""
        state = self._state(request)
        free = [place for place in state.values if not state.locks.is_locked(place)]
        removed = sum(len(state.values.pop(place)) for place in free)
        self._publish(request.member, request["name"], -1, None, (None, None), CLEAR_ALL, removed)
        request.reply_write()

    def change(
        self, member: SimulatedMember, name: str, place: tuple[int, bytes], values: Iterable[bytes]
    ) -> None:
        """Give a key other values, and tell listeners of the difference."""
        state, (partition, key) = self.state(name), place
        before, after = state.of(place), list(values)
        if after:
            state.values[place] = after
        else:
            state.values.pop(place, None)
        added = list(after)
        for value in before:
            if value in added:
                added.remove(value)
            else:
                self._publish(member, name, partition, key, (None, value), REMOVED)
        for value in added:
            self._publish(member, name, partition, key, (value, None), ADDED)

    # --- looking ---

    def get(self, request: Request) -> None:
        """Reply the values of a key."""
        self._when_readable(request, lambda: (self._values(request),))

    def contains_key(self, request: Request) -> None:
        """Reply whether a key has any value."""
        self._when_readable(request, lambda: (bool(self._values(request)),))

    def contains_entry(self, request: Request) -> None:
        """Reply whether a key has a value."""
        self._when_readable(request, lambda: (request["value"] in self._values(request),))

    def value_count(self, request: Request) -> None:
        """Reply the number of values of a key."""
        self._when_readable(request, lambda: (len(self._values(request)),))

    def contains_value(self, request: Request) -> None:
        """Reply whether any key has a value."""
        request.reply(any(value == request["value"] for _, value in self._state(request).pairs()))

    def key_set(self, request: Request) -> None:
        """Reply all keys."""
        request.reply([key for _, key in self._state(request).values])

    def values(self, request: Request) -> None:
        """Reply all values."""
        request.reply([value for _, value in self._state(request).pairs()])

    def entry_set(self, request: Request) -> None:
        """Reply all pairs; equal ones once only, as real members do."""
        request.reply(list(dict.fromkeys(self._state(request).pairs())))

    def size(self, request: Request) -> None:
        """Reply the number of pairs."""
        request.reply(len(self._state(request).pairs()))

    # --- listeners ---

    def add_entry_listener(self, request: Request) -> None:
        """Tell of changes from now on."""
        registration = self.cluster.new_uuid()
        request.session.listeners[registration] = Listener(
            self.name,
            request["name"],
            request.correlation_id,
            f"{request.method} event Entry",
            include_value=request["includeValue"],
            key=request.named.get("key"),
            local_only=request["localOnly"],
        )
        request.reply(registration)

    def add_entry_listener_to_key(self, request: Request) -> None:
        """Tell of changes of one key from now on."""
        self.add_entry_listener(request)

    def remove_entry_listener(self, request: Request) -> None:
        """Tell of changes no more."""
        request.reply(request.member.remove_listener(request["registrationId"]))

    # --- parts ---

    def _state(self, request: Request) -> MultiMapState:
        return self.state(request["name"])

    def _locks(self, request: Request) -> Locks:
        return self._state(request).locks

    def _values(self, request: Request) -> list[bytes]:
        return self._state(request).of(_place(request))

    def _add(self, request: Request, key: bytes, value: bytes) -> bool:
        state, place = self._state(request), (request.partition_id, key)
        values = state.of(place)
        if value in values and not state.lists:
            return False
        self.change(request.member, request["name"], place, [*values, value])
        return True

    def _publish(
        self,
        member: SimulatedMember,
        name: str,
        partition: int,
        key: bytes | None,
        values: tuple[bytes | None, bytes | None],
        event_type: int,
        affected: int = 1,
    ) -> None:
        def told(listener: Listener) -> Iterable[Any] | None:
            if key is not None and listener.key not in (None, key):
                return None
            new, old = values if listener.include_value else (None, None)
            return (key, new, old, None, event_type, member.uuid, affected)

        self.cluster.publish(member, self.name, name, told, partition)


def _place(request: Request) -> tuple[int, bytes]:
    return request.partition_id, request["key"]
