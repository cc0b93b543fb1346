"""Locks on the keys of a map."""

from collections.abc import Callable
from itertools import count
from typing import Final, Generic

from hz_core.op import Op
from hz_core.operations import KeyedOperations
from hz_proxies.codecs import map as codec
from hz_proxies.types import K, V, to_millis

_next_reference: Final[Callable[[], int]] = count(1).__next__
"""Numbers each locking request, so that one that is sent twice counts once."""


class LockOperations(KeyedOperations, Generic[K, V]):
    """A key's lock belongs to the thread (or asyncio task) that took it, as many times as it took it.

    Others can read the entry, but a change waits until the lock is released.
    """

    def lock(self, key: K, lease_time: float | None = None) -> Op[None]:
        """Take the lock of `key`, waiting for it as long as it takes.

        With asyncio the lock belongs to the task that calls. Before Python 3.12 ``asyncio.wait_for`` runs a coroutine
        in a task of its own, which would own the lock and end with it: put ``asyncio.timeout`` around instead, or
        use `try_lock` with a timeout.

        Args:
            key: The key; there need not be an entry.
            lease_time: Seconds after which the lock is released automatically; None for never.

        Source: message ``Map.lock``.
        """
        return self._on_key(codec.lock, key, self._owner(), to_millis(lease_time), _next_reference())

    def try_lock(self, key: K, lease_time: float | None = None, timeout: float = 0) -> Op[bool]:
        """Take the lock of `key` if it can be had within `timeout` seconds.

        Args:
            key: The key; there need not be an entry.
            lease_time: Seconds after which the lock is released automatically; None for never.
            timeout: Seconds to wait for the lock.

        Returns:
            Whether the lock was taken. Source: message ``Map.tryLock``.
        """
        lease, wait = to_millis(lease_time), to_millis(timeout)
        return self._on_key(codec.try_lock, key, self._owner(), lease, wait, _next_reference())

    def unlock(self, key: K) -> Op[None]:
        """Release the lock of ``key`` once.

        Raises:
            IllegalMonitorStateError: this thread (or task) does not own the lock.

        Source: message ``Map.unlock``.
        """
        return self._on_key(codec.unlock, key, self._owner(), _next_reference())

    def is_locked(self, key: K) -> Op[bool]:
        """Return whether anybody owns the lock of ``key``. Source: message ``Map.isLocked``."""
        return self._on_key(codec.is_locked, key)

    def force_unlock(self, key: K) -> Op[None]:
        """Release the lock of ``key``, whoever owns it. Source: message ``Map.forceUnlock``."""
        return self._on_key(codec.force_unlock, key, _next_reference())
