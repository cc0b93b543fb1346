"""Maps. Predicates need ``SimulatedCluster.matches``, processors ``MapService.process``."""

from hz_core.testing import codes
from hz_core.testing.members import Listener, MemberError, Request, serves
from hz_core.testing.services.key_locks import Values
from hz_core.testing.services.map_messages import MapMessages
from hz_core.testing.services.map_processing import Journaling, Processing
from hz_core.testing.services.map_state import (
    CLEAR_ALL,
    EVICT_ALL,
    EVICTED,
    FOREVER,
    REMOVED,
    Entry,
    MapState,
    Origin,
)


class _Entries(MapMessages):
    """Messages on one key."""

    def get(self, request: Request) -> None:
        """Reply the value."""

        def value(state: MapState) -> Values:
            entry = state.access(request.partition_id, request["key"])
            return (entry.value if entry else None,)

        self._read(request, value)

    def contains_key(self, request: Request) -> None:
        """Reply whether there is an entry."""
        self._read(request, lambda state: (state.access(request.partition_id, request["key"]) is not None,))

    def get_entry_view(self, request: Request) -> None:
        """Reply the entry with its statistics, which are -1 unless the map keeps them."""

        def view(state: MapState) -> Values:
            entry = state.find(request.partition_id, request["key"])
            return (None, 0) if entry is None else (_view(entry, state.statistics), entry.max_idle or FOREVER)

        self._read(request, view)

    def put(self, request: Request) -> None:
        """Store the value and reply the one before."""
        self._write(request, lambda state: (self._store(request, state),))

    def put_with_max_idle(self, request: Request) -> None:
        """Store the value and reply the one before."""
        self.put(request)

    def set(self, request: Request) -> None:
        """Store the value."""

        def store(state: MapState) -> Values:
            self._store(request, state)
            return ()

        self._write(request, store)

    def set_with_max_idle(self, request: Request) -> None:
        """Store the value."""
        self.set(request)

    def put_transient(self, request: Request) -> None:
        """Store the value; there is no map store."""
        self.set(request)

    def put_transient_with_max_idle(self, request: Request) -> None:
        """Store the value; there is no map store."""
        self.set(request)

    def put_if_absent(self, request: Request) -> None:
        """Store the value unless there is one, which is the reply."""

        def store(state: MapState) -> Values:
            entry = self._found(request)
            return (entry.value if entry else self._store(request, state),)

        self._write(request, store)

    def put_if_absent_with_max_idle(self, request: Request) -> None:
        """Store the value unless there is one, which is the reply."""
        self.put_if_absent(request)

    def try_put(self, request: Request) -> None:
        """Store the value if the lock can be had in time."""

        def store(state: MapState) -> Values:
            self._store(request, state, added=True)
            return (True,)

        self._write(request, store, timeout=request["timeout"], otherwise=(False,))

    def replace(self, request: Request) -> None:
        """Store the value if there is one before, which is the reply."""

        def store(state: MapState) -> Values:
            return (self._store(request, state) if self._found(request) else None,)

        self._write(request, store)

    def replace_if_same(self, request: Request) -> None:
        """Store the value if the one before has the bytes of the test value."""

        def store(state: MapState) -> Values:
            entry = self._found(request)
            if entry is None or entry.value != request["testValue"]:
                return (False,)
            self._store(request, state)
            return (True,)

        self._write(request, store)

    def remove(self, request: Request) -> None:
        """Remove the entry and reply its value."""
        self._write(request, lambda state: (self._take(request, state),))

    def delete(self, request: Request) -> None:
        """Remove the entry; events do not have its value."""

        def take(state: MapState) -> Values:
            taken = state.take(Origin.of(request), request.partition_id, request["key"], tell_value=False)
            return (taken is not None,)

        self._write(request, take)

    def remove_if_same(self, request: Request) -> None:
        """Remove the entry if it has this value."""

        def take(state: MapState) -> Values:
            entry = self._found(request)
            if entry is None or entry.value != request["value"]:
                return (False,)
            return (self._take(request, state) is not None,)

        self._write(request, take)

    def try_remove(self, request: Request) -> None:
        """Remove the entry if the lock can be had in time."""
        self._write(
            request,
            lambda state: (self._take(request, state) is not None,),
            timeout=request["timeout"],
            otherwise=(False,),
        )

    def evict(self, request: Request) -> None:
        """Remove the entry as if the memory was needed."""
        self._write(request, lambda state: (self._take(request, state, EVICTED) is not None,))

    def set_ttl(self, request: Request) -> None:
        """Give the entry a new time to live."""

        def change(state: MapState) -> Values:
            entry = state.find(request.partition_id, request["key"])
            if entry is not None:
                state.set_ttl(Origin.of(request), request.partition_id, entry, request["ttl"])
            return (entry is not None,)

        self._write(request, change)

    def _take(self, request: Request, state: MapState, event_type: int = REMOVED) -> bytes | None:
        return state.take(Origin.of(request), request.partition_id, request["key"], event_type)


