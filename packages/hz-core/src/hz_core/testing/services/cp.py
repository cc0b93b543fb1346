"""The CP subsystem, as members without CP members serve it: groups, sessions, AtomicLong, FencedLock."""

from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID, uuid5

from hz_core.model import Address
from hz_core.testing import codes
from hz_core.testing.clock import Timer
from hz_core.testing.members import (
    MemberError,
    Request,
    Service,
    Session,
    SimulatedCluster,
    SimulatedMember,
    serves,
)
from hz_core.testing.waiting import WaitList

GroupId = tuple[str, int, int]
"""Name, seed and id, as on the wire."""

SESSION_TTL: Final = 300_000
HEARTBEAT: Final = 5_000
NO_FENCE: Final = 0


def cp_uuid(member: SimulatedMember) -> UUID:
    """Return the UUID of a member as a CP member, which differs from that in the cluster."""
    return uuid5(member.uuid, "CP member")


def cp_member(member: SimulatedMember) -> tuple[UUID, Address, bool]:
    """Return a CP member as on the wire."""
    return cp_uuid(member), member.address, False


class SessionBound:
    """A service whose objects are held by sessions."""

    def session_ended(self, group: GroupId, session_id: int) -> None:
        """Release what a session holds, and refuse its requests that wait."""
        raise NotImplementedError(f"{type(self).__name__} must define session_ended")


@serves("CPGroup")
class GroupService(Service):
    """Messages of the service ``CPGroup``, and the leaders of the groups.

    Attributes:
        leaders: The members that lead groups; None if the members tell no leaders, as those of open source.
        hidden: Members of which nobody is told the UUID that they have as members of the cluster.
    """

    def __init__(self, cluster: SimulatedCluster) -> None:
        super().__init__(cluster)
        self.leaders: dict[GroupId, SimulatedMember] | None = None
        self.hidden: set[SimulatedMember] = set()
        self._version = 0
        self._listening: dict[Session, int] = {}

    def reset(self) -> None:
        """Forget all leaders."""
        self._listening.clear()
        if self.leaders is not None:
            self.leaders = {}

    def session_closed(self, session: Session) -> None:
        """Forget who has asked for leaders over a connection."""
        self._listening.pop(session, None)

    def follow(self, request: Request) -> None:
        """Tell the leaders now and whenever they change."""
        if self.leaders is None:
            raise MemberError(
                codes.UNSUPPORTED, f"Unrecognized client message received with type: 0x{request.type:x}"
            )
        self._listening[request.session] = request.correlation_id
        request.reply()
        self._tell(request.session)

    def lead(self, group: GroupId, member: SimulatedMember | None) -> None:
        """Let a member lead a group, or nobody, and tell all clients that have asked."""
        leaders = {} if self.leaders is None else self.leaders
        leaders.pop(group, None)
        if member is not None:
            leaders[group] = member
        self.leaders = leaders
        self._version += 1
        for session in list(self._listening):
            self._tell(session)

    def followers(self) -> list[SimulatedMember]:
        """Return the members that tell leaders to clients, one for each subscription."""
        return [session.member for session in self._listening]

    def _tell(self, session: Session) -> None:
        groups = []
        for group, leader in (self.leaders or {}).items():
            others = [cp_member(m) for m in self.cluster.members if m is not leader]
            groups.append((group, cp_member(leader), others))
        members = [(cp_uuid(m), m.uuid) for m in self.cluster.members if m not in self.hidden]
        title = "Client.addCPGroupViewListener event GroupsView"
        session.event(title, self._listening[session], self._version, groups, members)

    def create_cp_group(self, request: Request) -> None:
        """Reply the id of the group of an object: without CP members, each name has its own."""
        name = request["proxyName"]
        request.reply((name.partition("@")[2] or name, 0, self.cluster.partition_of_name(name)))

    def destroy_cp_object(self, request: Request) -> None:
        """Forget an object."""
        for service in self.cluster.services.values():
            if service.service_name == request["serviceName"]:
                service.destroy(request["objectName"])
        request.reply()


