"""What a proxy hands to the engine: one request (`Op`) or several steps (`Flow`)."""

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias, TypeVar
from uuid import UUID

from hz_core.wire.method import Method, ReadData

if TYPE_CHECKING:
    from hz_core.connection import Connection
    from hz_core.invocation.promise import Promise

T = TypeVar("T")

ANY_PARTITION: Final = -1
"""Partition id of a request that is bound to no partition."""


class Op(Generic[T]):
    """One request: its bytes, where it goes and how its reply is read.

    An Op knows nothing of connections, threads or waiting, and can be submitted on every surface.

    Args:
        method: The protocol message.
        request: The encoded request; the engine patches the correlation id into it when it is sent.
        partition_id: The partition whose owner gets it, -1 for any member.
        decode: Reads the reply, `method.decode` unless given.
        member: Send to the member with this UUID alone.
        connection: Send over this connection alone (a transaction, or the client's own housekeeping).
    """

    # Class attributes instead of slots: what most requests leave at its default then costs nothing to set.
    member: UUID | None = None
    connection: "Connection | None" = None

    def __init__(
        self,
        method: Method[Any],
        request: bytearray,
        partition_id: int = ANY_PARTITION,
        *,
        decode: Callable[[bytes, ReadData], T] | None = None,
        member: UUID | None = None,
        connection: "Connection | None" = None,
    ) -> None:
        self.method = method
        self.request = request
        self.partition_id = partition_id
        self.decode: Callable[[bytes, ReadData], T] = decode or method.decode
        if member is not None:
            self.member = member
        if connection is not None:
            self.connection = connection

    def __repr__(self) -> str:
        return f"Op({self.method.name}, partition {self.partition_id})"


class Sleep:
    """Yielded by a flow that wants to go on after `seconds`."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


class Await:
    """Yielded by a flow that waits for anything else: `start` is called with the promise to complete."""

    __slots__ = ("start",)

    def __init__(self, start: "Callable[[Promise], object]") -> None:
        self.start = start


class Settled:
    """Yielded by a flow to run several steps and get each one's result or error, none raised."""

    __slots__ = ("steps",)

    def __init__(self, steps: "Sequence[Step]") -> None:
        self.steps = steps


Step: TypeAlias = Op[Any] | list[Op[Any]] | Settled | Sleep | Await
"""What a flow waits for. A list runs in parallel; its result is the list of results in the same order."""

Flow: TypeAlias = Generator[Step, Any, T]
"""A multi-step operation, written once and run by each surface in its own way of waiting."""
