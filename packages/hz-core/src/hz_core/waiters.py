"""How threads wait for futures, and where callbacks run."""

from _thread import LockType, _local, allocate_lock
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from hz_core.compiled import UserCallbackBase, prefer_compiled
from hz_core.log import get_logger

_logger = get_logger("future")

_LONGEST_WAIT: Final = 1_000_000.0
"""Some locks accept no much longer timeout (in seconds); a longer wait is split into several."""

_DEEPEST: Final = 20
"""So many callbacks may be called inside each other. What they complete beyond that is passed on later, by a loop."""


class Waiter(Protocol):
    """The driver's part of a future: how to wait, and where to run callbacks."""

    def wait(self, future: Any, timeout: float | None, /) -> bool:
        """Block until the :class:`~hz_core.future.Future` is done, or ``timeout`` seconds have passed (None: no limit).

        The calling thread may do useful work meanwhile, such as reading the socket. The future may also be
        completed by another thread: register a lock with :meth:`~hz_core.future.Future.attach`.

        Returns:
            Whether the future is done.
        """
        ...

    def run_callback(self, callback: Callable[[], None], /) -> object:
        """Run a user's callback where it cannot block the I/O side; return False if it is rejected."""
        ...

    def in_callback(self) -> bool:
        """Return whether the calling thread is the one that runs callbacks, so that it must not wait for another."""
        ...

    def now(self) -> float:
        """Return a monotonic time in seconds."""
        ...


class Waitable(Protocol):
    """What ``wait_on_lock`` waits for."""

    def done(self) -> bool:
        """Return whether there is an outcome."""
        ...

    def attach(self, lock: LockType, /) -> bool:
        """Have ``lock`` released with the outcome; return False if there is one."""
        ...

    def detach(self, lock: LockType, /) -> bool:
        """Take the lock back."""
        ...


def wait_on_lock(future: Waitable, timeout: float | None) -> bool:
    """Block on a lock until ``future`` is done or ``timeout`` seconds have passed; return whether it is done."""
    lock = allocate_lock()
    lock.acquire()
    while future.attach(lock):
        acquired = False
        try:
            acquired = lock.acquire(
                timeout=_LONGEST_WAIT if timeout is None else min(max(timeout, 0), _LONGEST_WAIT)
            )
        finally:
            if not acquired:
                future.detach(lock)
        if timeout is not None:
            break
    return future.done()


def _run_inline(callback: Callable[[], None]) -> None:
    call_nested(_call, callback)


def _call(callback: Callable[[], None]) -> None:
    callback()


class LockWaiter:
    """Waits on a lock.

    Args:
        run_callback: Runs callbacks; None runs them in the thread that completes the future.
    """

    __slots__ = ("run_callback",)

    def __init__(self, run_callback: Callable[[Callable[[], None]], object] | None = None) -> None:
        self.run_callback: Callable[[Callable[[], None]], object] = run_callback or _run_inline

    def wait(self, future: Any, timeout: float | None, /) -> bool:
        """Block until ``future`` is done or ``timeout`` seconds have passed; see :class:`Waiter`."""
        return wait_on_lock(future, timeout)

    def in_callback(self) -> bool:
        """Return False: the threads of ``run_callback`` are unknown."""
        return False

    def now(self) -> float:
        """Return 0, because nothing here needs the time."""
        return 0.0


class Runnable(Protocol):
    """The function that completes a derived future."""

    def run(self) -> bool:
        """Run the function in this thread, unless it has run; return whether it was run now.

        Raises:
            RuntimeError: This thread is running it, and would wait for itself.
        """
        ...


