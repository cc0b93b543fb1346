"""Locks on keys, and the requests that wait for them."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from hz_core.testing import codes
from hz_core.testing.clock import Timer
from hz_core.testing.members import MemberError, Request, SimulatedCluster
from hz_core.testing.waiting import WaitList

Owner = tuple[Any, int]
"""UUID of the client and number of the thread, or UUID of the transaction and 0."""


@dataclass(eq=False)
class _Lock:
    waiters: WaitList
    owner: Owner | None = None
    count: int = 0
    reference: int = 0
    lease: Timer | None = None
    exclusive: bool = False


class Locks:
    """The locks on the keys of one object. A lock belongs to its owner as many times as it was taken.

    Args:
        cluster: The cluster, for its clock.
    """

    def __init__(self, cluster: SimulatedCluster) -> None:
        self._cluster = cluster
        self._locks: dict[Hashable, _Lock] = {}

    def is_locked(self, key: Hashable) -> bool:
        """Tell whether anybody owns the lock."""
        return self.owner(key) is not None

    def owner(self, key: Hashable) -> Owner | None:
        """Return the owner of the lock, None if nobody is."""
        return self._locks[key].owner if key in self._locks else None

    def waiting(self, key: Hashable) -> int:
        """Return how many requests wait for the lock."""
        return len(self._locks[key].waiters) if key in self._locks else 0

    def when_free(
        self,
        key: Hashable,
        owner: Owner,
        request: Request,
        action: Callable[[], None],
        timeout: int = -1,
        give_up: Callable[[], None] | None = None,
        *,
        reads: bool = False,
    ) -> None:
        """Run ``action`` as soon as nobody but ``owner`` owns the lock.

        Args:
            key: The key.
            owner: Who wants to act.
            request: The request to act for.
            action: Answers the request.
            timeout: Milliseconds to wait; negative for any time.
            give_up: Answers the request when that time is over.
            reads: Whether the request only reads, which a lock hinders only if it is exclusive.
        """
        lock = self._lock(key)

        def attempt() -> bool:
            if lock.owner not in (None, owner) and (lock.exclusive or not reads):
                return False
            action()
            return True

        lock.waiters.serve(request, attempt, timeout, give_up)

    def acquire(
        self, key: Hashable, owner: Owner, reference: int = 0, lease: int = -1, *, exclusive: bool = False
    ) -> None:
        """Take the lock, which must be free or the owner's.

        Args:
            key: The key.
            owner: Who takes it.
            reference: Number of the request; the same request counts once. 0 for none.
            lease: Milliseconds after which the lock is released by itself; not positive for never.
            exclusive: Whether others may not even read.
        """
        lock = self._lock(key)
        if not (lock.owner == owner and reference and lock.reference == reference):
            lock.count += 1
        lock.owner, lock.reference, lock.exclusive = owner, reference, exclusive
        if lock.lease is not None:
            lock.lease.cancel()
            lock.lease = None
        if lease > 0:
            lock.lease = self._cluster.clock.call_later(lease / 1000, lambda: self.force_release(key))

    def release(self, key: Hashable, owner: Owner, reference: int = 0) -> bool:
        """Release the lock once.

        Args:
            key: The key.
            owner: Who releases it.
            reference: Number of the request; the same request counts once. 0 for none.

        Returns:
            Whether it was the owner's.
        """
        lock = self._lock(key)
        if lock.owner != owner:
            return False
        if reference and lock.reference == reference:
            return True
        lock.reference = reference
        lock.count -= 1
        if not lock.count:
            self.force_release(key)
        return True

    def force_release(self, key: Hashable) -> None:
        """Release the lock, whoever owns it, and serve the waiting requests."""
        lock = self._lock(key)
        lock.owner, lock.count, lock.reference = None, 0, 0
        if lock.lease is not None:
            lock.lease.cancel()
            lock.lease = None
        lock.waiters.wake()

    def destroy(self, name: str) -> None:
        """Forget all locks; waiting requests fail, because the object is destroyed."""
        locks = list(self._locks.values())
        self._locks.clear()
        for lock in locks:
            if lock.lease is not None:
                lock.lease.cancel()
            lock.waiters.refuse(MemberError(codes.DESTROYED, f"{name} is destroyed"))

    def _lock(self, key: Hashable) -> _Lock:
        if key not in self._locks:
            self._locks[key] = _Lock(WaitList(self._cluster))
        return self._locks[key]