def _view(entry: Entry, statistics: bool) -> Values:
    """Return the fields of a ``SimpleEntryView``."""

    def kept(number: int) -> int:
        return number if statistics else -1

    def moment(seconds: float | None) -> int:
        # Members keep moments in full seconds.
        return kept(int(seconds or 0) * 1000)

    expires, updated = FOREVER, moment(entry.updated)
    if entry.due < FOREVER:
        # An entry that expires has this moment without statistics, too.
        expires, updated = int(entry.due) * 1000, int(entry.ttl_since) * 1000
    return (
        entry.key, entry.value, len(entry.value) + 52, moment(entry.created), expires, kept(entry.hits),
        moment(entry.accessed), -1, updated, entry.version, entry.ttl or FOREVER, entry.max_idle or FOREVER,
    )  # fmt: skip


class _Bulk(MapMessages):
    """Messages on many entries."""

    def put_all(self, request: Request) -> None:
        """Store entries of one partition."""
        for key, value in request["entries"]:
            self.cluster.puts.append((key, value))
            self._map(request).store(Origin.of(request), request.partition_id, key, value, added=True)
        request.reply_write()

    def get_all(self, request: Request) -> None:
        """Reply the entries of keys of one partition."""
        state = self._map(request)
        found = [state.access(request.partition_id, key) for key in request["keys"]]
        request.reply([(entry.key, entry.value) for entry in found if entry])

    def size(self, request: Request) -> None:
        """Reply the number of entries."""
        request.reply(len(self._map(request).entries()))

    def is_empty(self, request: Request) -> None:
        """Reply whether there is no entry."""
        request.reply(not self._map(request).entries())

    def contains_value(self, request: Request) -> None:
        """Reply whether any entry has this value."""
        request.reply(request["value"] in self._map(request).values().values())

    def clear(self, request: Request) -> None:
        """Remove all entries but those of locked keys."""
        self._map(request).take_all(Origin.of(request), CLEAR_ALL)
        request.reply_write()

    def evict_all(self, request: Request) -> None:
        """Evict all entries but those of locked keys."""
        self._map(request).take_all(Origin.of(request), EVICT_ALL)
        request.reply_write()

    def remove_all(self, request: Request) -> None:
        """Remove the entries that match a predicate."""
        state = self._map(request)
        for partition, entry in state.matching(request["predicate"]):
            origin = Origin(self.cluster.owner(partition), Origin.of(request).source)
            state.take(origin, partition, entry.key)
        request.reply_write()

    def flush(self, request: Request) -> None:
        """Reply; there is no map store."""
        request.reply()

    def load_all(self, request: Request) -> None:
        """Reply; there is no map store."""
        request.reply()

    def load_given_keys(self, request: Request) -> None:
        """Reply; there is no map store."""
        request.reply()

    def add_index(self, request: Request) -> None:
        """Reply; queries need no index."""
        request.reply()

    def fetch_keys(self, request: Request) -> None:
        """Reply the next keys of a partition."""
        pointers, entries = self._page(request)
        request.reply(pointers, [entry.key for entry in entries])

    def fetch_entries(self, request: Request) -> None:
        """Reply the next entries of a partition."""
        pointers, entries = self._page(request)
        request.reply(pointers, [(entry.key, entry.value) for entry in entries])

    def _page(self, request: Request) -> tuple[list[tuple[int, int]], list[Entry]]:
        state = self._map(request)
        return state.page(request.partition_id, request["iterationPointers"], request["batch"])


