"""What is refused because too much waits already, and which of it nobody waits for."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from hz_core.connection import MOST_UNSENT, Connection
from hz_core.errors import HazelcastOverloadError
from hz_core.invocation.invocation import Invocation

_INTERNAL: Final = ("Client.", "CPSession.")
"""Requests with which the client keeps its connections and sessions alive, and which no limit may hold back."""

_SWEEP_SIZE: Final = 1024
"""With so many requests of a connection that wait for replies, those are forgotten whose callers have given up."""

_SMALL_LIMIT: Final = 10_000
"""Below this limit of pending invocations, all are counted for each of them, and looked at for each refused one."""

_SWEEP_PAUSE: Final = 1.0
"""Seconds between two looks at all invocations of a client at its limit, each of which may take a tenth of that."""


class PendingLimit:
    """Refuses invocations beyond a limit, and forgets those that nobody waits for.

    Args:
        most: The most invocations in progress.
        open_connections: Returns the ready connections.
        count: Counts the invocations in progress.
        now: Returns the seconds of a monotonic clock.
    """

    def __init__(
        self,
        most: int,
        open_connections: Callable[[], Sequence[Connection]],
        count: Callable[[], int],
        now: Callable[[], float],
    ) -> None:
        self._most = most
        self._open_connections = open_connections
        self._count = count
        self._now = now
        self._sweep_time = float("-inf")  # when all may be looked at again
        # While a connection has fewer pending invocations than this, the client is far below its limit.
        self._room = 0 if most < _SMALL_LIMIT else most // 10

    def crowded(self, connection: Connection, invocation: Invocation) -> None:
        """Handle that ``connection`` has as many pending invocations as its ``crowded_at``.

        Raises:
            HazelcastOverloadError: See ``check``.
        """
        if len(connection.pending) >= max(connection.sweep_at, _SWEEP_SIZE):
            _sweep(connection)
            connection.sweep_at = 2 * len(connection.pending)
        pending_count = len(connection.pending)
        # Earlier again, if there were more once.
        connection.sweep_at = min(connection.sweep_at, 2 * pending_count)
        connection.crowded_at = min(max(connection.sweep_at, _SWEEP_SIZE), self._room)
        if pending_count >= self._room:
            self.check(invocation)

    def check(self, invocation: Invocation) -> None:
        """Check that the client may accept one more. Its own requests, and repeated ones, always pass.

        Raises:
            HazelcastOverloadError: The limit is reached.
        """
        if not _is_limited(invocation) or self._count() < self._most:
            return
        now = self._now()
        if self._most < _SMALL_LIMIT or now >= self._sweep_time:
            self._sweep_time = now + _SWEEP_PAUSE
            self.sweep()
        waiting = self._count()
        if waiting >= self._most:
            raise HazelcastOverloadError(
                f"{invocation.op.method.name} was not sent: {waiting} invocations of this client are in progress, the"
                " limit of max_pending_invocations; wait for some of them to complete, or raise the limit"
            )

    def sweep(self) -> None:
        """Forget all requests whose callers have given up."""
        for connection in self._open_connections():
            _sweep(connection)


def check_unsent(invocation: Invocation, connection: Connection) -> None:
    """Refuse an invocation for a member that does not read what waits to be sent to it.

    Raises:
        HazelcastOverloadError: The invocation was not accepted before.
    """
    if _is_limited(invocation):
        raise HazelcastOverloadError(
            f"{invocation.op.method.name} was not sent: more than {MOST_UNSENT >> 20} MiB of earlier requests wait for"
            f" the member at {connection.address}, which reads them too slowly or not at all; wait for some of them to"
            " complete"
        )


def _is_limited(invocation: Invocation) -> bool:
    """Return whether an invocation may be refused: it is not one of the client's own, and was not accepted before."""
    return not (invocation.tries or invocation.accepted or invocation.op.method.name.startswith(_INTERNAL))


def _sweep(connection: Connection) -> None:
    pending: Any = connection.pending
    for invocation in list(pending.values()):
        if invocation.unwanted():
            invocation.forget()
