"""Locks on the keys of a structure with entries: maps and multimaps."""

from collections.abc import Callable
from itertools import count
from typing import ClassVar, Final, Generic, Protocol

from hz_core.arguments import milliseconds, milliseconds_or_default
from hz_core.context import acquires
from hz_core.op import Op
from hz_core.operations import KeyedOperations
from hz_proxies.types import K
from hz_serialization import Data

_next_reference: Final[Callable[[], int]] = count(1).__next__
"""Returns the number of the next request, with which members recognize a request that is sent twice."""


class LockMessages(Protocol):
    """The codec of a structure that has these messages."""

    def lock(
        self, partition_id: int, name: str, key: Data, thread_id: int, ttl: int, reference_id: int, /
    ) -> Op[None]:
        """Acquire a lock."""
        ...

    def try_lock(
        self,
        partition_id: int,
        name: str,
        key: Data,
        thread_id: int,
        lease: int,
        timeout: int,
        reference_id: int,
        /,
    ) -> Op[bool]:
        """Acquire a lock within a time."""
        ...

    def unlock(
        self, partition_id: int, name: str, key: Data, thread_id: int, reference_id: int, /
    ) -> Op[None]:
        """Release a lock once."""
        ...

    def is_locked(self, partition_id: int, name: str, key: Data, /) -> Op[bool]:
        """Tell whether a key is locked."""
        ...

    def force_unlock(self, partition_id: int, name: str, key: Data, reference_id: int, /) -> Op[None]:
        """Release a lock, regardless of its owner."""
        ...


class KeyLockOperations(KeyedOperations, Generic[K]):
    """Locks on keys are reentrant, and owned by a thread (or asyncio task).

    Others can read a locked entry, but changes wait until the lock is released. A lock that is granted to a caller
    who has given up (cancelled, interrupted, out of time) is released at once.
    """

    _lock_messages: ClassVar[LockMessages]
    """The codec of the structure."""

    def lock(self, key: K, lease_time: float | None = None) -> Op[None]:
        """Acquire the lock of ``key``; wait without limit.

        With asyncio the calling task owns the lock. Before Python 3.12 ``asyncio.wait_for`` runs a coroutine in a
        separate task, which would own the lock; use ``asyncio.timeout``, or ``try_lock`` with a timeout.

        Args:
            key: The key; an entry is not required.
            lease_time: Seconds after which the lock is released automatically; None for never.

        Source: message ``{Name}.lock``.
        """
        lease = milliseconds_or_default(lease_time, "lease_time")
        data, partition = self._keyed(key)
        owner = self._owner()
        op = self._lock_messages.lock(partition, self.name, data, owner, lease, _next_reference())
        # Who holds the lock relies on the value that others have left.
        return self._write(data, acquires(self._context, op, lambda _: self._unlock(partition, data, owner)))

    def try_lock(self, key: K, lease_time: float | None = None, timeout: float = 0) -> Op[bool]:
        """Acquire the lock of ``key``; wait up to ``timeout`` seconds.

        Args:
            key: The key; an entry is not required.
            lease_time: Seconds after which the lock is released automatically; None for never.
            timeout: Seconds to wait for the lock.

        Returns:
            Whether the lock was acquired. Source: message ``{Name}.tryLock``.
        """
        lease, wait = milliseconds_or_default(lease_time, "lease_time"), milliseconds(timeout, "timeout")
        data, partition = self._keyed(key)
        owner = self._owner()
        op = self._lock_messages.try_lock(partition, self.name, data, owner, lease, wait, _next_reference())
        return self._write(
            data,
            acquires(
                self._context, op, lambda acquired: self._unlock(partition, data, owner) if acquired else None
            ),
        )

    def unlock(self, key: K) -> Op[None]:
        """Release the lock of ``key`` once.

        Raises:
            IllegalMonitorStateError: This thread (or task) does not own the lock.

        Source: message ``{Name}.unlock``.
        """
        data, partition = self._keyed(key)
        return self._unlock(partition, data, self._owner())

    def _unlock(self, partition: int, key: Data, owner: int) -> Op[None]:
        return self._lock_messages.unlock(partition, self.name, key, owner, _next_reference())

    def is_locked(self, key: K) -> Op[bool]:
        """Return whether ``key`` is locked. Source: message ``{Name}.isLocked``."""
        return self._on_key(self._lock_messages.is_locked, key)

    def force_unlock(self, key: K) -> Op[None]:
        """Release the lock of ``key``, regardless of its owner. Source: message ``{Name}.forceUnlock``."""
        return self._on_key(self._lock_messages.force_unlock, key, _next_reference())
