"""Listener registrations: on every member, and again on each new connection."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final, NamedTuple, Protocol
from uuid import UUID

from hz_core.connection import Connection
from hz_core.errors import HazelcastError, is_retryable
from hz_core.invocation.service import InvocationService
from hz_core.io import IO
from hz_core.log import get_logger
from hz_core.op import Acquired, Flow, GatherOutcomes, Op, Sleep, Step, WaitFor
from hz_core.promise import CallbackPromise, Promise
from hz_core.schema_service import SchemaService
from hz_core.wire.frames import message_type_of
from hz_core.wire.method import EventDecoder, ReadData
from hz_serialization.compact import UnknownSchemaError

_logger = get_logger("listener")

MOST_WAITING: Final = 100_000
"""So many events of one listener may wait for the Compact schema of an earlier one. More are dropped, and counted in
the log: the alternative is memory without a limit."""

MOST_QUEUED: Final = 100_000
"""So many events of one listener may wait to be handled. More are dropped, and counted in the log, so that a slow
listener takes neither memory without a limit nor the place of other listeners' events."""

_RESUME_PAUSE: Final = 0.1
"""Seconds after which a listener tries again to go on, when too many callbacks waited."""

_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0
"""Seconds after which a registration is sent again that a member has refused for now; each pause is twice the last."""


class ListenerSpec:
    """Describes a listener registration.

    Args:
        add: Builds the registration request; its argument is True if the request is sent to each member for
            that member's own events, False if one member reports for all.
        remove: Builds the request that removes the registration with the UUID in the reply of ``add``.
        on_event: Handles a decoded event, one of the event types of the codec of ``add``'s message.
        read: Deserializes the ``Data`` in events; None for the client's serialization.
        inline: Call ``on_event`` on the thread that reads the connection, before later replies are read. It must
            not block, and no event is ever dropped. Otherwise it runs as a user callback.

    Attributes:
        owner: Service and name of the object that the listener belongs to; it is removed with the object. None for
            a listener of the client itself.
        on_registered: Called with each connection on which the listener is registered, before any event of it is
            handled that comes after the member's reply; None for nothing. It must not block.
        on_lost: Called with each of these connections when it is closed, on the I/O side.
    """

    __slots__ = ("add", "inline", "on_event", "on_lost", "on_registered", "owner", "read", "remove")

    def __init__(
        self,
        add: Callable[[bool], Op[Any]],
        remove: Callable[[UUID], Op[bool]],
        on_event: Callable[[Any], object],
        *,
        read: ReadData | None = None,
        inline: bool = False,
    ) -> None:
        self.add: Callable[[bool], Op[Any]] = add
        self.remove: Callable[[UUID], Op[bool]] = remove
        self.on_event: Callable[[Any], object] = on_event
        self.read: ReadData | None = read
        self.inline: bool = inline
        self.owner: tuple[str, str] | None = None
        self.on_registered: Callable[[Connection], object] | None = None
        self.on_lost: Callable[[Connection], object] | None = None


class ListenerFacts(NamedTuple):
    """The state of a registration."""

    id: str
    owner: tuple[str, str] | None
    inline: bool
    connections: int
    queued: int
    waiting_for_schemas: int
    dropped: int


class _OnConnection:
    """A registration on one connection; ``server_id`` is None until the member has replied."""

    __slots__ = ("correlation_id", "server_id")

    def __init__(self) -> None:
        self.correlation_id = 0
        self.server_id: UUID | None = None


