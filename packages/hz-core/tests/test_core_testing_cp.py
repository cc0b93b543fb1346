"""The simulated CP subsystem: groups, sessions, AtomicLong, FencedLock."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from hz_core.testing import (
    AtomicLongService,
    ManualClock,
    MemberError,
    RawClient,
    SessionService,
    SimulatedCluster,
    codes,
)


class Lock:
    """A lock of one simulated member; its callers are a session and a thread each."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.cluster = SimulatedCluster(partitions=271, clock=self.clock)
        self.client = RawClient(self.cluster.members[0])
        self.group = self.client.call("CPGroup.createCPGroup", proxyName="lk")

    def session(self) -> int:
        """Open a session."""
        number: int = self.client.call("CPSession.createSession", groupId=self.group, endpointName="c")
        return number

    def start(self, method: str, session: int, thread: int = 7, uid: UUID | None = None, **named: Any) -> int:
        """Send a request about the lock."""
        return self.client.start(
            f"FencedLock.{method}",
            groupId=self.group,
            name="lk",
            sessionId=session,
            threadId=thread,
            invocationUid=uid or uuid4(),
            **named,
        )

    def __call__(
        self, method: str, session: int, thread: int = 7, uid: UUID | None = None, **named: Any
    ) -> Any:
        answer = self.client.answer(self.start(method, session, thread, uid, **named))
        if answer is None:
            raise TimeoutError(f"{method} waits")
        return answer[0]

    def owner(self) -> list[int] | None:
        """Return fence, count, session and thread of the owner."""
        return self.client.answer(
            self.client.start("FencedLock.getLockOwnership", groupId=self.group, name="lk")
        )


@pytest.fixture
def lk() -> Lock:
    return Lock()


def test_groups_are_those_of_members_without_cp_members() -> None:
    client = RawClient(SimulatedCluster(partitions=271).members[0])
    # As captured from a real member.
    for name, group in (("al", ("al", 0, 72)), ("lk", ("lk", 0, 5)), ("x@grp", ("grp", 0, 103))):
        assert client.call("CPGroup.createCPGroup", proxyName=name) == group


def test_an_atomic_long() -> None:
    cluster = SimulatedCluster()
    client = RawClient(cluster.members[0])
    group = client.call("CPGroup.createCPGroup", proxyName="al")

    def call(method: str, **named: int) -> Any:
        return client.call(f"AtomicLong.{method}", groupId=group, name="al", **named)

    assert call("get") == 0
    assert call("addAndGet", delta=5) == 5
    assert call("getAndAdd", delta=-2) == 5
    assert call("getAndSet", newValue=9) == 3
    assert call("compareAndSet", expected=3, updated=4) is False
    assert call("compareAndSet", expected=9, updated=2**63 - 1) is True
    assert call("addAndGet", delta=1) == -(2**63)
    assert cluster.service(AtomicLongService).numbers == {(group, "al"): -(2**63)}
    client.call(
        "CPGroup.destroyCPObject", groupId=group, serviceName="hz:raft:atomicLongService", objectName="al"
    )
    assert call("get") == 0


def test_sessions(lk: Lock) -> None:
    number = lk.client.start("CPSession.createSession", groupId=lk.group, endpointName="c")
    assert lk.client.answer(number) == [1, 300_000, 5_000]
    assert lk.session() == 2
    lk.client.call("CPSession.heartbeatSession", groupId=lk.group, sessionId=2)
    assert lk.cluster.service(SessionService).heartbeats == 1
    assert lk.client.call("CPSession.closeSession", groupId=lk.group, sessionId=2) is True
    assert lk.client.call("CPSession.closeSession", groupId=lk.group, sessionId=2) is False
    with pytest.raises(MemberError, match="session: 2") as caught:
        lk.client.call("CPSession.heartbeatSession", groupId=lk.group, sessionId=2)
    assert caught.value.error == codes.SESSION_EXPIRED
    with pytest.raises(MemberError, match="No session: 2") as caught:
        lk.client.call("CPSession.heartbeatSession", groupId=("never seen", 0, 1), sessionId=2)
    assert caught.value.error == codes.ILLEGAL_STATE
    first, second = (lk.client.call("CPSession.generateThreadId", groupId=lk.group) for _ in range(2))
    assert first != second


def test_a_session_without_heartbeats_expires_and_releases_its_locks(lk: Lock) -> None:
    dead, alive = lk.session(), lk.session()
    lk("lock", dead)
    number = lk.start("lock", alive)
    for _ in range(3):
        lk.clock.advance(99)
        lk.client.call("CPSession.heartbeatSession", groupId=lk.group, sessionId=alive)
    assert lk.client.answer(number) is None
    lk.clock.advance(3)
    assert lk.client.answer(number) is not None
    with pytest.raises(MemberError, match=f"active session: {dead}") as caught:
        lk("unlock", dead)
    assert caught.value.error == codes.SESSION_EXPIRED
    lk.clock.advance(290)
    assert lk.cluster.service(SessionService).endpoints == {(lk.group, alive): "c"}


