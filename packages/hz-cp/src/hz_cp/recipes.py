"""Small things that are built from CP objects, for programs of threads: copy them, or use them as they are."""

import time
from collections.abc import Callable
from typing import Any, Final, Generic, Protocol, TypeVar

from hz_core.arguments import duration
from hz_core.errors import LockOwnershipLostError
from hz_cp.atomic_long.blocking import BlockingAtomicLong
from hz_cp.atomic_reference.blocking import BlockingAtomicReference
from hz_cp.checks import at_least
from hz_cp.fenced_lock.blocking import BlockingFencedLock
from hz_cp.semaphore.blocking import BlockingSemaphore

T = TypeVar("T")
R = TypeVar("R", covariant=True)

_MICROS: Final = 1_000_000


class Term:
    """The time in which one thread of all is the leader.

    Attributes:
        fence: A number that is greater than those of all earlier leaders. What the leader changes should store it, and
            refuse those who come with a smaller one.
    """

    def __init__(self, lock: BlockingFencedLock, fence: int) -> None:
        self._lock = lock
        self.fence = fence

    def check(self) -> None:
        """Go on only while this thread leads.

        Raises:
            LockOwnershipLostError: It does not any more: its session has ended.
        """
        if not self._lock.is_locked_by_current_thread():
            raise LockOwnershipLostError(f"the term with fence {self.fence} has ended")


def lead(lock: BlockingFencedLock, work: Callable[[Term], T]) -> T:
    """Wait until this thread is the leader, and call ``work``; resign when it returns.

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
            with lock.hold() as fence:
                return work(Term(lock, fence))
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
        self, number: BlockingAtomicLong, limit: int, period: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._number = number
        self._step = max(1, int(duration(period, "period") * _MICROS / at_least(1, limit, "limit")))
        self._burst = self._step * limit
        self._clock = clock

    def try_acquire(self) -> float:
        """Ask for permission.

        Returns:
            0.0 if it is given; else the seconds to wait before asking again.
        """
        while True:
            now = int(self._clock() * _MICROS)
            # When all that was permitted so far would be over, if it had come evenly.
            busy_until = self._number.get()
            after = max(now, busy_until) + self._step
            if after - now > self._burst:
                return (after - now - self._burst) / _MICROS
            if self._number.compare_and_set(busy_until, after):
                return 0.0


def once(reference: BlockingAtomicReference[T], lock: BlockingFencedLock, make: Callable[[], T]) -> T:
    """Return the value of ``reference``; the first of all callers makes it, the others wait for that.

    If who makes it loses his session meanwhile, another one makes it again; the value that is stored first remains.

    Args:
        reference: Holds the value.
        lock: Held while the value is made.
        make: Makes the value, which must not be None.
    """
    value = reference.get()
    if value is not None:
        return value
    with lock:
        value = reference.get()
        while value is None:
            made = make()
            value = made if reference.compare_and_set(None, made) else reference.get()
        return value


class Submitted(Protocol):
    """The future of an executor."""

    def add_done_callback(self, function: Callable[[Any], object], /) -> None:
        """Call a function when it is done."""
        ...


SubmittedT = TypeVar("SubmittedT", bound=Submitted)


class Executor(Protocol[R]):
    """Runs functions: ``concurrent.futures.ThreadPoolExecutor``, for example."""

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> R:
        """Begin to run a function; return its future."""
        ...


class BoundedPool(Generic[SubmittedT]):
    """Runs functions in an executor; all pools of all programs with the same semaphore run as many as it has permits.

    If a program fails, its permits are released with its session.

    Args:
        permits: The semaphore.
        executor: Runs the functions.
    """

    def __init__(self, permits: BlockingSemaphore, executor: Executor[SubmittedT]) -> None:
        self._permits = permits
        self._executor = executor

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> SubmittedT:
        """Wait for a permit, and begin to run a function; return its future. The permit is released with its end."""
        self._permits.acquire()
        try:
            future = self._executor.submit(function, *args, **kwargs)
        except BaseException:
            self._permits.release()
            raise
        future.add_done_callback(self._done)
        return future

    def _done(self, future: object) -> None:
        self._permits.release()
