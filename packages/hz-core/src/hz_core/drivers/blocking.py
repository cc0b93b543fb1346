"""One blocking call."""

from _thread import LockType, allocate_lock
from typing import Any, Protocol

from hz_core.compiled import BlockingBase, prefer_compiled
from hz_core.invocation.invocation import Invocation


class Pending(Protocol):
    """What a thread waits for: a ``Future``, or a ``BlockingCall``."""

    def done(self) -> bool:
        """Return whether there is an outcome."""
        ...

    def attach(self, lock: LockType, /) -> bool:
        """Have ``lock``, which the caller holds, released with the outcome; return False if there is one already."""
        ...

    def detach(self, lock: LockType, /) -> bool:
        """Take the lock back."""
        ...


@prefer_compiled
class BlockingCall(BlockingBase, Invocation):
    """An invocation for exactly one waiting thread, and its outcome. It costs less than a future.

    ``attach`` stores the lock and then looks whether the call is done; completing stores the outcome and then looks
    for a lock. So one of the two sees the other.

    Attributes:
        abandoned: Set when the waiting thread was interrupted and has given up.
    """

    value: Any = None
    error: BaseException | None = None
    abandoned: bool = False
    _lock: LockType | None = None

    def complete(self, result: Any, error: BaseException | None) -> None:
        """Store the outcome and wake the waiting thread."""
        if self.finished:
            if error is None and self.given_up:
                self.op.lost(result)
        else:
            # Nothing can interrupt the thread between these lines.
            self.value = result
            self.error = error
            self.given_up: bool = error is not None
            self.finished = True
            if self.abandoned:
                # The two threads both do this, or the one that is second: `lost` counts once.
                self._lose()
        # Also when it was finished before: the thread that did that may have been interrupted here.
        if self._lock is not None:
            self._wake(self._lock)

    def abandon(self) -> None:
        """Give up, in the waiting thread: what was acquired for it, now or later, is given back."""
        self.abandoned = True
        if self.finished:
            self._lose()
        else:
            self.forget()

    def _lose(self) -> None:
        if self.error is None:
            self.op.lost(self.value)

    def unwanted(self) -> bool:
        """Return whether the waiting thread has given up, or has its outcome."""
        return self.abandoned or self.finished

    def done(self) -> bool:
        """Return whether there is an outcome."""
        return self.finished

    def _wake(self, lock: LockType) -> None:
        try:  # noqa: SIM105  # `suppress` is slow, and this runs for many replies
            lock.release()
        except RuntimeError:
            pass  # released already, to let its owner read

    def attach(self, lock: LockType, /) -> bool:
        """Have ``lock`` released with the outcome; return False if there is one already."""
        self._lock = lock
        return not self.finished

    def detach(self, lock: LockType, /) -> bool:
        """Take the lock back."""
        self._lock = None
        return not self.finished

    def block(self, timeout: float) -> None:
        """Wait until another thread completes the call, or ``timeout`` seconds are over; -1 waits without limit."""
        lock = allocate_lock()
        lock.acquire()
        if self.attach(lock):
            lock.acquire(timeout=timeout)
