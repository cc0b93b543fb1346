"""Listener registrations: on every member, and again on each new connection."""

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Protocol
from uuid import UUID

from hz_core.connection import Connection
from hz_core.errors import HazelcastError
from hz_core.invocation.op import Await, Flow, Op, Settled, Step
from hz_core.invocation.promise import CallbackPromise, Promise
from hz_core.invocation.service import InvocationService
from hz_core.io import IO
from hz_core.log import get_logger
from hz_core.schemas import SchemaService
from hz_serialization.compact.schemas import UnknownSchemaError

_logger = get_logger("listener")


class ListenerSpec:
    """A kind of registration, written once by the proxy that offers it.

    Args:
        add: Makes the registration request; its argument is True when it is registered on each member for
            that member's own events, False when one member reports for all.
        remove: Makes the request that removes the registration with the UUID that `add`'s reply gave.
        on_event: Takes an event message: decodes it and calls the user. Runs as a user callback.
    """

    __slots__ = ("add", "on_event", "remove")

    def __init__(
        self,
        add: Callable[[bool], Op[UUID | None]],
        remove: Callable[[UUID], Op[bool]],
        on_event: Callable[[bytes], None],
    ) -> None:
        self.add = add
        self.remove = remove
        self.on_event = on_event


class _OnConnection:
    """A registration on one connection; `server_id` is None until the member has answered."""

    __slots__ = ("correlation_id", "server_id")

    def __init__(self) -> None:
        self.correlation_id = 0
        self.server_id: UUID | None = None


class _Registration:
    __slots__ = ("_io", "_schemas", "_waiting", "active", "id", "on_connection", "spec")

    def __init__(self, registration_id: str, spec: ListenerSpec, io: IO, schemas: SchemaService) -> None:
        self.id = registration_id
        self.spec = spec
        self.active = True
        self.on_connection: dict[Connection, _OnConnection] = {}
        self._io = io
        self._schemas = schemas
        self._waiting: deque[bytes] = deque()

    def handle(self, message: bytes) -> None:
        """Take an event on the reading thread and pass it on to where user callbacks run."""
        self._io.run_callback(partial(self._deliver, message))

    def _deliver(self, message: bytes) -> None:
        if self._waiting:
            # Behind an event that waits for its schema, so that the order stays.
            self._waiting.append(message)
        elif not self._delivered(message):
            self._waiting.append(message)

    def _delivered(self, message: bytes) -> bool:
        """Call the user; returns False when the event needs a Compact schema that must be fetched first."""
        if not self.active:
            return True
        try:
            self.spec.on_event(message)
        except UnknownSchemaError as e:
            self._schemas.fetch(e, self._fetched)
            return False
        except Exception:
            _logger.exception("listener %s failed on an event", self.id)
        return True

    def _fetched(self, error: Exception | None) -> None:
        self._io.run_callback(partial(self._resume, error))

    def _resume(self, error: Exception | None) -> None:
        if error is not None:
            _logger.error("listener %s missed an event: %s", self.id, error)
            self._waiting.popleft()
        while self._waiting and self._delivered(self._waiting[0]):
            self._waiting.popleft()


class ConnectionSource(Protocol):
    """What the service needs to know of connections."""

    smart: bool

    def open_connections(self) -> Sequence[Connection]:
        """Return the authenticated connections."""
        ...

    def check_active(self) -> None:
        """Raise when the client is shut down or may not wait for a cluster."""
        ...


