"""The operations of a FencedLock, from which its surfaces are generated."""

from copy import copy
from typing import Self
from uuid import UUID

from hz_core.arguments import is_negative, milliseconds
from hz_core.context import ClientContext, acquires
from hz_core.errors import (
    IllegalMonitorStateError,
    LockAcquireLimitReachedError,
    LockOwnershipLostError,
    SessionExpiredError,
    WaitKeyCancelledError,
)
from hz_core.op import Flow, GatherOutcomes, Op
from hz_cp.codecs import fenced_lock as codec
from hz_cp.cp_object import CPObjectOperations
from hz_cp.lock_surfaces import INVALID_FENCE
from hz_cp.owner import LockOwner
from hz_cp.sessions import NO_SESSION, SessionService


class FencedLockOperations(CPObjectOperations):
    """A reentrant lock that at most one owner of all clients has.

    Every acquisition has a fence, a number that is greater than all previous ones. A resource that stores the greatest
    fence can reject requests of a former owner.

    The owner is the thread that calls, with asyncio the task, or a :class:`hz_cp.LockOwner` of your choice.

    Ownership is bound to a CP session. A client that cannot reach the group for the session's time to live loses its
    locks; the next use raises LockOwnershipLostError.
    """

    # Read by tools/generate_surfaces.py.
    service_name = "hz:raft:lockService"
    futures_base = "hz_cp.lock_surfaces.FuturesLock"
    blocking_base = "hz_cp.lock_surfaces.BlockingLock"
    asyncio_base = "hz_cp.aio_lock_surface.AsyncioLock"

    def __init__(self, context: ClientContext, name: str) -> None:
        super().__init__(context, name)
        self._sessions = context.service(SessionService)
        self._held: dict[int, int] = {}
        """Session id by owner of the lock."""
        self._given_up: set[_Hold] = set()
        """Requests that nobody waits for any more, but whose outcome is not known yet."""

    def _owned_by(self, owner: LockOwner) -> Self:
        """Return the operations on the same lock of another owner."""
        made = copy(self)
        made._owner = owner._number
        return made

    def _on_fork(self) -> None:
        self._held.clear()
        self._given_up.clear()

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
        uid = self._context.new_uuid()
        try:
            yield from self._unlock(owner, session_id, uid)
        except Exception:
            raise
        except BaseException:
            # Whoever releases a lock means it, also if he does not wait for the end.
            yield GatherOutcomes([self._unlock(owner, session_id, uid)])
            raise

    def _unlock(self, owner: int, session_id: int, uid: UUID) -> Flow[None]:
        try:
            still_held = yield codec.unlock(self._group, self._object_name, session_id, owner, uid)
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
        return bool(ownership.session_id == session_id and ownership.thread_id == owner)

    def get_lock_count(self) -> Flow[int]:
        """Return the number of acquisitions by the owner. Source: message ``FencedLock.getLockOwnership``."""
        ownership = yield from self._ownership()
        return ownership.lock_count

    def _ownership(self) -> Flow[codec.GetLockOwnershipResponse]:
        found: codec.GetLockOwnershipResponse = yield codec.get_lock_ownership(self._group, self._object_name)
        return found

    def _acquire(self, timeout_millis: int | None) -> Flow[int]:
        owner = self._owner()
        # One uid for all attempts, so that the group does not grant the lock twice.
        invocation_uid = self._context.new_uuid()
        ends = self._context.io.now() + (timeout_millis or 0) / 1000
        left = timeout_millis
        repetitions = self._given_up_by(owner)
        while True:
            session_id = yield from self._sessions.acquire(self._group)
            taken = False
            hold = _Hold(owner, session_id)
            try:
                self._check_session(owner, session_id)
                fence: int = yield self._request(hold, invocation_uid, left)
                taken = fence != INVALID_FENCE
            except SessionExpiredError:
                self._sessions.invalidate(self._group, session_id)
                if owner in self._held:
                    self._held.pop(owner)
                    raise self._lost(session_id) from None
                if timeout_millis is not None:
                    left = max(0, int((ends - self._context.io.now()) * 1000))
                continue
            except WaitKeyCancelledError as e:
                # A request that this owner has given up arrived after this one: each of them may do that once.
                if repetitions > 0 or self._given_up_by(owner):
                    repetitions -= 1
                    continue
                if timeout_millis is not None:
                    return INVALID_FENCE
                raise IllegalMonitorStateError(
                    f"lock {self.name!r} is not acquired: another request of the same owner has ended the waiting"
                ) from e
            except Exception:
                raise
            except BaseException:
                self._give_up(hold)
                raise
            finally:
                if not taken:
                    self._sessions.release(self._group, session_id)
            if taken:
                self._held[owner] = session_id
                hold.noted = True
            return fence

    def _give_up(self, hold: "_Hold") -> None:
        """Note that nobody waits for a request any more that the members may still get."""
        self._given_up.add(hold)
        if hold.ended:
            self._given_up.discard(hold)

    def _ended(self, hold: "_Hold") -> None:
        hold.ended = True
        self._given_up.discard(hold)

    def _given_up_by(self, owner: int) -> int:
        return sum(hold.owner == owner for hold in list(self._given_up))

    def _request(self, hold: "_Hold", invocation_uid: UUID, timeout_millis: int | None) -> Op[int]:
        # A thread id only has to be unique in the session, so it is the number of the owner.
        scope = (self._group, self._object_name, hold.session_id, hold.owner)
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

        request.then(lambda fence: self._ended(hold), lambda error: self._ended(hold))
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
    """One acquisition: ``ended`` once its outcome is known, ``noted`` once the lock and the session count it."""

    __slots__ = ("ended", "noted", "owner", "session_id")

    def __init__(self, owner: int, session_id: int) -> None:
        self.ended = False
        self.owner = owner
        self.session_id = session_id
        self.noted = False
