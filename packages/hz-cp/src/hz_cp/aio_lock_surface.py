"""What the asyncio surface of a FencedLock has besides its operations."""

from types import TracebackType
from typing import Any, Final, Self

from hz_core.surfaces import AsyncioObject
from hz_cp.lock_surfaces import INVALID_FENCE, not_in_time
from hz_cp.owner import LockOwner


class AsyncioLock(AsyncioObject):
    """A lock for ``async with``. The task that calls is the owner.

    Before Python 3.12 ``asyncio.wait_for`` runs a coroutine in a separate task, which would be the owner; use
    ``asyncio.timeout``, or ``try_lock`` with a timeout.
    """

    INVALID_FENCE: Final = INVALID_FENCE
    """What ``try_lock`` returns if the lock was not acquired."""

    async def is_locked_by_current_task(self) -> bool:
        """Return whether this task owns the lock. Source: message ``FencedLock.getLockOwnership``."""
        found: bool = await self._run(self._ops.is_locked_by_current_thread())
        return found

    def owned_by(self, owner: LockOwner) -> Self:
        """Return the same lock, acquired and released for ``owner`` instead of the current task."""
        return type(self)(self._caller, self._ops._owned_by(owner))

    def hold(self, timeout: float | None = None) -> "AsyncioHold":
        """Return a block for ``async with`` that acquires the lock, gives its fence, and releases it.

        Args:
            timeout: The most seconds to wait for the lock; None to wait without limit.

        Raises:
            OperationTimeoutError: At the beginning of the block: the lock was not acquired in time.
            LockOwnershipLostError: At its beginning or end: the session has ended in which the lock was held.
        """
        return AsyncioHold(self, self._ops, timeout)

    async def __aenter__(self) -> Self:
        await self._run(self._ops.lock())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._run(self._ops.unlock())


class AsyncioHold:
    """Holds a lock for the time of an ``async with`` block; see :meth:`AsyncioLock.hold`."""

    def __init__(self, lock: AsyncioLock, operations: Any, timeout: float | None) -> None:
        self._lock = lock
        self._ops = operations
        self._timeout = timeout

    async def __aenter__(self) -> int:
        operations = self._ops
        if self._timeout is None:
            unlimited: int = await self._lock._run(operations.lock())
            return unlimited
        fence: int = await self._lock._run(operations.try_lock(self._timeout))
        if fence == INVALID_FENCE:
            raise not_in_time(self._lock.name, self._timeout)
        return fence

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._lock._run(self._ops.unlock())