class _Registration:
    __slots__ = (
        "_dropped",
        "_io",
        "_mutex",
        "_queued",
        "_read",
        "_schemas",
        "_waiting",
        "active",
        "id",
        "on_connection",
        "spec",
    )

    def __init__(
        self, registration_id: str, spec: ListenerSpec, io: IO, schemas: SchemaService, read: ReadData
    ) -> None:
        self.id = registration_id
        self.spec = spec
        self.active = True
        self.on_connection: dict[Connection, _OnConnection] = {}
        self._io = io
        self._schemas = schemas
        self._read = spec.read or read
        self._queued: deque[None] = deque()  # an item for each event that waits: counted by several threads
        self._waiting: deque[tuple[EventDecoder, bytes]] = deque()
        self._mutex = io.mutex()  # guards who delivers the next event; held for no call of a handler
        self._dropped = 0

    def facts(self) -> ListenerFacts:
        """Return the state; callable from any thread."""
        spec, connections = self.spec, len(self.on_connection)
        return ListenerFacts(
            self.id,
            spec.owner,
            spec.inline,
            connections,
            len(self._queued),
            len(self._waiting),
            self._dropped,
        )

    def handle(self, events: Mapping[int, EventDecoder], message: bytes) -> None:
        """Receive an event on the reading thread and pass it to the thread of its handler."""
        decode = events.get(message_type_of(message))
        if decode is None:
            return  # newer members report more than this client knows
        if self.spec.inline:
            self._deliver(decode, message)
        elif len(self._queued) >= MOST_QUEUED:
            self._drop("%d wait to be handled: it is slower than its events", MOST_QUEUED)
        else:
            self._queued.append(None)
            if self._io.run_callback(partial(self._take, decode, message)) is False:
                self._queued.pop()

    def drop_all(self) -> None:
        """Drop the events that wait."""
        self.on_connection.clear()
        self._queued.clear()
        self._waiting.clear()

    def _take(self, decode: EventDecoder, message: bytes) -> None:
        if self._queued:  # not if this is repeated, because the thread was interrupted
            self._queued.pop()
        self._deliver(decode, message)

    def _deliver(self, decode: EventDecoder, message: bytes) -> None:
        # An earlier event waits for its schema: this one waits behind it, to keep the order.
        if self._waiting and self._wait_behind(decode, message):
            return
        unknown = self._delivered(decode, message)
        if unknown is None:
            return
        with self._mutex:
            first = not self._waiting
            self._waiting.append((decode, message))
        if first:
            self._schemas.fetch(unknown, self._fetched)

    def _wait_behind(self, decode: EventDecoder, message: bytes) -> bool:
        """Queue an event behind those that wait; return False if none waits any more."""
        with self._mutex:
            if not self._waiting:
                return False
            if len(self._waiting) < MOST_WAITING:
                self._waiting.append((decode, message))
                return True
        self._drop("%d wait for a Compact schema that has not been received", MOST_WAITING)
        return True

    def _drop(self, why: str, most: int) -> None:
        """Count an event that is dropped; say so when the number has doubled."""
        self._dropped += 1
        if self._dropped & (self._dropped - 1) == 0:
            _logger.error(f"listener %s dropped %d events: {why}", self.id, self._dropped, most)

    def _delivered(self, decode: EventDecoder, message: bytes) -> UnknownSchemaError | None:
        """Call the handler; return the error when the event needs a Compact schema that must be fetched first."""
        if not self.active:
            return None
        try:
            self.spec.on_event(decode(message, self._read))
        except UnknownSchemaError as e:
            return e
        except Exception:
            _logger.exception("listener %s failed on an event", self.id)
        return None

    def _fetched(self, error: Exception | None) -> None:
        """Go on with the events that wait, where the handlers run. On the I/O side."""
        if self._io.run_callback(partial(self._resume, error)) is False and self.active:
            # Too many callbacks wait. Nobody else would go on with these events.
            self._io.call_later(_RESUME_PAUSE, partial(self._fetched, error))

    def _resume(self, error: Exception | None) -> None:
        if error is not None:
            _logger.error("listener %s missed an event: %s", self.id, error)
            if not self._next():
                return
        while (unknown := self._delivered(*self._waiting[0])) is None:
            if not self._next():
                return
        self._schemas.fetch(unknown, self._fetched)

    def _next(self) -> bool:
        """Remove the first event that waits; return whether there is another."""
        with self._mutex:
            self._waiting.popleft()
            return bool(self._waiting)


class ConnectionSource(Protocol):
    """The part of the connection manager that listeners use."""

    def open_connections(self) -> Sequence[Connection]:
        """Return the ready connections."""
        ...


