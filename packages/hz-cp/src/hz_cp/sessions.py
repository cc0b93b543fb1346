"""CP sessions: the objects that a client holds are released when its session ends."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Final, TypeVar

from hz_core.codecs.types import RaftGroupId
from hz_core.context import ClientContext, Service, acquires
from hz_core.errors import CPGroupDestroyedError, IllegalStateError, SessionExpiredError
from hz_core.log import get_logger
from hz_core.op import Flow, GatherOutcomes, Op, Sleep
from hz_cp.codecs import cp_session as codec

T = TypeVar("T")

_logger = get_logger("cp")


class Session:
    """A session with one CP group.

    Sessions are compared by identity: another cluster gives the same ids to others.

    Attributes:
        id: Its id in the group.
    """

    __slots__ = ("beating", "heartbeat", "holds", "id")

    def __init__(self, session_id: int, heartbeat: float = 0.0) -> None:
        self.id: int = session_id
        self.heartbeat: float = heartbeat
        self.holds: int = 0
        self.beating: bool = False


NO_SESSION: Final = Session(-1)
"""In place of a session, for what is bound to none."""


class SessionService(Service):
    """The CP sessions of a client, one for each CP group in which it holds objects.

    Sessions are kept alive by heartbeats while anything is held, and closed before the client closes its connections.
    While nothing is held there is no timer: a session that is not used ends at the members, and the next use
    replaces it.

    Args:
        context: The client.
    """

    def __init__(self, context: ClientContext) -> None:
        super().__init__(context)
        self._mutex = context.io.mutex()
        # By the frames of their groups: bytes are found faster than records.
        self._sessions: dict[bytes, Session] = {}
        self._next_thread_id: Callable[[], int] = count(1).__next__
        self._idle_thread_ids: dict[tuple[bytes, bool], list[int]] = {}
        self._groups: dict[bytes, RaftGroupId] = {}

    def acquire(self, group: RaftGroupId, number: int = 1) -> Flow[Session]:
        """Return the session with ``group``, and add ``number`` held objects. Create it if necessary.

        Source: message ``CPSession.createSession``.
        """
        session = self._sessions.get(group.frames)
        if session is not None:
            # Nothing can interrupt the thread here, and no other one runs meanwhile: as under the mutex.
            session.holds += number
        else:
            create = acquires(
                self._context,
                codec.create_session(group, self._context.name),
                lambda created: codec.close_session(group, created.session_id),
            )
            created: codec.CreateSessionResponse = yield create
            create.kept()
            with self._mutex:
                session = self._sessions.get(group.frames)
                if session is None:
                    self._groups[group.frames] = group
                    session = self._sessions[group.frames] = Session(
                        created.session_id, created.heartbeat_millis / 1000
                    )
                session.holds += number
            if session.id != created.session_id:
                yield codec.close_session(
                    group, created.session_id
                )  # another caller has created one meanwhile
        if not session.beating:
            self._context.start(self._keep_alive(group, session), "keeping a CP session alive")
            session.beating = True
        return session

    def release(self, session: Session, number: int = 1) -> None:
        """Take ``number`` from the held objects of a session; one that is in use may get more by a negative number."""
        session.holds -= number

    def invalidate(self, group: RaftGroupId, session: Session) -> None:
        """Remove a session that the group does not know any more."""
        with self._mutex:
            if self._sessions.get(group.frames) is session:
                del self._sessions[group.frames]

    def current(self, group: RaftGroupId) -> Session | None:
        """Return the session with ``group``, if there is one."""
        return self._sessions.get(group.frames)

    def with_thread_id(self, group: RaftGroupId, make: Callable[[int], Op[T]], *, bound: bool) -> Flow[T]:
        """Send the operation that ``make`` returns for a thread id which no other request in progress has.

        A group remembers the last request of each thread id, so that one which is sent twice counts once; and it ends
        the waiting of the request before. So requests at the same time need different ones. They are used again.

        Args:
            group: The group.
            make: Returns the operation.
            bound: Whether it belongs to a session. Then a number that is unique in this client does; else the group
                generates one that no other client has.

        Source: message ``CPSession.generateThreadId``.
        """
        idle = self._idle_thread_ids.setdefault((group.frames, bound), [])
        try:
            thread_id = idle.pop()
        except IndexError:
            thread_id = self._next_thread_id() if bound else (yield codec.generate_thread_id(group))

        op = make(thread_id)
        op.on_failure = lambda error: idle.append(thread_id)
        result: T = yield op
        # Not if the caller has given up: then the request may still be in progress.
        idle.append(thread_id)
        return result

    def _keep_alive(self, group: RaftGroupId, session: Session) -> Flow[None]:
        while True:
            yield Sleep(session.heartbeat)
            with self._mutex:
                # Nothing comes between this comparison and the assignment.
                if self._sessions.get(group.frames) is not session or session.holds <= 0:
                    session.beating = False
                    return
            try:
                yield codec.heartbeat_session(group, session.id)
            except (SessionExpiredError, CPGroupDestroyedError, IllegalStateError):
                # Without CP members, a group that has lost its data reports an IllegalStateError.
                self.invalidate(group, session)
            except Exception as e:
                _logger.warning("the heartbeat of CP session %d failed: %s", session.id, e)

    def closing(self) -> Flow[None]:
        """Close all sessions, to release the objects that this client holds."""
        with self._mutex:
            sessions, self._sessions, groups = self._sessions, {}, self._groups
        yield GatherOutcomes(
            [codec.close_session(groups[key], session.id) for key, session in sessions.items()]
        )

    def on_cluster_changed(self) -> None:
        """Remove all sessions, which another cluster does not know."""
        with self._mutex:
            self._sessions = {}
            self._groups = {}
            self._idle_thread_ids = {}

    def on_fork(self) -> None:
        """Remove all sessions, which are the parent's."""
        self.on_cluster_changed()
