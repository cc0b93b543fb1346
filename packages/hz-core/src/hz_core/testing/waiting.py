"""Requests that wait at a member until something happens: a lock is released, an item comes, a place is free."""

from collections.abc import Callable
from dataclasses import dataclass

from hz_core.testing.clock import Timer
from hz_core.testing.members import MemberError, Request, SimulatedCluster


@dataclass(eq=False)
class _Waiter:
    request: Request
    attempt: Callable[[], bool]
    timer: Timer | None = None


class WaitList:
    """Requests that wait for the same thing, served in the order of their arrival.

    Args:
        cluster: The cluster, for its clock.
    """

    def __init__(self, cluster: SimulatedCluster) -> None:
        self._cluster = cluster
        self._waiters: list[_Waiter] = []
        self._waking = False
        self._again = False

    def __len__(self) -> int:
        return len(self._waiters)

    def serve(
        self,
        request: Request,
        attempt: Callable[[], bool],
        timeout: int = -1,
        give_up: Callable[[], None] | None = None,
    ) -> None:
        """Serve a request now, or when :meth:`wake` finds that it can be served.

        Args:
            request: The request.
            attempt: Answers the request and returns True; returns False while that is not possible.
            timeout: Milliseconds that the request may wait; negative for any time.
            give_up: Answers the request when that time is over.
        """
        if _attempted(request, attempt):
            return
        if timeout == 0 and give_up is not None:
            give_up()
            return
        waiter = _Waiter(request, attempt)
        self._waiters.append(waiter)
        if timeout > 0 and give_up is not None:
            waiter.timer = self._cluster.clock.call_later(timeout / 1000, lambda: self._over(waiter, give_up))

    def wake(self) -> None:
        """Serve the requests that can be served now; those of closed connections are dropped."""
        self._again = True
        if self._waking:
            return
        self._waking = True
        while self._again:
            self._again = False
            for waiter in list(self._waiters):
                if not waiter.request.session.open or _attempted(waiter.request, waiter.attempt):
                    self._remove(waiter)
        self._waking = False

    def refuse(self, error: MemberError, which: Callable[[Request], bool] = lambda request: True) -> None:
        """Answer those of the waiting requests that ``which`` selects with an error."""
        for waiter in list(self._waiters):
            if which(waiter.request):
                self._remove(waiter)
                waiter.request.refuse(error)

    def _over(self, waiter: _Waiter, give_up: Callable[[], None]) -> None:
        self._remove(waiter)
        give_up()

    def _remove(self, waiter: _Waiter) -> None:
        if waiter.timer is not None:
            waiter.timer.cancel()
        if waiter in self._waiters:
            self._waiters.remove(waiter)


def _attempted(request: Request, attempt: Callable[[], bool]) -> bool:
    try:
        return attempt()
    except MemberError as error:
        request.refuse(error)
        return True
