"""The event journal of a map."""

from typing import Any, Generic

from hz_core.arguments import int32, int64
from hz_core.context import ClientContext
from hz_core.op import Flow, Op
from hz_core.operations import KeyedOperations
from hz_core.wire.types import ReadData
from hz_proxies.codecs import map as codec
from hz_proxies.map.journal_events import EventJournalMapEvent, EventJournalState
from hz_proxies.pages.operations import PagesOperations
from hz_proxies.types import K, V


class JournalPages(Generic[K, V]):
    """The events of one partition, from a sequence on.

    Args:
        context: The client.
        name: Name of the map.
        partition: The partition.
        start: Sequence of the first event; None for the oldest one.
        most: How many events to read with one request.
        follow: Whether to wait for events that come later.
    """

    def __init__(
        self, context: ClientContext, name: str, partition: int, start: int | None, most: int, follow: bool
    ) -> None:
        self._name = name
        self._partition = partition
        self._next = start
        self._most = most
        self._follow = follow
        self._end: int | None = None
        self._ended = False

    @property
    def more(self) -> bool:
        """Whether there may be another page: always, if it waits for later events."""
        return not self._ended

    def fetch(self) -> Flow[list[EventJournalMapEvent[K, V]]]:
        """Return the next events, at least one if it waits."""
        if self._next is None or (self._end is None and not self._follow):
            state: Any = yield codec.event_journal_subscribe(self._partition, self._name)
            self._end = state.newest_sequence + 1
            if self._next is None:
                self._next = state.oldest_sequence
        if not self._follow and self._end is not None and self._next >= self._end:
            self._ended = True
            return []
        request = codec.event_journal_read(
            self._partition, self._name, self._next, 1, self._most, None, None
        ).decoded(_events)
        events, self._next = yield request
        found: list[EventJournalMapEvent[K, V]] = events
        if not self._follow and self._end is not None:
            end = self._end
            return [event for event in found if event.sequence < end]
        return found

    def end(self) -> Flow[None]:
        """Read nothing more; members keep nothing."""
        self._ended = True
        yield []


class JournalOperations(KeyedOperations, Generic[K, V]):
    """Each partition has a journal of its own, a ring of fixed capacity, if the members configure the map with one."""

    def subscribe_to_event_journal(self, partition_id: int) -> Op[EventJournalState]:
        """Return which events the journal of a partition holds.

        Args:
            partition_id: The partition; ``client.partition_service.get_partition_id(key)`` is that of a key.

        Raises:
            UnsupportedOperationError: The map has no event journal.

        Source: message ``Map.eventJournalSubscribe``.
        """
        partition = self._known_partition(partition_id)
        return codec.event_journal_subscribe(partition, self.name).decoded(_state)

    def iter_event_journal(
        self,
        partition_id: int,
        start_sequence: int | None = None,
        page_size: int = 100,
        follow: bool = True,
    ) -> PagesOperations[EventJournalMapEvent[K, V]]:
        """Return an iterator over the events of a partition, in their order.

        To go on later, begin with the sequence of the last event plus one. If events from there on were overwritten
        meanwhile, the iterator goes on with the oldest event that is still there, and says so: its ``sequence`` is
        higher.

        Args:
            partition_id: The partition; ``client.partition_service.get_partition_id(key)`` is that of a key.
            start_sequence: Sequence of the first event; None for the oldest one in the journal.
            page_size: How many events to fetch at once at most.
            follow: Whether to wait for later events, without end; otherwise the iterator ends with the event that is
                the newest one when it begins.

        Raises:
            UnsupportedOperationError: The map has no event journal; raised by the iterator.

        Source: messages ``Map.eventJournalSubscribe`` and ``Map.eventJournalRead``.
        """
        partition = self._known_partition(partition_id)
        start = None if start_sequence is None else int64(start_sequence, "start_sequence", 0)
        size = int32(page_size, "page_size", 1)
        pages = JournalPages[K, V](self._context, self.name, partition, start, size, follow)
        return PagesOperations(self._context, pages)

    def _known_partition(self, partition_id: int) -> int:
        partition, count = int32(partition_id, "partition_id", 0), self._context.partition_count()
        if partition >= count:
            raise ValueError(f"partition_id must be from 0 to {count - 1}, not {partition}")
        return partition


def _state(message: bytes, read: ReadData) -> EventJournalState:
    return EventJournalState(*codec.event_journal_subscribe_response(message, read))


def _events(message: bytes, read: ReadData) -> tuple[list[EventJournalMapEvent[Any, Any]], int]:
    """Return the events of a reply, and the sequence after them."""
    response = codec.event_journal_read_response(message, read)

    def value(data: bytes | None) -> Any:
        return None if data is None else read(data, 0, len(data))

    # Read here, where an unknown Compact schema is fetched.
    events = [
        EventJournalMapEvent(
            sequence,
            record.event_type,
            value(record.key),
            value(record.new_value),
            value(record.old_value),
        )
        for sequence, record in zip(response.item_seqs or [], response.items, strict=True)
    ]
    return events, response.next_seq