class ListenerService:
    """All registrations of a client.

    Args:
        io: The driver.
        invocations: Sends the registrations.
        connections: The connections to register on.
        check_active: Raises an error if operations must not wait for a connection.
        new_uuid: Returns a new registration id.
        schemas: Replicates the Compact schemas that a registration needs.
        read: Deserializes the ``Data`` in events.
        smart: Whether each member reports its own events over its own connection; otherwise the one member that
            the client is connected to reports for all.
    """

    def __init__(
        self,
        io: IO,
        invocations: InvocationService,
        connections: ConnectionSource,
        check_active: Callable[[], None],
        new_uuid: Callable[[], UUID],
        schemas: SchemaService,
        read: ReadData,
        smart: bool,
    ) -> None:
        self._io = io
        self._invocations = invocations
        self._connections = connections
        self._check_active = check_active
        self._new_uuid = new_uuid
        self._schemas = schemas
        self._read = read
        self._smart = smart
        self._registrations: dict[str, _Registration] = {}

    def add(self, spec: ListenerSpec) -> Flow[str]:
        """Register on every connected member, and on those that are connected later.

        Returns:
            The registration id, to remove the listener.

        Raises:
            ClientOfflineError, HazelcastClientNotActiveError: There is no connection, and operations must not
                wait for one.
        """
        if self._schemas.unconfirmed:
            yield from self._schemas.replicate(spec.add(self._smart).request)
        registration = _Registration(str(self._new_uuid()), spec, self._io, self._schemas, self._read)
        self._registrations[registration.id] = registration
        try:
            connections = self._connections.open_connections()
            outcomes = yield GatherOutcomes(
                [WaitFor(partial(self._register, registration, c)) for c in connections]
            )
            if not any(c.alive for c in self._connections.open_connections()):
                self._check_active()
        except BaseException:
            # Cancelled, or Ctrl-C: the caller does not get the id, so it could not remove the listener later.
            self._remove_everywhere(registration)
            raise
        failed = [
            (c, e) for c, e in zip(connections, outcomes, strict=True) if isinstance(e, Exception) and c.alive
        ]
        if failed:
            yield from self.remove(registration.id)
            raise failed[0][1]
        yield Acquired(partial(self._remove_everywhere, registration))
        return registration.id

    def remove(self, registration_id: str) -> Flow[bool]:
        """Remove a registration from all members; return False if the id is unknown.

        No events are delivered once the removal has begun.
        """
        registration = self._registrations.pop(registration_id, None)
        if registration is None:
            return False
        registration.active = False
        steps: list[Step] = []
        for connection, known in list(registration.on_connection.copy().items()):
            if known.server_id is not None and connection.alive:
                steps.append(self._removal(registration, connection, known))
        # A member that is not reached drops the registration when it loses the connection.
        yield GatherOutcomes(steps)
        return True

    def owned_by(self, service_name: str, name: str) -> list[str]:
        """Return the ids of the registrations that belong to an object."""
        owner = (service_name, name)
        return [r.id for r in list(self._registrations.values()) if r.spec.owner == owner]

    def facts(self) -> list[ListenerFacts]:
        """Return the state of all registrations; callable from any thread."""
        return [registration.facts() for registration in list(self._registrations.values())]

    def _remove_everywhere(self, registration: _Registration) -> None:
        """Remove a registration from all members, without waiting for them."""
        self._registrations.pop(registration.id, None)
        registration.active = False
        for connection, known in list(registration.on_connection.copy().items()):
            self._remove_in_background(registration, connection, known)

    def keep_registering(self, connection: Connection) -> Flow[None]:
        """Send what is missing on a connection, again and again while the member refuses it with a retryable error."""
        pause = _FIRST_PAUSE
        while (yield from self.register_all(connection)):
            yield Sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def register_all(self, connection: Connection) -> Flow[bool]:
        """Send all registrations that are missing on a connection.

        Returns:
            Whether the member has refused one with an error that allows to send it again.
        """
        again = False
        registrations = list(self._registrations.values())
        outcomes = yield GatherOutcomes(
            [WaitFor(partial(self._register, r, connection)) for r in registrations]
        )
        for registration, outcome in zip(registrations, outcomes, strict=True):
            if isinstance(outcome, Exception) and connection.alive:
                again |= is_retryable(outcome) and registration.active
                _logger.warning(
                    "listener %s could not be registered on %s and misses its events: %s",
                    registration.id,
                    connection.address,
                    outcome,
                )
        return again

    def on_connection_removed(self, connection: Connection) -> None:
        """Remove the registrations of a closed connection."""
        for registration in list(self._registrations.values()):
            known = registration.on_connection.pop(connection, None)
            if known is not None and registration.spec.on_lost is not None:
                registration.spec.on_lost(connection)

    def forked(self) -> None:
        """Drop the events that wait, in a forked child: they are the parent's."""
        for registration in list(self._registrations.values()):
            registration.drop_all()

    def _register(self, registration: _Registration, connection: Connection, promise: Promise) -> None:
        here = _OnConnection()
        if registration.on_connection.setdefault(connection, here) is not here:
            promise.set_result(None)
            return
        op = registration.spec.add(self._smart)
        op.connection = connection
        on_registered = registration.spec.on_registered
        if on_registered is not None:
            op.then(lambda _: on_registered(connection))

        def registered(server_id: UUID | None, error: BaseException | None) -> None:
            if error is not None:
                registration.on_connection.pop(connection, None)
                connection.event_handlers.pop(here.correlation_id, None)
                promise.set_exception(error)
                return
            here.server_id = server_id
            if not registration.active:
                # Removed while the request was in progress: the member must still be told to remove it.
                self._remove_in_background(registration, connection, here)
            promise.set_result(None)

        # An event for the client itself may wait some milliseconds while callers read; that costs their calls nothing.
        connection.listening |= not registration.spec.inline
        # Stored before the member can reply: another thread may read the reply.
        here.correlation_id = self._invocations.new_correlation_id()
        handler = partial(registration.handle, op.method.events)
        self._invocations.listen(op, CallbackPromise(registered), handler, connection, here.correlation_id)

    def _remove_in_background(
        self, registration: _Registration, connection: Connection, here: _OnConnection
    ) -> None:
        """Remove the registration at the member if it has replied, without waiting for the outcome."""
        if here.server_id is not None and connection.alive:
            with suppress(HazelcastError):
                self._invocations.submit(
                    self._removal(registration, connection, here), CallbackPromise(_ignore)
                )

    def _removal(self, registration: _Registration, connection: Connection, here: _OnConnection) -> Op[bool]:
        connection.event_handlers.pop(here.correlation_id, None)
        assert here.server_id is not None
        op = registration.spec.remove(here.server_id)
        op.connection = connection
        return op


def _ignore(result: object, error: BaseException | None, /) -> None:
    pass