class DerivedWaiter:
    """Waits for a future that is made of others: of a continuation, or of several futures.

    Continuations are queued for the thread of the callbacks. If a callback waits for one, it would wait for itself.
    So that thread waits for the futures that the continuation needs, and runs it in place.

    Args:
        driver: Waits for the futures of operations.
        awaited: The futures that the derived one is made of.
        continuation: The function that completes the derived future when these are done; None if they complete it.

    Attributes:
        driver: See above.
        awaited: See above.
        continuation: See above.
    """

    __slots__ = ("awaited", "continuation", "driver", "run_callback")

    def __init__(self, driver: Waiter, awaited: Sequence[Any], continuation: Runnable | None = None) -> None:
        self.driver: Waiter = driver
        self.run_callback: Callable[[Callable[[], None]], object] = driver.run_callback
        self.awaited: list[Any] = list(awaited)
        self.continuation: Runnable | None = continuation

    def in_callback(self) -> bool:
        """See :class:`Waiter`."""
        return self.driver.in_callback()

    def now(self) -> float:
        """See :class:`Waiter`."""
        return self.driver.now()

    def wait(self, future: Any, timeout: float | None, /) -> bool:
        """See :class:`Waiter`."""
        driver = self.driver
        if not driver.in_callback():
            return driver.wait(future, timeout)
        deadline = None if timeout is None else driver.now() + timeout
        # A stack instead of recursion: there may be thousands of continuations, each of the one before.
        stack = [future]
        on_stack = {id(future)}
        while stack:
            current = stack[-1]
            if current.done():
                on_stack.discard(id(stack.pop()))
                continue
            waiter = current._waiter
            wait: Callable[[Any, float | None], bool] = wait_on_lock
            if isinstance(waiter, DerivedWaiter):
                needed = waiter._needed()
                if needed is not None and id(needed) not in on_stack:
                    stack.append(needed)
                    on_stack.add(id(needed))
                    continue
                if needed is None and waiter._continued():
                    continue
            elif waiter is not None:
                wait = waiter.wait
            left = None if deadline is None else deadline - driver.now()
            if left is not None and left <= 0:
                return False
            if not wait(current, left):
                return False
        return True

    def _needed(self) -> Any:
        """Return a future that must be done first; None if all are."""
        awaited = self.awaited
        while awaited:
            if not awaited[-1].done():
                return awaited[-1]
            awaited.pop()
        return None

    def _continued(self) -> bool:
        continuation = self.continuation
        return continuation is not None and continuation.run()


class _Nesting(_local):
    """How deep the callbacks of this thread are nested, and what waits because they are too deep."""

    depth = 0

    def __init__(self) -> None:
        self.waiting: deque[tuple[Callable[[Any], object], Any]] = deque()


_nesting: Final = _Nesting()


def call_nested(call: Callable[[Any], object], argument: Any) -> None:
    """Call ``call(argument)``, which may complete futures whose callbacks complete others, and so on without limit.

    Up to a certain depth these calls are nested; a call beyond it is made when the ones around it have returned.
    """
    nesting = _nesting
    # Restored and not counted down, so that an interrupt in an inner call leaves the depth right.
    depth = nesting.depth
    waiting = nesting.waiting
    if depth >= _DEEPEST:
        waiting.append((call, argument))
        return
    nesting.depth = depth + 1
    try:
        call(argument)
        while waiting:
            call, argument = waiting.popleft()
            call(argument)
    except BaseException:
        # An interrupt must not lose the calls that wait.
        while waiting:
            call, argument = waiting.popleft()
            call(argument)
        raise
    finally:
        nesting.depth = depth


@prefer_compiled
class UserCallback(UserCallbackBase):
    """A user's callback with its future; stored in the list of watchers, and run by the driver."""

    __slots__ = ("_callback", "_called", "_future")

    is_counted = True
    """There are no more of them than operations, so executors need not limit their number."""

    def __init__(self, callback: Callable[[Any], object], future: Any) -> None:
        self._callback = callback
        self._future = future
        self._called = False

    def dispatch(self) -> None:
        """Pass the callback to the driver."""
        waiter = self._future._waiter
        if waiter is None:
            _run_inline(self)
            return
        try:
            if waiter.run_callback(self) is False:
                _run_inline(self)  # a callback is never lost
        except RuntimeError:  # executors raise this after their shutdown
            _logger.debug(
                "the executor of callbacks has stopped; running the callback in this thread", exc_info=True
            )
            _run_inline(self)

    def __call__(self) -> None:
        """Call the callback, once."""
        if self._called:
            return  # dispatched twice, because a thread was interrupted meanwhile
        self._called = True
        try:
            self._callback(self._future)
        except Exception:
            self._failed()

    def _failed(self) -> None:
        _logger.exception("The callback %r of %r failed", self._callback, self._future)

    def drop(self) -> None:
        """Do not call the callback, in a forked child; what waits for it gets the error of the future."""
        drop: Callable[[], None] | None = getattr(self._callback, "drop", None)
        if drop is not None:
            drop()
