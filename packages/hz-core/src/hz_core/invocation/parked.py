"""Operations that wait for a connection to the cluster."""

from collections import deque
from collections.abc import Callable, Sequence
from heapq import heapify, heappop, heappush
from itertools import count, islice
from math import inf
from typing import Any, Final

from hz_core.connection import Connection
from hz_core.errors import ClientOfflineError, HazelcastClientNotActiveError
from hz_core.invocation.invocation import Invocation
from hz_core.invocation.retry import NotSentError
from hz_core.io import IO, Timer

SLICE: Final = 1000
"""So many invocations are failed or sent again at a time, before the I/O side does something else."""


class ParkedInvocations:
    """A queue of invocations without attempts of their own, with one timer for all. ``add`` is called from any thread.

    Args:
        io: The driver.
        open_connections: Returns the ready connections.
        check_active: Raises an error if operations must not wait for a connection.
        send: Sends an invocation.
        expire: Fails an invocation whose time is over, or gives it more; returns None if it still has time, True if it
            stays in the queue, False if it was failed.
        limit: Returns when the time of an invocation is over.
    """

    def __init__(
        self,
        io: IO,
        open_connections: Callable[[], Sequence[Connection]],
        check_active: Callable[[], None],
        send: Callable[[Invocation], None],
        expire: Callable[[Invocation], bool | None],
        limit: Callable[[Invocation], float],
    ) -> None:
        self._io = io
        self._open_connections = open_connections
        self._check_active = check_active
        self._send = send
        self._expire = expire
        self._limit = limit
        self._new: deque[Invocation] = deque()
        self._limits: list[tuple[float, int, Invocation]] = []
        self._numbers = count()
        self._timer: Timer | None = None
        self._due = 0.0
        self._queue: dict[Invocation, Any] = {}
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
        self._new.append(invocation)
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
            self._forget_limits()
            return
        if not self._open_connections():
            try:
                self._check_active()
            except (ClientOfflineError, HazelcastClientNotActiveError) as e:
                self.fail_all(e)
            else:
                self._watch()
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

    # --- limits --------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        """Set the timer to the next limit, which may be that of a new one: an operation that was tried before."""
        limits = self._limits
        while self._new:
            invocation = self._new.popleft()
            if invocation in self._queue:
                heappush(limits, (self._limit(invocation), next(self._numbers), invocation))
        if len(limits) > 2 * len(self._queue) + SLICE:
            # Of those that were given up.
            limits[:] = [entry for entry in limits if entry[2] in self._queue]
            heapify(limits)
        while limits and limits[0][2] not in self._queue:
            heappop(limits)
        due = limits[0][0] if limits else inf
        if self._timer is not None and due != self._due:
            self._timer.cancel()
            self._timer = None
        if limits and self._timer is None:
            self._due = due
            self._timer = self._io.call_later(max(due - self._io.now(), 0.0), self._expire_due)

    def _expire_due(self) -> None:
        """Fail the invocations that have waited for too long, some at a time."""
        self._timer = None
        now = self._io.now()
        for _ in range(SLICE):
            if not self._limits or self._limits[0][0] > now:
                break
            invocation = heappop(self._limits)[2]
            if invocation not in self._queue:
                continue
            if self._expire(invocation) is False:
                _take(self._queue, invocation)
            else:
                self._new.append(invocation)  # it has got more time
        self._watch()

    def _forget_limits(self) -> None:
        self._new.clear()
        self._limits.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def fail_all(self, error: Exception) -> None:
        """Fail all."""
        for invocation in list(self._queue):
            if _take(self._queue, invocation):
                invocation.fail(error)
        self._forget_limits()


def _take(queue: dict[Invocation, Any], invocation: Invocation) -> bool:
    """Remove an invocation from the queue; return whether it was there."""
    try:
        del queue[invocation]
    except KeyError:
        return False
    invocation.waits_in = None
    return True
