"""Operations that wait for a connection to the cluster."""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Final

from hz_core.connection import Connection
from hz_core.errors import ClientOfflineError, HazelcastClientNotActiveError
from hz_core.invocation.invocation import Invocation
from hz_core.invocation.retry import NotSentError
from hz_core.io import IO, Timer

SLICE: Final = 1000
"""So many invocations are failed or sent again at a time, before the I/O side does something else."""


class ParkedInvocations:
    """A queue of invocations without timers and attempts of their own. ``add`` is called from any thread.

    Args:
        io: The driver.
        open_connections: Returns the ready connections.
        check_active: Raises an error if operations must not wait for a connection.
        send: Sends an invocation.
        expire: Fails an invocation whose time is over, or gives it more; returns None if it still has time, True if it
            stays in the queue, False if it was failed.
    """

    def __init__(
        self,
        io: IO,
        open_connections: Callable[[], Sequence[Connection]],
        check_active: Callable[[], None],
        send: Callable[[Invocation], None],
        expire: Callable[[Invocation], bool | None],
    ) -> None:
        self._io = io
        self._open_connections = open_connections
        self._check_active = check_active
        self._send = send
        self._expire = expire
        self._queue: dict[Invocation, Timer | None] = {}
        """Without timers. An invocation that is given up removes itself."""

    def waiting(self) -> list[Invocation]:
        """Return the invocations; callable from any thread."""
        return list(self._queue)

    def __len__(self) -> int:
        return len(self._queue)

    def add(self, invocation: Invocation) -> None:
        """Let an invocation wait."""
        invocation.waits_in = self._queue
        self._queue[invocation] = None
        if invocation.unwanted():
            invocation.forget()  # given up meanwhile by another thread, which did not find it
        # The state of the client may have changed before this one was in the queue.
        self._io.call_soon(self.send_all)

    def send_all(self) -> None:
        """Send the invocations, in order and some at a time.

        Without a connection they go on waiting, if the state of the client allows that.
        """
        queue = self._queue
        if not queue:
            return
        if not self._open_connections():
            try:
                self._check_active()
            except (ClientOfflineError, HazelcastClientNotActiveError) as e:
                self.fail_all(e)
            return
        for invocation in list(islice(queue, SLICE)):
            if not _take(queue, invocation):
                continue
            if invocation.unwanted() and not invocation.in_doubt:
                invocation.fail(NotSentError("nobody waits for it any more"))
            else:
                self._send(invocation)
        # In between, connections are read, and others can be opened.
        self._io.call_soon(self.send_all)

    def expire(self) -> None:
        """Fail the invocations that have waited for too long. Regularly."""
        queue = self._queue
        for invocation in list(islice(queue, SLICE)):
            stays = self._expire(invocation)
            if stays is None:
                return
            if not stays:
                _take(queue, invocation)
        if queue:
            self._io.call_soon(self.expire)

    def fail_all(self, error: Exception) -> None:
        """Fail all."""
        for invocation in list(self._queue):
            if _take(self._queue, invocation):
                invocation.fail(error)


def _take(queue: dict[Invocation, Timer | None], invocation: Invocation) -> bool:
    """Remove an invocation from the queue; return whether it was there."""
    try:
        del queue[invocation]
    except KeyError:
        return False
    invocation.waits_in = None
    return True
