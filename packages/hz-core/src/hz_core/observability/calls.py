"""What is said of an operation: never its keys or values."""

from struct import Struct
from typing import Any, Final, NamedTuple
from uuid import UUID

from hz_core.connection import Connection
from hz_core.engine import Engine
from hz_core.invocation.invocation import Invocation
from hz_core.model import Address
from hz_core.op import Op
from hz_core.wire.frames import BEGIN_DATA_STRUCTURE, END_DATA_STRUCTURE, FRAME_HEADER_SIZE

_HEADER: Final = Struct("<iH").unpack_from

_INTERNAL: Final = ("Client.", "CPSession.")
"""The client's own requests."""

_NAME_FIRST: Final = frozenset(
    {
        "CardinalityEstimator",
        "DurableExecutor",
        "ExecutorService",
        "FlakeIdGenerator",
        "List",
        "Map",
        "MultiMap",
        "PNCounter",
        "Queue",
        "ReplicatedMap",
        "Ringbuffer",
        "ScheduledExecutor",
        "Set",
        "Topic",
        "TransactionalList",
        "TransactionalMap",
        "TransactionalMultiMap",
        "TransactionalQueue",
        "TransactionalSet",
        "VectorCollection",
    }
)
"""The services whose requests begin with the name of the structure, if they have text at all."""

_GROUP_FIRST: Final = frozenset(
    {"AtomicLong", "AtomicRef", "CPMap", "CountDownLatch", "FencedLock", "Semaphore"}
)
"""The services whose requests have a CP group before the name."""

_NAMELESS: Final = frozenset({"Map.fetchNearCacheInvalidationMetadata"})


class Call(NamedTuple):
    """What is known of an operation."""

    operation: str
    """The message, for example ``Map.put``."""

    structure: str | None
    """Name of the structure; None if the operation belongs to none."""

    partition: int | None
    """Partition of the key or structure; None if any member can execute it."""

    member: UUID | None
    """The member that it was sent to, or would be sent to now; None if there is none."""

    address: Address | None
    """The address of that member."""

    attempts: int
    """Number of attempts so far."""


def is_internal(op: Op[Any]) -> bool:
    """Return whether an operation is one of the client's own, such as a heartbeat."""
    return op.method.name.startswith(_INTERNAL)


def structure_of(op: Op[Any]) -> str | None:
    """Return the name of the structure that a request is for, read from its bytes; None if it is for none."""
    service = op.method.name.partition(".")[0]
    grouped = service in _GROUP_FIRST
    if not grouped and (service not in _NAME_FIRST or op.method.name in _NAMELESS):
        return None
    request = op.request
    size = len(request)
    position: int = _HEADER(request)[0]
    depth = 0
    while position + FRAME_HEADER_SIZE <= size:
        length, flags = _HEADER(request, position)
        if grouped and flags & BEGIN_DATA_STRUCTURE:
            depth += 1
        elif grouped and flags & END_DATA_STRUCTURE:
            depth -= 1
        elif not depth:
            return request[position + FRAME_HEADER_SIZE : position + length].decode("utf-8", "replace")
        position += length
    return None


def call_of(invocation: Invocation, engine: Engine, *, succeeded: bool = False) -> Call:
    """Return what is known of an invocation; callable from any thread.

    Args:
        invocation: The invocation.
        engine: The client.
        succeeded: Whether it has a result.
    """
    op = invocation.op
    now = invocation.connection
    connection = now or invocation.last_connection or op.connection or _owner(op, engine)
    partition = op.partition_id if op.partition_id >= 0 else None
    member, address = (None, None) if connection is None else (connection.member, connection.address)
    # The engine counts an attempt when it has failed.
    attempts = invocation.tries + (succeeded or now is not None or invocation.reply is not None)
    return Call(op.method.name, structure_of(op), partition, member, address, attempts)


def _owner(op: Op[Any], engine: Engine) -> Connection | None:
    routes = engine.connections.routes
    if op.member is not None:
        return routes.by_member.get(op.member)
    if 0 <= op.partition_id < len(routes.by_partition):
        return routes.by_partition[op.partition_id]
    return None
