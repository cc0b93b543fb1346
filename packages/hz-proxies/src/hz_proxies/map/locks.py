"""Locks on the keys of a map."""

from collections.abc import Callable
from itertools import count
from typing import Final, Generic

from hz_core.invocation.op import Op
from hz_core.proxy import Operations
from hz_proxies.codecs import map as codec
from hz_proxies.types import K, V, to_millis

_next_reference: Final[Callable[[], int]] = count(1).__next__
"""Numbers each locking request, so that one which is sent twice counts once."""


class LockOperations(Operations, Generic[K, V]):
    """A key's lock belongs to the thread (or asyncio task) that took it, as many times as it took it.

    Others can read the entry, but a change waits until the lock is given back.
    """

    def lock(self, key: K, lease_time: float | None = None) -> Op[None]:
        """Take the lock of `key`, waiting for it as long as it takes.

        With asyncio the lock belongs to the task that calls. Before Python 3.12 ``asyncio.wait_for`` runs a coroutine
        in a task of its own, which would own the lock and end with it: put ``asyncio.timeout`` around instead, or
        use `try_lock` with a timeout.

        Args:
            key: The key; there need not be an entry.
            lease_time: Seconds after which the lock is given back by itself; None for never.

        Source: message ``Map.lock``.
        """
        data, partition = self._keyed(key)
        request = codec.lock_request(
            partition, self.name, data, self._owner(), to_millis(lease_time), _next_reference()
        )
        return Op(codec.LOCK, request, partition)

    def try_lock(self, key: K, lease_time: float | None = None, timeout: float = 0) -> Op[bool]:
        """Take the lock of `key` if it can be had within `timeout` seconds.

        Args:
            key: The key; there need not be an entry.
            lease_time: Seconds after which the lock is given back by itself; None for never.
            timeout: Seconds to wait for the lock.

        Returns:
            Whether the lock was taken. Source: message ``Map.tryLock``.
        """
        data, partition = self._keyed(key)
        request = codec.try_lock_request(
            partition,
            self.name,
            data,
            self._owner(),
            to_millis(lease_time),
            to_millis(timeout),
            _next_reference(),
        )
        return Op(codec.TRY_LOCK, request, partition)

    def unlock(self, key: K) -> Op[None]:
        """Give the lock of `key` back once.

        Raises:
            IllegalMonitorStateError: this thread (or task) does not own the lock.

        Source: message ``Map.unlock``.
        """
        data, partition = self._keyed(key)
        request = codec.unlock_request(partition, self.name, data, self._owner(), _next_reference())
        return Op(codec.UNLOCK, request, partition)

    def is_locked(self, key: K) -> Op[bool]:
        """Tell whether anybody owns the lock of `key`. Source: message ``Map.isLocked``."""
        data, partition = self._keyed(key)
        return Op(codec.IS_LOCKED, codec.is_locked_request(partition, self.name, data), partition)

    def force_unlock(self, key: K) -> Op[None]:
        """Take the lock of `key` away from whoever owns it. Source: message ``Map.forceUnlock``."""
        data, partition = self._keyed(key)
        request = codec.force_unlock_request(partition, self.name, data, _next_reference())
        return Op(codec.FORCE_UNLOCK, request, partition)
