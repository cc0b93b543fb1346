"""What the invocation service uses of other parts, and its options."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from hz_core.connection import Connection
from hz_core.invocation.invocation import Invocation
from hz_core.op import Op
from hz_serialization.compact import UnknownSchemaError


class Router(Protocol):
    """Finds connections for operations."""

    def route(self, op: Op[Any]) -> Connection | None:
        """Return the connection for ``op``, or None if there is none."""
        ...

    def open_connections(self) -> Sequence[Connection]:
        """Return the ready connections."""
        ...

    def failed(self, op: Op[Any], error: Exception) -> None:
        """Note why ``op`` has failed, before it may be sent again."""
        ...

    def is_member(self, op: Op[Any]) -> bool:
        """Return whether the member that ``op`` is bound to is still in the cluster."""
        ...


class Sender(Protocol):
    """Sends the invocations that a gate has held."""

    def send(self, invocation: Invocation) -> None:
        """Send an invocation."""
        ...


class Gate(Protocol):
    """Holds requests until the cluster knows the Compact schemas that they need."""

    @property
    def unconfirmed(self) -> Mapping[int, Any]:
        """The schemas that the cluster does not know yet. While this is empty, no request is held."""
        ...

    @property
    def held_count(self) -> int:
        """The number of held requests."""
        ...

    def hold(self, invocation: Invocation, sender: Sender) -> bool:
        """Hold ``invocation`` until ``sender`` may send it; return False if it need not wait."""
        ...

    def fetch(self, unknown: UnknownSchemaError, done: Callable[[Exception | None], object]) -> None:
        """Ask the cluster for a schema, then call ``done`` on the I/O side with the error, None for success."""
        ...


class InvocationPolicy:
    """The options for retries and backup acks; see the client's configuration. Times are in seconds."""

    __slots__ = (
        "backup_acks",
        "backup_timeout",
        "fail_on_indeterminate",
        "max_pending",
        "redo_operation",
        "retry_pause",
        "timeout",
    )

    def __init__(
        self,
        *,
        timeout: float,
        retry_pause: float,
        redo_operation: bool,
        backup_acks: bool,
        backup_timeout: float,
        fail_on_indeterminate: bool,
        max_pending: int,
    ) -> None:
        self.timeout: float = timeout
        self.retry_pause: float = retry_pause
        self.redo_operation: bool = redo_operation
        self.backup_acks: bool = backup_acks
        self.backup_timeout: float = backup_timeout
        self.fail_on_indeterminate: bool = fail_on_indeterminate
        self.max_pending: int = max_pending
