"""The operations of a Semaphore, from which its surfaces are generated."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, Self, TypeVar
from uuid import UUID

from hz_core.context import ClientContext, acquires
from hz_core.errors import IllegalStateError, SessionExpiredError, WaitKeyCancelledError
from hz_core.op import Flow, Op
from hz_cp.checks import at_least, truth, waiting_time
from hz_cp.codecs import semaphore as codec
from hz_cp.cp_object import CPObjectOperations
from hz_cp.sessions import NO_SESSION, Session, SessionService

T = TypeVar("T")

_NO_LIMIT: Final = -1


class SemaphoreOperations(CPObjectOperations):
    """Permits in a CP group, which callers acquire and release; who finds too few of them waits.

    The members' configuration of the semaphore decides of which sort it is, unless ``get_semaphore`` says it:

    - Usually it is aware of sessions. The permits that a client has acquired are bound to its CP session: any thread of
      the client may release them, another client may not, and they are released when the session ends.
    - With ``jdk-compatible`` (or ``sessionless=True``) it is sessionless. Anybody may release permits, also without
      having acquired them, and those of a client that has failed stay acquired.
    """

    # Read by tools/generate_surfaces.py.
    service_name = "hz:raft:semaphoreService"

    _sessionless: bool

    def __init__(self, context: ClientContext, name: str) -> None:
        super().__init__(context, name)
        self._sessions = context.service(SessionService)

    def _prepare(self) -> Flow[None]:
        """Get the CP group, and the sort of the semaphore. Source: message ``Semaphore.getSemaphoreType``."""
        yield from super()._prepare()
        self._sessionless = yield codec.get_semaphore_type(self.name)

    def _variant(self, *, sessionless: bool | None = None) -> Self:
        """Return the operations on the same semaphore, used in a way of its own.

        Args:
            sessionless: Whether permits are bound to no session; None for what the members' configuration says.

        Raises:
            TypeError: ``sessionless`` is not a bool.
        """
        if sessionless is None or truth(sessionless, "sessionless") == self._sessionless:
            return self
        made = self._alike()
        made._sessionless = sessionless
        self._groups.add(made)
        return made

    def init(self, permits: int) -> Op[bool]:
        """Set the number of permits, if that was not done yet.

        Returns:
            Whether it was set.

        Raises:
            AssertionError: ``permits`` is negative.
            TypeError, ValueError: It is not an integer of 32 bits.

        Source: message ``Semaphore.init``.
        """
        return codec.init(self._group, self._object_name, at_least(0, permits, "permits"))

    def acquire(self, permits: int = 1) -> Flow[None]:
        """Acquire permits; wait without limit until there are as many.

        Permits that are granted to a caller who has given up are released at once.

        Raises:
            AssertionError: ``permits`` is less than 1.
            TypeError, ValueError: It is not an integer of 32 bits.

        Source: message ``Semaphore.acquire``.
        """
        return self._acquire(at_least(1, permits, "permits"))

    def try_acquire(self, permits: int = 1, timeout: float = 0) -> Flow[bool]:
        """Acquire permits; wait up to ``timeout`` seconds until there are as many.

        Returns:
            Whether they were acquired.

        Raises:
            AssertionError: ``permits`` is less than 1.
            TypeError, ValueError: An argument has the wrong type or is out of range.

        Source: message ``Semaphore.acquire``.
        """
        return self._try_acquire(at_least(1, permits, "permits"), waiting_time(timeout))

    def release(self, permits: int = 1) -> Flow[None]:
        """Release permits.

        Raises:
            IllegalStateError: This client has not acquired as many, or its session has ended, which has released them;
                never if the semaphore is sessionless.
            AssertionError: ``permits`` is less than 1.
            TypeError, ValueError: It is not an integer of 32 bits.

        Source: message ``Semaphore.release``.
        """
        return self._release(at_least(1, permits, "permits"))

    def available_permits(self) -> Op[int]:
        """Return how many permits nobody has. Source: message ``Semaphore.availablePermits``."""
        return codec.available_permits(self._group, self._object_name)

    def drain_permits(self) -> Flow[int]:
        """Acquire all permits that nobody has; return how many. Source: message ``Semaphore.drain``."""
        uid = self._context.new_uuid()
        while True:
            session = yield from self._hold(1)
            hold = _Hold(session, 0)
            drained = 0
            try:
                drained = yield from self._with_thread_id(partial(self._drain, hold, uid))
            except SessionExpiredError:
                self._sessions.invalidate(self._group, session)
                continue
            finally:
                # In one step: between two, the session might seem unused.
                self._let_go(session, 1 - drained)
            hold.noted = True
            return drained

    def increase_permits(self, increase: int) -> Flow[None]:
        """Add permits to the semaphore.

        Raises:
            AssertionError: ``increase`` is negative.
            TypeError, ValueError: It is not an integer of 32 bits.

        Source: message ``Semaphore.change``.
        """
        return self._change(at_least(0, increase, "increase"))

    def reduce_permits(self, reduction: int) -> Flow[None]:
        """Take permits from the semaphore, without waiting; there may be fewer than none after it.

        Raises:
            AssertionError: ``reduction`` is negative.
            TypeError, ValueError: It is not an integer of 32 bits.

        Source: message ``Semaphore.change``.
        """
        return self._change(-at_least(0, reduction, "reduction"))

    def _acquire(self, permits: int) -> Flow[None]:
        yield from self._wait_for(permits, None)

    def _try_acquire(self, permits: int, millis: int) -> Flow[bool]:
        return (yield from self._wait_for(permits, millis))

    def _wait_for(self, permits: int, millis: int | None) -> Flow[bool]:
        # One uid for all attempts, so that the group does not grant the permits twice.
        uid = self._context.new_uuid()
        ends = 0.0 if millis is None else self._context.io.now() + millis / 1000
        left = _NO_LIMIT if millis is None else millis
        while True:
            session = yield from self._hold(permits)
            hold = _Hold(session, permits)
            acquired = False
            try:
                acquired = yield from self._with_thread_id(partial(self._request, hold, uid, left))
            except SessionExpiredError:
                self._sessions.invalidate(self._group, session)
                if millis is not None:
                    left = max(0, int((ends - self._context.io.now()) * 1000))
                continue
            except WaitKeyCancelledError as e:
                raise IllegalStateError(
                    f"semaphore {self.name!r}: the members have cancelled the waiting for {permits} permits"
                ) from e
            finally:
                if not acquired:
                    self._let_go(session, permits)
            hold.noted = acquired
            return acquired

    def _request(self, hold: _Hold, uid: UUID, millis: int, thread_id: int) -> Op[bool]:
        scope = (self._group, self._object_name, hold.session.id, thread_id)
        request = codec.acquire(*scope, uid, hold.permits, millis)
        return acquires(
            self._context, request, lambda acquired: self._given_up(hold, hold.permits) if acquired else None
        )

    def _drain(self, hold: _Hold, uid: UUID, thread_id: int) -> Op[int]:
        request = codec.drain(self._group, self._object_name, hold.session.id, thread_id, uid)
        return acquires(
            self._context, request, lambda drained: self._given_up(hold, drained) if drained else None
        )

    def _given_up(self, hold: _Hold, permits: int) -> Flow[None]:
        """Release what was granted to nobody."""
        yield from self._send_release(hold.session, permits)
        if hold.noted:
            self._let_go(hold.session, permits)

    def _release(self, permits: int) -> Flow[None]:
        session = NO_SESSION if self._sessionless else self._sessions.current(self._group)
        if session is None:
            raise self._not_acquired()
        try:
            yield from self._send_release(session, permits)
        except SessionExpiredError as e:
            self._sessions.invalidate(self._group, session)
            raise self._not_acquired() from e
        self._let_go(session, permits)

    def _send_release(self, session: Session, permits: int) -> Flow[bool]:
        uid = self._context.new_uuid()
        scope = (self._group, self._object_name, session.id)
        return self._with_thread_id(lambda thread_id: codec.release(*scope, thread_id, uid, permits))

    def _change(self, permits: int) -> Flow[None]:
        if permits == 0:
            return
        uid = self._context.new_uuid()
        session = yield from self._hold(1)
        scope = (self._group, self._object_name, session.id)
        try:
            yield from self._with_thread_id(lambda thread_id: codec.change(*scope, thread_id, uid, permits))
        except SessionExpiredError as e:
            self._sessions.invalidate(self._group, session)
            raise IllegalStateError(
                f"semaphore {self.name!r}: CP session {session.id} ended meanwhile, and nobody knows whether the"
                " permits were changed"
            ) from e
        finally:
            self._let_go(session, 1)

    def _with_thread_id(self, make: Callable[[int], Op[T]]) -> Flow[T]:
        return self._sessions.with_thread_id(self._group, make, bound=not self._sessionless)

    def _hold(self, count: int) -> Flow[Session]:
        if self._sessionless:
            return NO_SESSION
        return (yield from self._sessions.acquire(self._group, count))

    def _let_go(self, session: Session, count: int) -> None:
        if session is not NO_SESSION:
            self._sessions.release(session, count)

    def _not_acquired(self) -> IllegalStateError:
        return IllegalStateError(
            f"semaphore {self.name!r}: this client has acquired no permits, or its CP session has ended, which has"
            " released them"
        )


class _Hold:
    """Permits that were asked for. They are ``noted`` once the session counts them."""

    __slots__ = ("noted", "permits", "session")

    def __init__(self, session: Session, permits: int) -> None:
        self.session = session
        self.permits = permits
        self.noted = False
