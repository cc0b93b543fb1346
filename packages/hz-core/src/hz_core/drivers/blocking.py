"""One blocking call."""

from _thread import LockType, allocate_lock
from contextlib import suppress
from typing import Any, Protocol

from hz_core.invocation.invocation import Invocation
from hz_core.invocation.op import Op


class Pending(Protocol):
    """What a thread waits for: a `Future`, or a `BlockingCall`."""

    def done(self) -> bool:
        """Return whether there is an outcome."""
        ...

    def attach(self, lock: LockType, /) -> bool:
        """Have `lock`, which the caller holds, released with the outcome; False if that is there already."""
        ...

    def detach(self, lock: LockType, /) -> bool:
        """Take the lock back."""
        ...


class BlockingCall(Invocation):
    """An invocation for exactly one waiting thread, and its outcome: cheaper than a future, which anybody may see.

    `attach` stores the lock and then looks whether the call is done; completing stores the outcome and then looks
    for a lock. So one of the two sees the other.
    """

    finished = False
    value: Any = None
    error: BaseException | None = None
    _lock: LockType | None = None

    def __init__(self, op: Op[Any], started: float) -> None:
        self.op = op
        self.started = started

    def succeed(self, result: Any) -> None:
        """Complete with a value."""
        self.value = result
        self.finished = True
        if self._lock is not None:
            self._wake(self._lock)

    def fail(self, error: BaseException) -> None:
        """Complete with an error."""
        self.error = error
        self.finished = True
        if self._lock is not None:
            self._wake(self._lock)

    def unwanted(self) -> bool:
        """A thread that waits cannot change its mind."""
        return False

    def done(self) -> bool:
        """Return whether there is an outcome."""
        return self.finished

    def _wake(self, lock: LockType) -> None:
        with suppress(RuntimeError):  # released already, to let its owner read
            lock.release()

    def attach(self, lock: LockType, /) -> bool:
        """Have `lock` released with the outcome; return False if that is there already."""
        self._lock = lock
        return not self.finished

    def detach(self, lock: LockType, /) -> bool:
        """Take the lock back."""
        self._lock = None
        return not self.finished

    def block(self) -> None:
        """Wait until another thread completes the call."""
        lock = allocate_lock()
        lock.acquire()
        if self.attach(lock):
            lock.acquire()
