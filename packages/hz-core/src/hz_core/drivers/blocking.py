"""The outcome of one blocking call."""

from _thread import LockType, allocate_lock
from contextlib import suppress
from typing import Any, Protocol


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


class BlockingCall:
    """A promise for exactly one waiting thread: a tenth of a future, since nobody else can see it.

    `attach` stores the lock and then looks whether the call is done; completing stores the outcome and then looks
    for a lock. So one of the two sees the other.
    """

    __slots__ = ("_done", "_error", "_lock", "_value")

    def __init__(self) -> None:
        self._done = False
        self._error: BaseException | None = None
        self._lock: LockType | None = None

    def cancelled(self) -> bool:
        """A blocking call is never cancelled."""
        return False

    def done(self) -> bool:
        """Return whether there is an outcome."""
        return self._done

    def set_result(self, value: Any, /) -> None:
        """Complete with a value."""
        self._value = value
        self._done = True
        if self._lock is not None:
            self._wake(self._lock)

    def set_exception(self, error: BaseException, /) -> None:
        """Complete with an error."""
        self._error = error
        self._done = True
        if self._lock is not None:
            self._wake(self._lock)

    def _wake(self, lock: LockType) -> None:
        with suppress(RuntimeError):  # released already, to let its owner read
            lock.release()

    def attach(self, lock: LockType, /) -> bool:
        """Have `lock` released with the outcome; return False if that is there already."""
        self._lock = lock
        return not self._done

    def detach(self, lock: LockType, /) -> bool:
        """Take the lock back."""
        self._lock = None
        return not self._done

    def block(self) -> None:
        """Wait until another thread completes the call."""
        lock = allocate_lock()
        lock.acquire()
        if self.attach(lock):
            lock.acquire()

    def outcome(self) -> Any:
        """Return the value or raise the error of a call that is done."""
        error = self._error
        if error is None:
            return self._value
        try:
            raise error
        finally:
            # The error's traceback holds this frame; without this it would hold itself.
            del error
