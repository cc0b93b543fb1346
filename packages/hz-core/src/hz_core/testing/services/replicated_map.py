"""Replicated maps. All members have the same entries at once; real ones need a moment."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hz_core.testing import codes
from hz_core.testing.clock import Timer
from hz_core.testing.members import (
    Listener,
    MemberError,
    Request,
    Service,
    SimulatedCluster,
    SimulatedMember,
    serves,
)

ADDED = 1
REMOVED = 2
UPDATED = 4
EVICTED = 8
CLEAR_ALL = 64


@dataclass(eq=False)
class ReplicatedEntry:
    """One entry; times are in seconds of the cluster's clock, the time to live in milliseconds, 0 for none."""

    key: bytes
    value: bytes
    created: float
    updated: float
    accessed: float
    ttl: int = 0
    hits: int = 0
    timer: Timer | None = None


@dataclass(eq=False)
class _Iteration:
    entries: list[ReplicatedEntry]
    first: UUID
    cursor: UUID | None = None
    position: int = 0
    previous: UUID | None = None
    previous_position: int = 0


@serves("ReplicatedMap")
class ReplicatedMapService(Service):
    """Messages of the service ``ReplicatedMap``. Predicates need ``SimulatedCluster.matches``.

    Attributes:
        iterations: The iterations that nobody has ended, by their first cursor.
    """

    service_name = "hz:impl:replicatedMapService"

    def __init__(self, cluster: SimulatedCluster) -> None:
        super().__init__(cluster)
        self._maps: dict[str, dict[bytes, ReplicatedEntry]] = {}
        self.iterations: dict[UUID, _Iteration] = {}

    def state(self, name: str) -> dict[bytes, ReplicatedEntry]:
        """Return the entries of a map by key; it begins empty."""
        return self._maps.setdefault(name, {})

    def destroy(self, name: str) -> None:
        """Forget a map."""
        for entry in self._maps.pop(name, {}).values():
            _cancel(entry)

    def reset(self) -> None:
        """Forget all maps."""
        for name in list(self._maps):
            self.destroy(name)
        self.iterations.clear()

    # --- one key ---

    def put(self, request: Request) -> None:
        """Store a value and reply the one before."""
        request.reply_write(self._store(request, request["key"], request["value"], request["ttl"]))

    def get(self, request: Request) -> None:
        """Reply the value."""
        entry = self._map(request).get(request["key"])
        if entry is not None:
            entry.hits += 1
            entry.accessed = self.cluster.clock.now()
        request.reply(entry.value if entry else None)

    def remove(self, request: Request) -> None:
        """Remove the entry and reply its value; listeners are told even if there is none, as by real members."""
        entry = self._map(request).pop(request["key"], None)
        _cancel(entry)
        value = entry.value if entry else None
        self._publish(request.member, request["name"], request["key"], None, value, REMOVED)
        request.reply_write(value)

    def contains_key(self, request: Request) -> None:
        """Reply whether there is an entry."""
        request.reply(request["key"] in self._map(request))

    # --- all entries ---

    def put_all(self, request: Request) -> None:
        """Store entries of any partition."""
        for key, value in request["entries"]:
            self._store(request, key, value, 0)
        request.reply_write()

    def clear(self, request: Request) -> None:
        """Remove all entries."""
        entries = self._map(request)
        for entry in entries.values():
            _cancel(entry)
        self._publish(request.member, request["name"], None, None, None, CLEAR_ALL, len(entries))
        entries.clear()
        request.reply_write()

    def contains_value(self, request: Request) -> None:
        """Reply whether any entry has this value."""
        request.reply(any(entry.value == request["value"] for entry in self._map(request).values()))

    def size(self, request: Request) -> None:
        """Reply the number of entries."""
        request.reply(len(self._map(request)))

    def is_empty(self, request: Request) -> None:
        """Reply whether there is no entry."""
        request.reply(not self._map(request))

    def key_set(self, request: Request) -> None:
        """Reply all keys."""
        request.reply(list(self._map(request)))

    def values(self, request: Request) -> None:
        """Reply all values."""
        request.reply([entry.value for entry in self._map(request).values()])

    def entry_set(self, request: Request) -> None:
        """Reply all entries."""
        request.reply([(entry.key, entry.value) for entry in self._map(request).values()])

    # --- pages ---

    def fetch_entry_views(self, request: Request) -> None:
        """Reply the next entries of a partition, and the cursor of the page after them."""
        partition = request["partitionId"]
        if request["newIteration"]:
            entries = [
                e for e in self._map(request).values() if self.cluster.partition_of(e.key) == partition
            ]
            iteration = self.iterations[request["cursorId"]] = _Iteration(entries, request["cursorId"])
        else:
            iteration = self._iteration(request["cursorId"])
        begin, end = iteration.position, iteration.position + request["batchSize"]
        iteration.previous, iteration.previous_position = request["cursorId"], begin
        iteration.cursor, iteration.position = self.cluster.new_uuid(), end
        request.reply(iteration.cursor, [_view(entry) for entry in iteration.entries[begin:end]])

    def _iteration(self, cursor: UUID) -> _Iteration:
        """Return the iteration that goes on at a cursor; the last page can be fetched once more."""
        for iteration in self.iterations.values():
            if iteration.cursor == cursor:
                return iteration
            if iteration.previous == cursor:
                iteration.position = iteration.previous_position
                return iteration
        raise MemberError(codes.ILLEGAL_STATE, f"There is no iteration with cursor id {cursor} on member")

    def end_entry_view_iteration(self, request: Request) -> None:
        """Forget an iteration, known by its first cursor."""
        self.iterations.pop(request["cursorId"], None)
        request.reply()

    # --- listeners ---

    def add_entry_listener(self, request: Request) -> None:
        """Tell of changes from now on."""
        if "predicate" in request.named and self.cluster.matches is None:
            raise MemberError(codes.UNSUPPORTED, "predicates need SimulatedCluster.matches")
        registration = self.cluster.new_uuid()
        request.session.listeners[registration] = Listener(
            self.name,
            request["name"],
            request.correlation_id,
            f"{request.method} event Entry",
            key=request.named.get("key"),
            predicate=request.named.get("predicate"),
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

    def add_near_cache_entry_listener(self, request: Request) -> None:
        """Tell of all changes from now on; the values of events are those of the listeners for users."""
        self.add_entry_listener(request)

    def remove_entry_listener(self, request: Request) -> None:
        """Tell of changes no more."""
        request.reply(request.member.remove_listener(request["registrationId"]))

    # --- parts ---

    def _map(self, request: Request) -> dict[bytes, ReplicatedEntry]:
        return self.state(request["name"])

    def _store(self, request: Request, key: bytes, value: bytes, ttl: int) -> bytes | None:
        entries, now, name = self._map(request), self.cluster.clock.now(), request["name"]
        before = entries.get(key)
        _cancel(before)
        created = before.created if before else now
        entry = entries[key] = ReplicatedEntry(
            key, value, created, now, now, ttl, before.hits if before else 0
        )
        if ttl > 0:
            entry.timer = self.cluster.clock.call_later(ttl / 1000, lambda: self._expire(name, entry))
        old = before.value if before else None
        self._publish(request.member, name, key, value, old, ADDED if before is None else UPDATED)
        return old

    def _expire(self, name: str, entry: ReplicatedEntry) -> None:
        self.state(name).pop(entry.key, None)
        # Each member evicts its own copy, and tells of it.
        for member in self.cluster.members:
            self._publish(member, name, entry.key, None, entry.value, EVICTED)

    def _publish(
        self,
        member: SimulatedMember,
        name: str,
        key: bytes | None,
        value: bytes | None,
        old: bytes | None,
        event_type: int,
        affected: int = 1,
    ) -> None:
        matches: Callable[[bytes, bytes, bytes], bool] | None = self.cluster.matches

        def told(listener: Listener) -> Iterable[Any] | None:
            if key is not None and listener.key not in (None, key):
                return None
            if key is not None and listener.predicate is not None and matches is not None:
                looked_at = value if value is not None else old
                if looked_at is None or not matches(listener.predicate, key, looked_at):
                    return None
            return (key, value, old, None, event_type, member.uuid, affected)

        self.cluster.publish(member, self.name, name, told)


def _cancel(entry: ReplicatedEntry | None) -> None:
    if entry is not None and entry.timer is not None:
        entry.timer.cancel()


def _view(entry: ReplicatedEntry) -> tuple[Any, ...]:
    """Return the fields of a ``ReplicatedMapEntryViewHolder``."""
    moments = [int(seconds * 1000) for seconds in (entry.created, entry.accessed, entry.updated)]
    return (entry.key, entry.value, moments[0], entry.hits, moments[1], moments[2], entry.ttl)