class _Queries(MapMessages):
    """Messages that look at all entries."""

    def key_set(self, request: Request) -> None:
        """Reply all keys."""
        request.reply([entry.key for entry in self._queried(request)])

    def values(self, request: Request) -> None:
        """Reply all values."""
        request.reply([entry.value for entry in self._queried(request)])

    def entry_set(self, request: Request) -> None:
        """Reply all entries."""
        request.reply([(entry.key, entry.value) for entry in self._queried(request)])

    def key_set_with_predicate(self, request: Request) -> None:
        """Reply the keys of entries that match."""
        self.key_set(request)

    def values_with_predicate(self, request: Request) -> None:
        """Reply the values of entries that match."""
        self.values(request)

    def entries_with_predicate(self, request: Request) -> None:
        """Reply the entries that match."""
        self.entry_set(request)

    def _queried(self, request: Request) -> list[Entry]:
        state, predicate = self._map(request), request.named.get("predicate")
        found = state.entries() if predicate is None else state.matching(predicate)
        return [entry for partition, entry in found if request.partition_id in (-1, partition)]


class _Listening(MapMessages):
    """Messages about listeners."""

    def add_entry_listener(self, request: Request) -> None:
        """Tell of changes from now on."""
        named = request.named
        if "predicate" in named and self.cluster.matches is None:
            raise MemberError(codes.UNSUPPORTED, "predicates need SimulatedCluster.matches")
        registration = self.cluster.new_uuid()
        request.session.listeners[registration] = Listener(
            self.name,
            request["name"],
            request.correlation_id,
            f"{request.method} event Entry",
            include_value=request["includeValue"],
            flags=request["listenerFlags"],
            key=named.get("key"),
            predicate=named.get("predicate"),
            local_only=request["localOnly"],
        )
        request.reply(registration)

    def add_entry_listener_to_key(self, request: Request) -> None:
        """Tell of changes of one key from now on."""
        self.add_entry_listener(request)

    def add_entry_listener_with_predicate(self, request: Request) -> None:
        """Tell of changes of entries that match from now on."""
        self.add_entry_listener(request)

    def add_entry_listener_to_key_with_predicate(self, request: Request) -> None:
        """Tell of changes of one key, as long as it matches, from now on."""
        self.add_entry_listener(request)

    def remove_entry_listener(self, request: Request) -> None:
        """Tell of changes no more."""
        request.reply(request.member.remove_listener(request["registrationId"]))


class _NearCaches(MapMessages):
    """Messages of near caches. Invalidations are sent one by one, as by members that do not batch them."""

    def add_near_cache_invalidation_listener(self, request: Request) -> None:
        """Tell of invalidations from now on."""
        registration = self.cluster.new_uuid()
        request.session.listeners[registration] = Listener(
            f"{self.name} near cache",
            request["name"],
            request.correlation_id,
            f"{request.method} event Invalidation",
            local_only=request["localOnly"],
        )
        request.reply(registration)

    def fetch_near_cache_invalidation_metadata(self, request: Request) -> None:
        """Reply the numbers of the last invalidations and the UUIDs of the partitions of a member."""
        asked = [member for member in self.cluster.members if member.uuid == request["uuid"]]
        if not asked:
            raise MemberError(codes.NOT_MEMBER, f"Member with uuid({request['uuid']}) is not member")
        owned = [partition for partition, owner in self.cluster.owners.items() if owner is asked[0]]
        numbers = [(name, self.state(name).sequences(owned)) for name in request["names"]]
        request.reply(numbers, [(partition, self.cluster.partition_uuid(partition)) for partition in owned])


@serves("Map")
class MapService(_Entries, _Bulk, _Queries, _Listening, _NearCaches, Processing, Journaling):
    """Messages of the service ``Map``."""