@serves("CPSession")
class SessionService(Service):
    """Messages of the service ``CPSession``.

    Attributes:
        endpoints: The open sessions by group and id, with the names of their clients.
        heartbeats: Number of received heartbeats.
    """

    def __init__(self, cluster: SimulatedCluster) -> None:
        super().__init__(cluster)
        self.endpoints: dict[tuple[GroupId, int], str] = {}
        self.heartbeats: int = 0
        self._timers: dict[tuple[GroupId, int], Timer] = {}
        self._last: dict[GroupId, int] = {}
        self._last_thread = 0

    def reset(self) -> None:
        """Forget all sessions."""
        for group, session_id in list(self.endpoints):
            self.close(group, session_id)
        self._last.clear()

    def check(self, group: GroupId, session_id: int) -> None:
        """Raise MemberError unless the session is open."""
        if (group, session_id) not in self.endpoints:
            raise MemberError(
                codes.SESSION_EXPIRED, f"active session: {session_id} does not exist in {group[0]}"
            )

    def close(self, group: GroupId, session_id: int) -> bool:
        """Close a session, so that its locks are free; return whether it was open."""
        if self.endpoints.pop((group, session_id), None) is None:
            return False
        self._timers.pop((group, session_id)).cancel()
        for service in self.cluster.services.values():
            if isinstance(service, SessionBound):
                service.session_ended(group, session_id)
        return True

    def create_session(self, request: Request) -> None:
        """Open a session."""
        group = request["groupId"]
        session_id = self._last[group] = self._last.get(group, 0) + 1
        self.endpoints[group, session_id] = request["endpointName"]
        self._keep_alive(group, session_id)
        request.reply(session_id, SESSION_TTL, HEARTBEAT)

    def heartbeat_session(self, request: Request) -> None:
        """Keep a session open."""
        group, session_id = request.values
        if group not in self._last:
            raise MemberError(codes.ILLEGAL_STATE, f"No session: {session_id} for CP group: {group[0]}")
        self.check(group, session_id)
        self.heartbeats += 1
        self._keep_alive(group, session_id)
        request.reply()

    def close_session(self, request: Request) -> None:
        """Close a session; reply whether it was open."""
        request.reply(self.close(*request.values))

    def generate_thread_id(self, request: Request) -> None:
        """Reply a number that no other thread has."""
        self._last_thread += 1
        request.reply(self._last_thread)

    def _keep_alive(self, group: GroupId, session_id: int) -> None:
        timer = self._timers.get((group, session_id))
        if timer is not None:
            timer.cancel()

        def expire() -> None:
            self.close(group, session_id)

        self._timers[group, session_id] = self.cluster.clock.call_later(SESSION_TTL / 1000, expire)


@serves("AtomicLong")
class AtomicLongService(Service):
    """Messages of the service ``AtomicLong``, but those with functions.

    Attributes:
        numbers: The numbers by group and name; those that are not there are 0.
    """

    service_name = "hz:raft:atomicLongService"

    def __init__(self, cluster: SimulatedCluster) -> None:
        super().__init__(cluster)
        self.numbers: dict[tuple[GroupId, str], int] = {}

    def destroy(self, name: str) -> None:
        """Forget a number."""
        for key in [key for key in self.numbers if key[1] == name]:
            del self.numbers[key]

    def reset(self) -> None:
        """Forget all numbers."""
        self.numbers.clear()

    def get(self, request: Request) -> None:
        """Reply the number."""
        request.reply(self._number(request))

    def add_and_get(self, request: Request) -> None:
        """Add, and reply the sum."""
        request.reply(self._set(request, self._number(request) + request["delta"]))

    def get_and_add(self, request: Request) -> None:
        """Add, and reply the number before."""
        before = self._number(request)
        self._set(request, before + request["delta"])
        request.reply(before)

    def get_and_set(self, request: Request) -> None:
        """Set the number, and reply the one before."""
        before = self._number(request)
        self._set(request, request["newValue"])
        request.reply(before)

    def compare_and_set(self, request: Request) -> None:
        """Set the number if it is the expected one; reply whether it was."""
        same = self._number(request) == request["expected"]
        if same:
            self._set(request, request["updated"])
        request.reply(same)

    def _number(self, request: Request) -> int:
        return self.numbers.get((request["groupId"], request["name"]), 0)

    def _set(self, request: Request, number: int) -> int:
        # As Java's long: it wraps around.
        wrapped = (number + (1 << 63)) % (1 << 64) - (1 << 63)
        self.numbers[request["groupId"], request["name"]] = wrapped
        return wrapped


Endpoint = tuple[int, int]
"""A session's id and a thread's number."""


@dataclass(eq=False)
class LockState:
    """One fenced lock.

    Attributes:
        waiting: The requests that wait for it.
        owner: Session and thread that own it.
        count: How often its owner took it.
        fence: The fence of the current or last owner.
        replies: What was replied to the requests of the current owner, by their ids: one that is repeated is not done
            again.
    """

    waiting: WaitList
    owner: Endpoint | None = None
    count: int = 0
    fence: int = NO_FENCE
    replies: dict[UUID, Any] = field(default_factory=dict)


