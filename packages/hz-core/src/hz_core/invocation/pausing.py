"""Operations that wait for their next attempt."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from hz_core.connection import Connection
from hz_core.invocation.invocation import Invocation
from hz_core.io import IO, Timer
from hz_core.op import Op

_SHORT: Final = 0.01
"""A pause of so many seconds is not worth to be shortened."""


class _Pause:
    """The pause of one invocation.

    Args:
        timer: Ends it.
        error: Why the last attempt has failed.
        bound: Whether the operation is for one partition or member, and the pause long enough to be shortened.
        route: The connection over which the next attempt would have gone when the pause began.
    """

    __slots__ = ("bound", "cancel", "error", "route")

    def __init__(self, timer: Timer, error: Exception, bound: bool, route: Connection | None) -> None:
        self.cancel = timer.cancel
        self.error = error
        self.bound = bound
        self.route = route


class PausingInvocations:
    """The invocations between two attempts, each with its pause. On the I/O side.

    A pause ends early when the client learns that the operation has another way to go: the partition has a new owner,
    or its member is connected again. Pauses grow to a second, and an outage would last longer by as much.

    Args:
        io: The driver.
        route: Chooses the connection of an operation.
        again: Makes the next attempt; called with the invocation, and the error of the last one.
    """

    def __init__(
        self,
        io: IO,
        route: Callable[[Op[Any]], Connection | None],
        again: Callable[[Invocation, Exception], None],
    ) -> None:
        self._io = io
        self._route = route
        self._again = again
        self._pauses: dict[Invocation, Any] = {}
        self._looks = False

    def waiting(self) -> list[Invocation]:
        """Return the invocations; callable from any thread."""
        return list(self._pauses)

    def __len__(self) -> int:
        return len(self._pauses)

    def add(self, invocation: Invocation, seconds: float, error: Exception) -> None:
        """Let an invocation wait."""
        op = invocation.op
        bound = seconds > _SHORT and (op.partition_id >= 0 or op.member is not None)
        timer = self._io.call_later(seconds, partial(self._over, invocation))
        invocation.waits_in = self._pauses
        self._pauses[invocation] = _Pause(timer, error, bound, self._route(op) if bound else None)
        if invocation.unwanted():
            invocation.forget()  # given up meanwhile by another thread, which did not find it

    def routes_changed(self) -> None:
        """Look soon for invocations that have another way to go."""
        if self._pauses and not self._looks:
            self._looks = True
            self._io.call_soon(self._look)

    def _look(self) -> None:
        self._looks = False
        for invocation, pause in list(self._pauses.copy().items()):
            if pause.bound and self._route(invocation.op) not in (None, pause.route):
                pause.cancel()
                self._over(invocation)

    def _over(self, invocation: Invocation) -> None:
        pause = self._pauses.pop(invocation, None)
        if pause is not None:  # else it was given up
            invocation.waits_in = None
            self._again(invocation, pause.error)

    def fail_all(self, error: Exception) -> None:
        """Fail all."""
        for invocation, pause in list(self._pauses.copy().items()):
            if self._pauses.pop(invocation, None) is not None:
                pause.cancel()
                invocation.fail(error)
