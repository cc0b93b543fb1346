"""A snapshot of what a client does: connections, pending operations, partitions, listeners, errors, queues, limits."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, Final

from hz_core.compiled import IS_COMPILED, WHY_PURE
from hz_core.connection import Connection
from hz_core.engine import Engine
from hz_core.invocation.invocation import Invocation
from hz_core.listener import MOST_QUEUED, ListenerFacts
from hz_core.observability.calls import call_of
from hz_serialization.speedups import version as speedups_version

MOST_PENDING: Final = 1000
"""So many pending operations are listed at most, the oldest ones."""


@dataclass(frozen=True, slots=True)
class ConnectionDiagnostics:
    """A connection. Ages are in seconds; those of reading and writing are as exact as the checks, a second or less."""

    id: int
    address: str
    local_address: str | None
    member: str | None
    server_version: str
    state: str
    age: float
    last_read_age: float
    last_write_age: float
    bytes_sent: int | None
    """None where the system does not count them."""
    bytes_received: int | None
    pending: int
    listeners: int


@dataclass(frozen=True, slots=True)
class PendingDiagnostics:
    """An operation that has no result so far."""

    operation: str
    structure: str | None
    partition: int | None
    address: str | None
    """The member that it was sent to, or is for."""
    age: float
    """Seconds since it was submitted."""
    attempts: int
    waits_for: str
    """``reply``, ``backups``, ``next attempt``, ``connection`` or ``schemas``."""
    last_error: str | None
    """Class of the error of the last attempt."""


@dataclass(frozen=True, slots=True)
class PartitionDiagnostics:
    """The partition table."""

    count: int
    """Number of partitions; 0 if it is unknown."""
    version: int
    owned: dict[str, int]
    """Number of partitions by the UUID of the member that owns them."""
    without_owner: int
    without_connection: int
    """Partitions whose owner the client has no connection to: other members pass operations on."""


@dataclass(frozen=True, slots=True)
class ListenerDiagnostics:
    """A listener."""

    id: str
    service: str | None
    structure: str | None
    connections: int
    """Number of members at which it is registered."""
    queued: int
    """Events that wait to be handled."""
    waiting_for_schemas: int
    dropped: int


@dataclass(frozen=True, slots=True)
class ErrorDiagnostics:
    """An error of a connection, or of an attempt to execute an operation, which may have been repeated since."""

    age: float
    where: str
    """Address, or operation."""
    error: str
    text: str | None
    """None for operations, whose errors may contain parts of keys or values."""


@dataclass(frozen=True, slots=True)
class QueueDiagnostics:
    """How many operations wait, and for what."""

    replies: int
    backups: int
    next_attempts: int
    connection: int
    schemas: int
    events: int


@dataclass(frozen=True, slots=True)
class LimitDiagnostics:
    """The limits that the client keeps. Times are in seconds."""

    max_pending_invocations: int
    max_queued_events: int
    invocation_timeout: float
    heartbeat_interval: float
    heartbeat_timeout: float
    connection_timeout: float
    cluster_connect_timeout: float


@dataclass(frozen=True, slots=True)
class SpeedupsDiagnostics:
    """Whether the client runs compiled code, which the distribution ``hz-speedups`` contains."""

    active: bool
    version: str | None
    """Version of ``hz-speedups``; None where it is not installed or cannot be imported."""
    why_not: str | None
    """Why compiled code is not used, and what to do; None if it is."""


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """A snapshot of a client. It contains neither keys nor values nor secrets."""

    client_name: str
    client_uuid: str
    client_version: str
    speedups: SpeedupsDiagnostics
    state: str
    cluster_name: str
    cluster_id: str | None
    members: list[str]
    """Addresses of the members in the last list that was received."""
    connections: list[ConnectionDiagnostics]
    connections_lost: int
    reconnects: int
    pending_count: int
    pending: list[PendingDiagnostics]
    """The oldest ones, at most 1,000."""
    partitions: PartitionDiagnostics
    listeners: list[ListenerDiagnostics]
    errors: list[ErrorDiagnostics]
    """The last ones, at most 50, the oldest first."""
    queues: QueueDiagnostics
    limits: LimitDiagnostics

    def to_dict(self) -> dict[str, Any]:
        """Return dicts, lists, strings and numbers, which ``json.dumps`` accepts."""
        return asdict(self)


def diagnose(engine: Engine, version: str) -> Diagnostics:
    """Return the state of a client; callable from any thread. Nothing stops for it, so parts may differ by a moment."""
    now = engine.io.now()
    groups = {what: waiting() for what, waiting in _groups(engine).items()}
    everything = [(invocation, what) for what, group in groups.items() for invocation in group]
    oldest = sorted(everything, key=lambda pair: pair[0].started)[:MOST_PENDING]
    listeners = [_listener(facts) for facts in engine.listeners.facts()]
    cluster_id = engine.connections.cluster_id
    return Diagnostics(
        client_name=engine.name,
        client_uuid=str(engine.uuid),
        client_version=version,
        speedups=SpeedupsDiagnostics(IS_COMPILED, speedups_version(), WHY_PURE),
        state=engine.states.state.value,
        cluster_name=engine.config.cluster_name,
        cluster_id=None if cluster_id is None else str(cluster_id),
        members=[str(member.address) for member in engine.view.members.members],
        connections=[_connection(connection, now) for connection in engine.connections.all()],
        connections_lost=engine.connections_lost,
        reconnects=engine.reconnects,
        pending_count=len(everything),
        pending=[_pending(invocation, what, engine, now) for invocation, what in oldest],
        partitions=_partitions(engine),
        listeners=listeners,
        errors=[
            ErrorDiagnostics(max(now - e.time, 0.0), e.where, e.error, e.text) for e in engine.errors.last()
        ],
        queues=_queues(groups, listeners),
        limits=_limits(engine),
    )


def _groups(engine: Engine) -> dict[str, Callable[[], list[Invocation]]]:
    """Return what gives the operations that wait for each thing."""

    def replies() -> list[Invocation]:
        # All entries are invocations, because only their service adds entries.
        tables: Iterable[dict[int, Any]] = (connection.pending for connection in engine.connections.all())
        return [invocation for table in tables for invocation in list(table.values())]

    return {
        "reply": replies,
        "backups": engine.invocations.backups.waiting,
        "next attempt": engine.invocations.pausing,
        "connection": engine.invocations.parked.waiting,
        "schemas": engine.schemas.held,
    }


def _connection(connection: Connection, now: float) -> ConnectionDiagnostics:
    facts = connection.facts()
    return ConnectionDiagnostics(
        id=connection.id,
        address=str(connection.address),
        local_address=None if facts.local is None else str(facts.local),
        member=None if connection.member is None else str(connection.member),
        server_version=connection.server_version,
        state=connection.state.value,
        age=now - connection.opened,
        # What was heard or said since the last check has no time yet.
        last_read_age=0.0 if connection.heard else max(now - connection.last_read, 0.0),
        last_write_age=0.0 if connection.spoke else max(now - connection.last_write, 0.0),
        bytes_sent=facts.sent,
        bytes_received=facts.received,
        pending=len(connection.pending),
        listeners=len(connection.event_handlers),
    )


def _pending(invocation: Invocation, what: str, engine: Engine, now: float) -> PendingDiagnostics:
    call, error = call_of(invocation, engine), invocation.last_error
    return PendingDiagnostics(
        operation=call.operation,
        structure=call.structure,
        partition=call.partition,
        address=None if call.address is None else str(call.address),
        age=max(now - invocation.started, 0.0),
        attempts=call.attempts,
        waits_for=what,
        last_error=None if error is None else type(error).__name__,
    )


def _listener(facts: ListenerFacts) -> ListenerDiagnostics:
    service, structure = facts.owner or (None, None)
    return ListenerDiagnostics(
        id=facts.id,
        service=service,
        structure=structure,
        connections=facts.connections,
        queued=facts.queued,
        waiting_for_schemas=facts.waiting_for_schemas,
        dropped=facts.dropped,
    )


def _queues(groups: dict[str, list[Invocation]], listeners: list[ListenerDiagnostics]) -> QueueDiagnostics:
    return QueueDiagnostics(
        replies=len(groups["reply"]),
        backups=len(groups["backups"]),
        next_attempts=len(groups["next attempt"]),
        connection=len(groups["connection"]),
        schemas=len(groups["schemas"]),
        events=sum(listener.queued for listener in listeners),
    )


def _partitions(engine: Engine) -> PartitionDiagnostics:
    table = engine.view.partitions
    owned = Counter(str(owner) for owner in table.owners if owner is not None)
    by_member = engine.connections.routes.by_member
    return PartitionDiagnostics(
        count=table.count,
        version=table.version,
        owned=dict(owned),
        without_owner=table.count - owned.total(),
        without_connection=sum(owner is not None and owner not in by_member for owner in table.owners),
    )


def _limits(engine: Engine) -> LimitDiagnostics:
    config = engine.config
    return LimitDiagnostics(
        max_pending_invocations=config.max_pending_invocations,
        max_queued_events=MOST_QUEUED,
        invocation_timeout=config.invocation_timeout,
        heartbeat_interval=config.heartbeat_interval,
        heartbeat_timeout=config.heartbeat_timeout,
        connection_timeout=config.connection_timeout,
        cluster_connect_timeout=config.cluster_connect_timeout,
    )