@serves("FencedLock")
class FencedLockService(Service, SessionBound):
    """Messages of the service ``FencedLock``."""

    service_name = "hz:raft:lockService"

    def __init__(self, cluster: SimulatedCluster) -> None:
        super().__init__(cluster)
        self._locks: dict[tuple[GroupId, str], LockState] = {}
        self._last_fence = 0

    def state(self, group: GroupId, name: str) -> LockState:
        """Return a lock; it begins free."""
        return self._locks.setdefault((group, name), LockState(WaitList(self.cluster)))

    def destroy(self, name: str) -> None:
        """Forget a lock; waiting requests fail."""
        for key in [key for key in self._locks if key[1] == name]:
            self._locks.pop(key).waiting.refuse(MemberError(codes.DESTROYED, f"{name} is destroyed"))

    def reset(self) -> None:
        """Forget all locks."""
        for _, name in list(self._locks):
            self.destroy(name)

    def session_ended(self, group: GroupId, session_id: int) -> None:
        """Release the locks of a session, and refuse its requests that wait."""
        expired = MemberError(codes.SESSION_EXPIRED, f"active session: {session_id} does not exist")
        for (of_group, _), lock in list(self._locks.items()):
            if of_group == group:
                lock.waiting.refuse(expired, lambda request: bool(request["sessionId"] == session_id))
                if lock.owner is not None and lock.owner[0] == session_id:
                    self._free(lock)

    def lock(self, request: Request) -> None:
        """Take the lock, however long it takes, and reply the fence."""
        self._acquire(request, -1)

    def try_lock(self, request: Request) -> None:
        """Take the lock if it can be had in time, and reply the fence, or 0."""
        self._acquire(request, max(request["timeoutMs"], 0))

    def unlock(self, request: Request) -> None:
        """Release the lock once; reply whether its caller still owns it."""
        lock, caller = self._checked(request)
        if request["invocationUid"] in lock.replies:
            request.reply(lock.replies[request["invocationUid"]])
            return
        if lock.owner != caller:
            # Who gives up waiting says so by an unlock.
            self._cancel_waiting(lock, caller, request["invocationUid"])
            raise MemberError(codes.ILLEGAL_MONITOR_STATE, "Current thread is not owner of the lock!")
        lock.count -= 1
        request.reply(lock.count > 0)
        if lock.count:
            lock.replies[request["invocationUid"]] = True
        else:
            lock.replies = {request["invocationUid"]: False}
            self._free(lock)

    def get_lock_ownership(self, request: Request) -> None:
        """Reply fence, count, session and thread of the owner."""
        lock = self.state(request["groupId"], request["name"])
        if lock.owner is None:
            request.reply(NO_FENCE, 0, -1, -1)
        else:
            request.reply(lock.fence, lock.count, *lock.owner)

    def _checked(self, request: Request) -> tuple[LockState, Endpoint]:
        group, session_id = request["groupId"], request["sessionId"]
        self.cluster.service(SessionService).check(group, session_id)
        return self.state(group, request["name"]), (session_id, request["threadId"])

    def _acquire(self, request: Request, timeout: int) -> None:
        lock, caller = self._checked(request)
        uid = request["invocationUid"]

        # A thread waits for one thing at a time: a new request of it ends the one before.
        self._cancel_waiting(lock, caller, uid)

        def attempt() -> bool:
            if uid not in lock.replies:
                if lock.owner not in (None, caller):
                    return False
                if lock.owner is None:
                    self._last_fence += 1
                    lock.fence, lock.owner = self._last_fence, caller
                lock.count += 1
                lock.replies[uid] = lock.fence
            request.reply(lock.replies[uid])
            return True

        lock.waiting.serve(request, attempt, timeout, lambda: request.reply(NO_FENCE))

    def _cancel_waiting(self, lock: LockState, endpoint: Endpoint, uid: UUID) -> None:
        """Refuse the waiting requests of an endpoint, except that with this id."""

        def is_older(other: Request) -> bool:
            same = (other["sessionId"], other["threadId"]) == endpoint
            return bool(same and other["invocationUid"] != uid)

        lock.waiting.refuse(MemberError(codes.WAIT_KEY_CANCELLED), is_older)

    def _free(self, lock: LockState) -> None:
        lock.owner, lock.count = None, 0
        lock.waiting.wake()
