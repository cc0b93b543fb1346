"""CP sessions: the objects that a client holds are released when its session ends."""

from typing import Final

from hz_core.codecs.types import RaftGroupId
from hz_core.context import ClientContext, Service, acquires
from hz_core.errors import CPGroupDestroyedError, IllegalStateError, SessionExpiredError
from hz_core.log import get_logger
from hz_core.op import Flow, GatherOutcomes, Sleep
from hz_cp.codecs import cp_session as codec

_logger = get_logger("cp")

NO_SESSION: Final = -1


class _Session:
    """A session with one CP group."""

    __slots__ = ("holds", "id")

    def __init__(self, session_id: int) -> None:
        self.id = session_id
        self.holds = 0


class SessionService(Service):
    """The CP sessions of a client, one for each CP group in which it holds objects.

    Sessions are kept alive by heartbeats while anything is held, and closed before the client closes its connections.

    Args:
        context: The client.
    """

    def __init__(self, context: ClientContext) -> None:
        super().__init__(context)
        self._mutex = context.io.mutex()
        self._sessions: dict[RaftGroupId, _Session] = {}
        self._thread_ids: dict[tuple[RaftGroupId, int], int] = {}

    def acquire(self, group: RaftGroupId) -> Flow[int]:
        """Return the id of the session with ``group``, and increase its count of held objects. Create it if necessary.

        Source: message ``CPSession.createSession``.
        """
        session = self._hold(group)
        if session is not None:
            return session.id
        create = acquires(
            self._context,
            codec.create_session(group, self._context.name),
            lambda created: codec.close_session(group, created.session_id),
        )
        created: codec.CreateSessionResponse = yield create
        create.kept()
        with self._mutex:
            known = self._sessions.get(group)
            session = known or _Session(created.session_id)
            session.holds += 1
            self._sessions[group] = session
        if known is None:
            seconds = created.heartbeat_millis / 1000
            self._context.start(self._keep_alive(group, session, seconds), "keeping a CP session alive")
        else:
            yield codec.close_session(group, created.session_id)  # created by another caller meanwhile
        return session.id

    def _hold(self, group: RaftGroupId) -> _Session | None:
        with self._mutex:
            session = self._sessions.get(group)
            if session is not None:
                session.holds += 1
            return session

    def release(self, group: RaftGroupId, session_id: int) -> None:
        """Decrease the count of held objects of a session."""
        with self._mutex:
            session = self._sessions.get(group)
            if session is not None and session.id == session_id:
                session.holds -= 1

    def invalidate(self, group: RaftGroupId, session_id: int) -> None:
        """Remove a session that the group does not know any more."""
        with self._mutex:
            session = self._sessions.get(group)
            if session is not None and session.id == session_id:
                del self._sessions[group]

    def session_id(self, group: RaftGroupId) -> int:
        """Return the id of the session with ``group``, or NO_SESSION."""
        session = self._sessions.get(group)
        return NO_SESSION if session is None else session.id

    def thread_id(self, group: RaftGroupId, owner: int) -> Flow[int]:
        """Return the id of a lock owner (thread or task) in ``group``. Source: ``CPSession.generateThreadId``."""
        key = (group, owner)
        known = self._thread_ids.get(key)
        if known is None:
            generated: int = yield codec.generate_thread_id(group)
            known = self._thread_ids.setdefault(key, generated)
        return known

    def _keep_alive(self, group: RaftGroupId, session: _Session, seconds: float) -> Flow[None]:
        while self._sessions.get(group) is session:
            yield Sleep(seconds)
            if self._sessions.get(group) is not session or session.holds <= 0:
                continue
            try:
                yield codec.heartbeat_session(group, session.id)
            except (SessionExpiredError, CPGroupDestroyedError, IllegalStateError):
                # Without CP members, a group that has lost its data reports an IllegalStateError.
                self.invalidate(group, session.id)
            except Exception as e:
                _logger.warning("the heartbeat of CP session %d failed: %s", session.id, e)

    def closing(self) -> Flow[None]:
        """Close all sessions, to release the objects that this client holds."""
        with self._mutex:
            sessions, self._sessions = self._sessions, {}
        yield GatherOutcomes([codec.close_session(group, session.id) for group, session in sessions.items()])

    def on_cluster_changed(self) -> None:
        """Remove all sessions, which another cluster does not know."""
        with self._mutex:
            self._sessions = {}
            self._thread_ids = {}

    def on_fork(self) -> None:
        """Remove all sessions, which are the parent's."""
        self.on_cluster_changed()
