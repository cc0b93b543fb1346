"""Small things that are built from CP objects, for asyncio programs: copy them, or use them as they are."""

import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from hz_core.arguments import duration
from hz_core.errors import LockOwnershipLostError
from hz_cp.aio_bounded_pool import BoundedPool
from hz_cp.atomic_long.aio import AsyncAtomicLong
from hz_cp.atomic_reference.aio import AsyncAtomicReference
from hz_cp.checks import at_least
from hz_cp.fenced_lock.aio import AsyncFencedLock

__all__ = ["BoundedPool", "RateLimiter", "Term", "lead", "once"]

T = TypeVar("T")

_MICROS: Final = 1_000_000


class Term:
    """The time in which one task of all is the leader.

    Attributes:
        fence: A number that is greater than those of all earlier leaders. What the leader changes should store it, and
            refuse those who come with a smaller one.
    """

    def __init__(self, lock: AsyncFencedLock, fence: int) -> None:
        self._lock = lock
        self.fence = fence

    async def check(self) -> None:
        """Go on only while this task leads.

        Raises:
            LockOwnershipLostError: It does not any more: its session has ended.
        """
        if not await self._lock.is_locked_by_current_task():
            raise LockOwnershipLostError(
                f"the term with fence {self.fence} has ended: another one may lead by now, so stop its work"
            )


async def lead(lock: AsyncFencedLock, work: Callable[[Term], Awaitable[T]]) -> T:
    """Wait until this task is the leader, and call ``work``; resign when it returns.

    A leader that loses its session, because it was cut off or stopped for too long, is a candidate again: ``work`` is
    called once more, with a new term.

    Args:
        lock: All candidates have the same.
        work: What the leader does. It should call ``Term.check`` before each change.

    Returns:
        What ``work`` has returned.
    """
    while True:
        try:
            async with lock.hold() as fence:
                return await work(Term(lock, fence))
        except LockOwnershipLostError:
            continue


class RateLimiter:
    """Lets all programs together do something at most ``limit`` times in any ``period`` that begins after a pause.

    On average it is ``limit`` in a ``period``; after a pause as many may come at once. The programs' clocks must agree
    as far as it matters.

    Args:
        number: An AtomicLong that nothing else uses.
        limit: How often.
        period: In how many seconds.
        clock: Returns the time in seconds.
    """

    def __init__(
        self, number: AsyncAtomicLong, limit: int, period: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._number = number
        self._step = max(1, int(duration(period, "period") * _MICROS / at_least(1, limit, "limit")))
        self._burst = self._step * limit
        self._clock = clock

    async def try_acquire(self) -> float:
        """Ask for permission.

        Returns:
            0.0 if it is given; else the seconds to wait before asking again.
        """
        while True:
            now = int(self._clock() * _MICROS)
            # When all that was permitted so far would be over, if it had come evenly.
            busy_until = await self._number.get()
            after = max(now, busy_until) + self._step
            if after - now > self._burst:
                return (after - now - self._burst) / _MICROS
            if await self._number.compare_and_set(busy_until, after):
                return 0.0


async def once(
    reference: AsyncAtomicReference[T], lock: AsyncFencedLock, make: Callable[[], Awaitable[T]]
) -> T:
    """Return the value of ``reference``; the first of all callers makes it, the others wait for that.

    If who makes it loses his session meanwhile, another one makes it again; the value that is stored first remains.

    Args:
        reference: Holds the value.
        lock: Held while the value is made.
        make: Makes the value, which must not be None.
    """
    value = await reference.get()
    if value is not None:
        return value
    async with lock:
        value = await reference.get()
        while value is None:
            made = await make()
            value = made if await reference.compare_and_set(None, made) else await reference.get()
        return value
