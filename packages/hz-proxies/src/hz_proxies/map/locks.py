"""Locks on the keys of a map."""

from collections.abc import Callable
from itertools import count
from typing import Final, Generic

from hz_core.arguments import milliseconds, milliseconds_or_default
from hz_core.context import acquires
from hz_core.op import Op
from hz_core.operations import KeyedOperations
from hz_proxies.codecs import map as codec
from hz_proxies.types import K, V
from hz_serialization import Data

_next_reference: Final[Callable[[], int]] = count(1).__next__
"""Returns the number of the next request, with which members recognize a request that is sent twice."""


class LockOperations(KeyedOperations, Generic[K, V]):
    """Locks on keys are reentrant, and owned by a thread (or asyncio task).

    Others can read a locked entry, but changes wait until the lock is released. A lock that is granted to a caller
    who has given up (cancelled, interrupted, out of time) is released at once.
    """

    def lock(self, key: K, lease_time: float | None = None) -> Op[None]:
        """Acquire the lock of ``key``; wait without limit.

        With asyncio the calling task owns the lock. Before Python 3.12 ``asyncio.wait_for`` runs a coroutine in a
        separate task, which would own the lock; use ``asyncio.timeout``, or ``try_lock`` with a timeout.

        Args:
            key: The key; an entry is not required.
            lease_time: Seconds after which the lock is released automatically; None for never.

        Source: message ``Map.lock``.
        """
        lease = milliseconds_or_default(lease_time, "lease_time")
        data, partition = self._keyed(key)
        owner = self._owner()
        op = codec.lock(partition, self.name, data, owner, lease, _next_reference())
        return acquires(self._context, op, lambda _: self._unlock(partition, data, owner))

    def try_lock(self, key: K, lease_time: float | None = None, timeout: float = 0) -> Op[bool]:
        """Acquire the lock of ``key``; wait up to ``timeout`` seconds.

        Args:
            key: The key; an entry is not required.
            lease_time: Seconds after which the lock is released automatically; None for never.
            timeout: Seconds to wait for the lock.

        Returns:
            Whether the lock was acquired. Source: message ``Map.tryLock``.
        """
        lease, wait = milliseconds_or_default(lease_time, "lease_time"), milliseconds(timeout, "timeout")
        data, partition = self._keyed(key)
        owner = self._owner()
        op = codec.try_lock(partition, self.name, data, owner, lease, wait, _next_reference())
        return acquires(
            self._context, op, lambda acquired: self._unlock(partition, data, owner) if acquired else None
        )

    def unlock(self, key: K) -> Op[None]:
        """Release the lock of ``key`` once.

        Raises:
            IllegalMonitorStateError: This thread (or task) does not own the lock.

        Source: message ``Map.unlock``.
        """
        data, partition = self._keyed(key)
        return self._unlock(partition, data, self._owner())

    def _unlock(self, partition: int, key: Data, owner: int) -> Op[None]:
        return codec.unlock(partition, self.name, key, owner, _next_reference())

    def is_locked(self, key: K) -> Op[bool]:
        """Return whether ``key`` is locked. Source: message ``Map.isLocked``."""
        return self._on_key(codec.is_locked, key)

    def force_unlock(self, key: K) -> Op[None]:
        """Release the lock of ``key``, regardless of its owner. Source: message ``Map.forceUnlock``."""
        return self._on_key(codec.force_unlock, key, _next_reference())
