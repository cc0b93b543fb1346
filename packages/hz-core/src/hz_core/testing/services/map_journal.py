"""Event journals of maps."""

import struct
from collections import deque
from typing import Final, NamedTuple

from hz_core.testing.members import Request, SimulatedCluster
from hz_core.testing.waiting import WaitList

_HEAD: Final = struct.pack(">iibii", 0, -2, 1, -4, 132)
"""Of an object with ids, of the class of journal events."""


class JournalEvent(NamedTuple):
    """A change of an entry; keys and values are serialized."""

    event_type: int
    key: bytes
    new_value: bytes | None
    old_value: bytes | None

    def to_data(self) -> bytes:
        """Return the event as members serialize it."""
        parts = [struct.pack(">i", self.event_type)]
        for data in (self.key, self.new_value, self.old_value):
            parts += [struct.pack(">i", -1)] if data is None else [struct.pack(">i", len(data)), data]
        return _HEAD + b"".join(parts)


class Journal:
    """The journal of one partition of a map.

    Args:
        cluster: The cluster.
        capacity: How many events have room.

    Attributes:
        events: The events, the oldest first.
        tail: Sequence of the newest event.
        waiting: The reads that wait for events.
    """

    def __init__(self, cluster: SimulatedCluster, capacity: int) -> None:
        self.events: deque[JournalEvent] = deque(maxlen=capacity)
        self.tail: int = -1
        self.waiting: WaitList = WaitList(cluster)

    @property
    def head(self) -> int:
        """Sequence of the oldest event."""
        return self.tail + 1 - len(self.events)

    def add(self, event: JournalEvent) -> None:
        """Add an event, which overwrites the oldest one if there is no room."""
        self.events.append(event)
        self.tail += 1
        self.waiting.wake()

    def read(self, request: Request) -> None:
        """Reply events as soon as there are enough."""
        start, least, most = request["startSequence"], request["minSize"], request["maxSize"]

        def attempt() -> bool:
            begin = min(max(start, self.head), self.tail + 1)
            found = list(self.events)[begin - self.head : begin - self.head + most]
            if len(found) < least:
                return False
            after = begin + len(found)
            request.reply(len(found), [event.to_data() for event in found], list(range(begin, after)), after)
            return True

        self.waiting.serve(request, attempt)
