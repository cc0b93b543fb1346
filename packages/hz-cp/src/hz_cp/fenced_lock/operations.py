"""The operations of a FencedLock, from which its surfaces are generated."""

from __future__ import annotations

from typing import Self
from uuid import UUID
from weakref import WeakSet

from hz_core.arguments import is_negative, milliseconds
from hz_core.context import ClientContext, acquires
from hz_core.errors import (
    IllegalMonitorStateError,
    LockAcquireLimitReachedError,
    LockOwnershipLostError,
    SessionExpiredError,
    WaitKeyCancelledError,
)
from hz_core.op import Flow, Op
from hz_cp.codecs import fenced_lock as codec
from hz_cp.cp_object import CPObjectOperations
from hz_cp.lock_surfaces import INVALID_FENCE
from hz_cp.owner import LockOwner
from hz_cp.sessions import Session, SessionService


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
    getter = "lock"
    futures_base = "hz_cp.lock_surfaces.FuturesLock"
    blocking_base = "hz_cp.lock_surfaces.BlockingLock"
    asyncio_base = "hz_cp.aio_lock_surface.AsyncioLock"

    def __init__(self, context: ClientContext, name: str) -> None:
        super().__init__(context, name)
        self._sessions = context.service(SessionService)
        self._held: dict[int, Session] = {}
        """Session by owner of the lock."""
        self._mutex = context.io.mutex()
        self._given_up: WeakSet[_Hold] = WeakSet()
        """Requests that nobody waits for, but whose outcome is not known yet; those that were never sent vanish."""
        self._ever_given_up: list[bool] = []
        """Not empty once there was one; other owners' operations share it."""

    def _owned_by(self, owner: LockOwner) -> Self:
        """Return the operations on the same lock of another owner."""
        made = self._alike()
        made._owner = owner._number
        self._groups.add(made)
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
            raise LockAcquireLimitReachedError(
                f"lock {self.name!r} has reached its limit of acquisitions (lock-acquire-limit of the members):"
                " unlock it first"
            )
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
        return self._release(self._unlocking())

    def _unlocking(self) -> _Unlock:
        return _Unlock(self._owner(), self._context.new_uuid())

    def _release(self, unlock: _Unlock) -> Flow[None]:
        session = self._sessions.current(self._group)
        self._check_session(unlock.owner, session)
        if session is None:
            raise IllegalMonitorStateError(
                f"lock {self.name!r} is not owned by this thread or task: only its owner can unlock it"
            )
        try:
            yield from self._unlock(session, unlock)
        except Exception:
            raise
        except BaseException:
            # Whoever releases a lock means it, also if he does not wait for the end.
            self._context.start(
                self._unlock(session, unlock), "releasing a lock for a caller who has given up"
            )
            raise

    def _unlock(self, session: Session, unlock: _Unlock) -> Flow[None]:
        owner = unlock.owner
        try:
            still_held = yield codec.unlock(self._group, self._object_name, session.id, owner, unlock.uid)
        except SessionExpiredError:
            self._sessions.invalidate(self._group, session)
            self._held.pop(owner, None)
            raise self._lost(session) from None
        if not unlock.counted:
            unlock.counted = True
            self._released(owner, session, still_held)

    def is_locked(self) -> Flow[bool]:
        """Return whether the lock is owned. Source: message ``FencedLock.getLockOwnership``."""
        ownership = yield from self._ownership()
        return ownership.lock_count > 0

    def is_locked_by_current_thread(self) -> Flow[bool]:
        """Return whether this thread (or task) owns the lock. Source: message ``FencedLock.getLockOwnership``."""
        owner = self._owner()
        session = self._sessions.current(self._group)
        self._check_session(owner, session)
        ownership = yield from self._ownership()
        return session is not None and (ownership.session_id, ownership.thread_id) == (session.id, owner)

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
            session = yield from self._sessions.acquire(self._group)
            taken = False
            hold = _Hold(owner, session)
            try:
                self._check_session(owner, session)
                fence: int = yield self._request(hold, invocation_uid, left)
                taken = fence != INVALID_FENCE
            except SessionExpiredError:
                self._sessions.invalidate(self._group, session)
                if owner in self._held:
                    self._held.pop(owner)
                    raise self._lost(session) from None
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
                    self._sessions.release(session)
            if taken:
                self._held[owner] = session
                hold.noted = True
            return fence

    def _give_up(self, hold: _Hold) -> None:
        """Note that nobody waits for a request any more that the members may still get."""
        with self._mutex:
            self._given_up.add(hold)
            self._ever_given_up[:] = (True,)
            if hold.ended:
                self._given_up.discard(hold)

    def _ended(self, hold: _Hold) -> None:
        """Note that the outcome of a request is known that nobody gets."""
        with self._mutex:
            hold.ended = True
            self._given_up.discard(hold)

    def _given_up_by(self, owner: int) -> int:
        if not self._ever_given_up:
            return 0
        with self._mutex:
            return len([hold for hold in self._given_up if hold.owner == owner])

    def _request(self, hold: _Hold, invocation_uid: UUID, timeout_millis: int | None) -> Op[int]:
        # A thread id only has to be unique in the session, so it is the number of the owner.
        scope = (self._group, self._object_name, hold.session.id, hold.owner)
        if timeout_millis is None:
            request = codec.lock(*scope, invocation_uid)
        else:
            request = codec.try_lock(*scope, invocation_uid, timeout_millis)

        def give_back(fence: int) -> Op[bool] | None:
            self._ended(hold)
            if fence == INVALID_FENCE:
                return None
            return codec.unlock(*scope, self._context.new_uuid()).then(released)

        def released(still_held: bool) -> None:
            if hold.noted:
                self._released(hold.owner, hold.session, still_held)

        request.on_failure = lambda error: self._ended(hold)
        # Only once the grant is known: an unlock before that might be faster, and would release what the owner has.
        return acquires(self._context, request, give_back)

    def _released(self, owner: int, session: Session, still_held: bool) -> None:
        if not still_held:
            self._held.pop(owner, None)
        self._sessions.release(session)

    def _check_session(self, owner: int, session: Session | None) -> None:
        held = self._held.get(owner)
        if held is not None and held is not session:
            del self._held[owner]
            raise self._lost(held)

    def _lost(self, session: Session) -> LockOwnershipLostError:
        return LockOwnershipLostError(
            f"lock {self.name!r} is lost: CP session {session.id}, in which this owner held it, has ended; another"
            " owner may hold it by now, so stop what it protects, and lock it again"
        )


class _Hold:
    """One acquisition: ``ended`` once its outcome is known, ``noted`` once the lock and the session count it."""

    __slots__ = ("__weakref__", "ended", "noted", "owner", "session")

    def __init__(self, owner: int, session: Session) -> None:
        self.ended = False
        self.owner = owner
        self.session = session
        self.noted = False


class _Unlock:
    """One release, which counts once, however often it is sent."""

    __slots__ = ("counted", "owner", "uid")

    def __init__(self, owner: int, uid: UUID) -> None:
        self.owner = owner
        self.uid = uid
        self.counted = False
