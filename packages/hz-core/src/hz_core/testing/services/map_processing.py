"""Event journals, and code of users that maps execute: simulated members call a function of the test instead."""

from collections.abc import Callable
from typing import NamedTuple

from hz_core.testing import codes
from hz_core.testing.members import MemberError, Request
from hz_core.testing.services.key_locks import Values
from hz_core.testing.services.map_journal import Journal
from hz_core.testing.services.map_messages import MapMessages
from hz_core.testing.services.map_state import MapState, Origin


class Processed(NamedTuple):
    """What a processor makes of an entry: the new value, and the result, which may be None; serialized."""

    value: bytes | None
    result: bytes | None = None


Process = Callable[[bytes, bytes, bytes | None], Processed]
"""Takes the serialized processor or function, the key, and the value of its entry, None if there is none."""


class Processing(MapMessages):
    """Messages that execute something on entries.

    Attributes:
        process: What processors do. Without it they are refused.
    """

    process: Process | None = None

    def execute_on_key(self, request: Request) -> None:
        """Process an entry; reply the result."""
        self._process_key(request, request["entryProcessor"])

    def submit_to_key(self, request: Request) -> None:
        """Process an entry; reply the result."""
        self._process_key(request, request["entryProcessor"])

    def execute_on_keys(self, request: Request) -> None:
        """Process entries; reply keys and results that are not None."""
        state = self._map(request)
        results = []
        for key in request["keys"]:
            partition = self.cluster.partition_of(key)
            result = self._processed(request, state, request["entryProcessor"], partition, key)
            if result is not None:
                results.append((key, result))
        request.reply_write(results)

    def replace_all(self, request: Request) -> None:
        """Replace all values of a partition."""
        state = self._map(request)
        for partition, entry in state.entries():
            if partition == request.partition_id:
                self._processed(request, state, request["function"], partition, entry.key)
        request.reply_write()

    def _process_key(self, request: Request, processor: bytes) -> None:
        def act(state: MapState) -> Values:
            return (self._processed(request, state, processor, request.partition_id, request["key"]),)

        self._write(request, act)

    def _processed(
        self, request: Request, state: MapState, processor: bytes, partition: int, key: bytes
    ) -> bytes | None:
        """Process one entry and return the result."""
        if self.process is None:
            raise MemberError(codes.UNSUPPORTED, f"{request.method} needs MapService.process")
        entry = state.access(partition, key)
        before = entry.value if entry else None
        value, result = self.process(processor, key, before)
        if value is None:
            state.take(Origin.of(request), partition, key)
        elif value != before:
            state.store(Origin.of(request), partition, key, value)
        return result


class Journaling(MapMessages):
    """Messages of the event journal. ``MapState.journal_capacity`` tells whether a map has one."""

    def event_journal_subscribe(self, request: Request) -> None:
        """Reply the sequences of the oldest and the newest event."""
        journal = self._journal(request)
        request.reply(journal.head, journal.tail)

    def event_journal_read(self, request: Request) -> None:
        """Reply events; predicates and projections are not applied."""
        self._journal(request).read(request)

    def _journal(self, request: Request) -> Journal:
        journal = self._map(request).journal(request.partition_id)
        if journal is None:
            text = f"Cannot subscribe to event journal: it is not configured for map {request['name']}"
            raise MemberError(codes.UNSUPPORTED, text)
        return journal
