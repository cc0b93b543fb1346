"""The operations of a FencedLock, from which its surfaces are generated."""

from typing import Final
from uuid import UUID

from hz_core.arguments import is_negative, milliseconds
from hz_core.codecs.types import RaftGroupId
from hz_core.context import ClientContext, acquires
from hz_core.errors import (
    IllegalMonitorStateError,
    LockAcquireLimitReachedError,
    LockOwnershipLostError,
    SessionExpiredError,
)
from hz_core.op import Flow, Op
from hz_cp.codecs import fenced_lock as codec
from hz_cp.cp_object import CPObjectOperations
from hz_cp.sessions import NO_SESSION, SessionService

INVALID_FENCE: Final = 0


class FencedLockOperations(CPObjectOperations):
    """A reentrant lock that at most one thread or asyncio task of all clients owns.

    Every acquisition has a fence, a number that is greater than all previous ones. A resource that stores the greatest
    fence can reject requests of a former owner.

    Ownership is bound to a CP session. A client that cannot reach the group for the session's time to live loses its
    locks; the next use raises LockOwnershipLostError.
    """

    # Read by tools/generate_surfaces.py.
    service_name = "hz:raft:lockService"

    def __init__(self, context: ClientContext, name: str) -> None:
        super().__init__(context, name)
        self._sessions = context.service(SessionService)
        self._held: dict[int, int] = {}
        """Session id by owner of the lock."""

    def _on_fork(self) -> None:
        self._held.clear()

    def lock(self) -> Flow[int]:
        """Acquire the lock; wait without limit.

        Returns:
            The fence.

        Raises:
            LockOwnershipLostError: The session in which this owner holds the lock has ended.
            LockAcquireLimitReachedError: The limit of acquisitions in the configuration is reached.

        Source: message ``FencedLock.lock``.
        """
        fence = yield from self._acquire(None)
        if fence == INVALID_FENCE:
            raise LockAcquireLimitReachedError(f"lock {self.name!r} has reached its limit of acquisitions")
        return fence

    def try_lock(self, timeout: float = 0) -> Flow[int]:
        """Acquire the lock; wait up to ``timeout`` seconds.

        Returns:
            The fence; 0 if the lock was not acquired.

        Raises:
            LockOwnershipLostError: The session in which this owner holds the lock has ended.

        Source: message ``FencedLock.tryLock``.
        """
        return self._acquire(0 if is_negative(timeout) else milliseconds(timeout, "timeout"))

    def unlock(self) -> Flow[None]:
        """Release the lock once.

        Raises:
            IllegalMonitorStateError: This thread (or task) does not own the lock.
            LockOwnershipLostError: The session in which it held the lock has ended.

        Source: message ``FencedLock.unlock``.
        """
        owner = self._owner()
        session_id = self._sessions.session_id(self._group)
        self._check_session(owner, session_id)
        if session_id == NO_SESSION:
            raise IllegalMonitorStateError(f"lock {self.name!r} is not owned by this thread or task")
        thread_id = yield from self._sessions.thread_id(self._group, owner)
        try:
            still_held = yield codec.unlock(
                self._group, self._object_name, session_id, thread_id, self._context.new_uuid()
            )
        except SessionExpiredError:
            self._sessions.invalidate(self._group, session_id)
            self._held.pop(owner, None)
            raise self._lost(session_id) from None
        self._released(owner, session_id, still_held)

    def is_locked(self) -> Flow[bool]:
        """Return whether the lock is owned. Source: message ``FencedLock.getLockOwnership``."""
        ownership = yield from self._ownership()
        return ownership.lock_count > 0

    def is_locked_by_current_thread(self) -> Flow[bool]:
        """Return whether this thread (or task) owns the lock. Source: message ``FencedLock.getLockOwnership``."""
        owner = self._owner()
        session_id = self._sessions.session_id(self._group)
        self._check_session(owner, session_id)
        ownership = yield from self._ownership()
        thread_id = yield from self._sessions.thread_id(self._group, owner)
        return bool(ownership.session_id == session_id and ownership.thread_id == thread_id)

    def get_lock_count(self) -> Flow[int]:
        """Return the number of acquisitions by the owner. Source: message ``FencedLock.getLockOwnership``."""
        ownership = yield from self._ownership()
        return ownership.lock_count

    def get_group_id(self) -> RaftGroupId:
        """Return the id of the lock's CP group."""
        return self._group

    def _ownership(self) -> Flow[codec.GetLockOwnershipResponse]:
        found: codec.GetLockOwnershipResponse = yield codec.get_lock_ownership(self._group, self._object_name)
        return found

    def _acquire(self, timeout_millis: int | None) -> Flow[int]:
        owner = self._owner()
        # One uid for all attempts, so that the group does not grant the lock twice.
        invocation_uid = self._context.new_uuid()
        while True:
            session_id = yield from self._sessions.acquire(self._group)
            taken = False
            hold = _Hold(owner, session_id)
            try:
                self._check_session(owner, session_id)
                thread_id = yield from self._sessions.thread_id(self._group, owner)
                fence: int = yield self._request(hold, thread_id, invocation_uid, timeout_millis)
                taken = fence != INVALID_FENCE
            except SessionExpiredError:
                self._sessions.invalidate(self._group, session_id)
                if owner in self._held:
                    self._held.pop(owner)
                    raise self._lost(session_id) from None
                continue
            finally:
                if not taken:
                    self._sessions.release(self._group, session_id)
            if taken:
                self._held[owner] = session_id
                hold.noted = True
            return fence

    def _request(
        self, hold: "_Hold", thread_id: int, invocation_uid: UUID, timeout_millis: int | None
    ) -> Op[int]:
        scope = (self._group, self._object_name, hold.session_id, thread_id)
        if timeout_millis is None:
            request = codec.lock(*scope, invocation_uid)
        else:
            request = codec.try_lock(*scope, invocation_uid, timeout_millis)

        def give_back(fence: int) -> Op[bool] | None:
            if fence == INVALID_FENCE:
                return None
            return codec.unlock(*scope, self._context.new_uuid()).then(released)

        def released(still_held: bool) -> None:
            if hold.noted:
                self._released(hold.owner, hold.session_id, still_held)

        # Only once the grant is known: an unlock before that might be faster, and would release what the owner has.
        return acquires(self._context, request, give_back)

    def _released(self, owner: int, session_id: int, still_held: bool) -> None:
        if not still_held:
            self._held.pop(owner, None)
        self._sessions.release(self._group, session_id)

    def _check_session(self, owner: int, session_id: int) -> None:
        held = self._held.get(owner)
        if held is not None and held != session_id:
            del self._held[owner]
            raise self._lost(held)

    def _lost(self, session_id: int) -> LockOwnershipLostError:
        return LockOwnershipLostError(
            f"lock {self.name!r} is lost: CP session {session_id}, in which this owner held it, has ended"
        )


class _Hold:
    """One acquisition. It is ``noted`` once the lock and the session count it."""

    __slots__ = ("noted", "owner", "session_id")

    def __init__(self, owner: int, session_id: int) -> None:
        self.owner = owner
        self.session_id = session_id
        self.noted = False
