"""What the surfaces of a FencedLock have besides its operations, in programs of threads."""

from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Self

from hz_core.errors import OperationTimeoutError
from hz_core.op import Flow, GatherOutcomes
from hz_core.surfaces import BlockingObject, FuturesObject
from hz_cp.owner import LockOwner

INVALID_FENCE: Final = 0
"""What ``try_lock`` returns if the lock was not acquired."""


class FuturesLock(FuturesObject):
    """A lock whose operations return futures."""

    INVALID_FENCE: Final = INVALID_FENCE
    """What ``try_lock`` returns if the lock was not acquired."""

    def owned_by(self, owner: LockOwner) -> Self:
        """Return the same lock, acquired and released for ``owner`` instead of the calling thread."""
        return type(self)(self._caller, self._ops._owned_by(owner))


class BlockingLock(BlockingObject):
    """A lock for ``with``."""

    INVALID_FENCE: Final = INVALID_FENCE
    """What ``try_lock`` returns if the lock was not acquired."""

    def owned_by(self, owner: LockOwner) -> Self:
        """Return the same lock, acquired and released for ``owner`` instead of the calling thread."""
        return type(self)(self._caller, self._ops._owned_by(owner))

    def hold(self, timeout: float | None = None) -> "BlockingHold":
        """Return a block for ``with`` that acquires the lock, gives its fence, and releases it.

        Args:
            timeout: The most seconds to wait for the lock; None to wait without limit.

        Raises:
            OperationTimeoutError: At the beginning of the block: the lock was not acquired in time.
            LockOwnershipLostError: At its beginning or end: the session has ended in which the lock was held.
        """
        return BlockingHold(self, self._ops, timeout)

    def __enter__(self) -> Self:
        self._run(self._ops.lock())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        _release(self._run, self._ops)


class BlockingHold:
    """Holds a lock for the time of a ``with`` block; see :meth:`BlockingLock.hold`."""

    def __init__(self, lock: BlockingLock, operations: Any, timeout: float | None) -> None:
        self._lock = lock
        self._ops = operations
        self._timeout = timeout

    def __enter__(self) -> int:
        operations = self._ops
        if self._timeout is None:
            unlimited: int = self._lock._run(operations.lock())
            return unlimited
        fence: int = self._lock._run(operations.try_lock(self._timeout))
        if fence == INVALID_FENCE:
            raise not_in_time(self._lock.name, self._timeout)
        return fence

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        _release(self._lock._run, self._ops)


def _release(run: Callable[[Flow[Any]], Any], operations: Any) -> None:
    """Release a lock at the end of a block, also if the thread is interrupted in the middle of that."""
    unlock = None
    try:
        unlock = operations._unlocking()
        run(operations._release(unlock))
    except Exception:
        raise
    except BaseException:
        # It counts once, if it has been done already.
        run(_quietly(operations._release(unlock or operations._unlocking())))
        raise


def _quietly(flow: Flow[None]) -> Flow[None]:
    yield GatherOutcomes([flow])


def not_in_time(name: str, timeout: float) -> OperationTimeoutError:
    """Return the error for a lock that somebody else has had all the time."""
    return OperationTimeoutError(
        f"lock {name!r} was not acquired within {timeout:g} s: another owner holds it"
    )