class ListenerService:
    """All registrations of a client.

    With smart routing each member reports its own events over its own connection; otherwise the one member
    that the client is connected to reports for all.
    """

    def __init__(
        self,
        io: IO,
        invocations: InvocationService,
        connections: ConnectionSource,
        new_uuid: Callable[[], UUID],
        schemas: SchemaService,
    ) -> None:
        self._io = io
        self._invocations = invocations
        self._connections = connections
        self._new_uuid = new_uuid
        self._schemas = schemas
        self._registrations: dict[str, _Registration] = {}

    def add(self, spec: ListenerSpec) -> Flow[str]:
        """Register on every connected member; members that are connected later follow by themselves.

        Returns:
            The registration id, to remove the listener with.

        Raises:
            ClientOfflineError, HazelcastClientNotActiveError: there is no connection, and no point in waiting
                for one.
        """
        if self._schemas.unconfirmed:
            yield from self._schemas.replicate(spec.add(self._connections.smart).request)
        registration = _Registration(str(self._new_uuid()), spec, self._io, self._schemas)
        self._registrations[registration.id] = registration
        try:
            connections = self._connections.open_connections()
            outcomes = yield Settled([Await(partial(self._register, registration, c)) for c in connections])
            if not any(c.alive for c in self._connections.open_connections()):
                self._connections.check_active()
        except BaseException:
            # Given up (the caller cancelled, or Ctrl-C): nobody got the id, so nobody could remove it later.
            self._withdraw(registration)
            raise
        failed = [
            (c, e) for c, e in zip(connections, outcomes, strict=True) if isinstance(e, Exception) and c.alive
        ]
        if failed:
            yield from self.remove(registration.id)
            raise failed[0][1]
        return registration.id

    def remove(self, registration_id: str) -> Flow[bool]:
        """Remove a registration everywhere; returns False when the id is unknown.

        Events that are under way are not delivered any more once this has begun.
        """
        registration = self._registrations.pop(registration_id, None)
        if registration is None:
            return False
        registration.active = False
        steps: list[Step] = []
        for connection, known in list(registration.on_connection.items()):
            if known.server_id is not None and connection.alive:
                steps.append(self._removal(registration, connection, known))
        # A member that can't be told has lost the registration with the connection, or will.
        yield Settled(steps)
        return True

    def _withdraw(self, registration: _Registration) -> None:
        """Remove a registration everywhere, without waiting for the members."""
        self._registrations.pop(registration.id, None)
        registration.active = False
        for connection, known in list(registration.on_connection.items()):
            self._remove_unheeded(registration, connection, known)

    def connection_added(self, connection: Connection) -> Flow[None]:
        """Register on a connection whatever isn't registered there yet."""
        registrations = list(self._registrations.values())
        outcomes = yield Settled([Await(partial(self._register, r, connection)) for r in registrations])
        for registration, outcome in zip(registrations, outcomes, strict=True):
            if isinstance(outcome, Exception) and connection.alive:
                _logger.warning(
                    "listener %s could not be registered on %s and misses its events: %s",
                    registration.id,
                    connection.address,
                    outcome,
                )

    def connection_lost(self, connection: Connection) -> None:
        """Forget what was registered over a connection that is gone."""
        for registration in list(self._registrations.values()):
            registration.on_connection.pop(connection, None)

    def _register(self, registration: _Registration, connection: Connection, promise: Promise) -> None:
        here = _OnConnection()
        if registration.on_connection.setdefault(connection, here) is not here:
            promise.set_result(None)
            return
        op = registration.spec.add(self._connections.smart)
        op.connection = connection

        def registered(server_id: UUID | None, error: BaseException | None) -> None:
            if error is not None:
                registration.on_connection.pop(connection, None)
                connection.event_handlers.pop(here.correlation_id, None)
                promise.set_exception(error)
                return
            here.server_id = server_id
            if not registration.active:
                # Removed while the member was being asked: nobody else tells it.
                self._remove_unheeded(registration, connection, here)
            promise.set_result(None)

        # Known before the member can answer, which another thread may read.
        here.correlation_id = self._invocations.new_correlation_id()
        self._invocations.listen(
            op, CallbackPromise(registered), registration.handle, connection, here.correlation_id
        )

    def _remove_unheeded(
        self, registration: _Registration, connection: Connection, here: _OnConnection
    ) -> None:
        """Tell the member, if it has answered, that the registration is over; nobody waits for the outcome."""
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