def test_a_lock_is_reentrant_with_one_fence(lk: Lock) -> None:
    session = lk.session()
    assert lk.owner() == [0, 0, -1, -1]
    fence = lk("lock", session)
    assert fence > 0
    assert lk("tryLock", session, timeoutMs=0) == fence
    assert lk.owner() == [fence, 2, session, 7]
    assert lk("unlock", session) is True
    assert lk("unlock", session) is False
    assert lk.owner() == [0, 0, -1, -1]
    assert lk("lock", session) > fence


def test_a_request_that_is_repeated_counts_once(lk: Lock) -> None:
    session = lk.session()
    uids = [uuid4() for _ in range(3)]
    fence = lk("lock", session, uid=uids[0])
    assert lk("lock", session, uid=uids[0]) == fence
    assert lk.owner() == [fence, 1, session, 7]
    lk("lock", session)
    assert [lk("unlock", session, uid=uids[1]), lk("unlock", session, uid=uids[1])] == [True, True]
    assert lk.owner() == [fence, 1, session, 7]
    assert [lk("unlock", session, uid=uids[2]), lk("unlock", session, uid=uids[2])] == [False, False]


def test_an_unlock_ends_the_waiting_of_its_caller(lk: Lock) -> None:
    owner, other = lk.session(), lk.session()
    lk("lock", owner)
    number = lk.start("lock", other)
    with pytest.raises(MemberError, match="not owner"):
        lk("unlock", other)
    with pytest.raises(MemberError) as caught:
        lk.client.answer(number)
    assert caught.value.error == codes.WAIT_KEY_CANCELLED
    lk("unlock", owner)
    assert lk.owner() == [0, 0, -1, -1]


def test_only_the_owner_unlocks(lk: Lock) -> None:
    session = lk.session()
    lk("lock", session)
    for other, thread in ((session, 8), (lk.session(), 7)):
        with pytest.raises(MemberError, match="not owner") as caught:
            lk("unlock", other, thread)
        assert caught.value.error == codes.ILLEGAL_MONITOR_STATE


def test_who_waits_gets_the_lock_in_order(lk: Lock) -> None:
    sessions = [lk.session() for _ in range(3)]
    fence = lk("lock", sessions[0])
    numbers = [lk.start("lock", session) for session in sessions[1:]]
    lk("unlock", sessions[0])
    assert lk.client.answer(numbers[0]) == [fence + 1]
    assert lk.client.answer(numbers[1]) is None
    lk("unlock", sessions[1])
    assert lk.client.answer(numbers[1]) == [fence + 2]


def test_an_attempt_gives_up_in_time(lk: Lock) -> None:
    first, second = lk.session(), lk.session()
    lk("lock", first)
    assert lk("tryLock", second, timeoutMs=0) == 0
    number = lk.start("tryLock", second, timeoutMs=2000)
    lk.clock.advance(1.9)
    assert lk.client.answer(number) is None
    lk.clock.advance(0.1)
    assert lk.client.answer(number) == [0]
    lk("unlock", first)
    assert lk.owner() == [0, 0, -1, -1]


def test_a_new_request_of_a_thread_ends_the_one_before(lk: Lock) -> None:
    first, second = lk.session(), lk.session()
    lk("lock", first)
    older, other_thread = lk.start("lock", second), lk.start("lock", second, thread=8)
    newer = lk.start("lock", second)
    with pytest.raises(MemberError) as caught:
        lk.client.answer(older)
    assert caught.value.error == codes.WAIT_KEY_CANCELLED
    lk("unlock", first)
    assert lk.client.answer(other_thread) is not None
    lk("unlock", second, thread=8)
    assert lk.client.answer(newer) is not None


def test_requests_of_a_closed_session_are_refused(lk: Lock) -> None:
    first, second = lk.session(), lk.session()
    lk("lock", first)
    number = lk.start("lock", second)
    lk.client.call("CPSession.closeSession", groupId=lk.group, sessionId=second)
    for attempt in (lambda: lk.client.answer(number), lambda: lk("lock", second)):
        with pytest.raises(MemberError) as caught:
            attempt()
        assert caught.value.error == codes.SESSION_EXPIRED


def test_a_lock_can_be_destroyed(lk: Lock) -> None:
    session = lk.session()
    lk("lock", session)
    number = lk.start("lock", lk.session())
    lk.client.call(
        "CPGroup.destroyCPObject", groupId=lk.group, serviceName="hz:raft:lockService", objectName="lk"
    )
    with pytest.raises(MemberError, match="destroyed"):
        lk.client.answer(number)
    assert lk.owner() == [0, 0, -1, -1]
