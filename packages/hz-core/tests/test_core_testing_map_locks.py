"""Locks on keys of the simulated map: owners, waiting in order, leases."""

from collections.abc import Callable
from typing import Any

import pytest

from hz_core.testing import ManualClock, MapService, MemberError, RawClient, SimulatedCluster, codes
from hz_serialization import SerializationConfig, SerializationService

data: Callable[[Any], bytes] = SerializationService(SerializationConfig()).to_data
KEY = data("k")
V1, V2, V3 = data("one"), data("two"), data("three")


class Locked:
    """A member and one client, whose threads are told apart by their numbers."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.cluster = SimulatedCluster(clock=self.clock)
        self.client = RawClient(self.cluster.members[0])
        self._reference = 0

    def start(self, method: str, thread: int, client: RawClient | None = None, **named: Any) -> int:
        """Send a request of a thread, as a lock request with a number of its own."""
        if method in ("lock", "tryLock", "unlock"):
            self._reference += 1
            named.setdefault("referenceId", self._reference)
        return (client or self.client).start(f"Map.{method}", name="m", key=KEY, threadId=thread, **named)

    def __call__(self, method: str, thread: int, **named: Any) -> Any:
        answer = self.client.answer(self.start(method, thread, **named))
        if answer is None:
            raise TimeoutError(f"{method} of thread {thread} waits")
        return answer[0] if answer else None

    def is_locked(self) -> bool:
        return bool(self.client.call("Map.isLocked", name="m", key=KEY))


@pytest.fixture
def m() -> Locked:
    return Locked()


def test_a_lock_is_released_as_often_as_it_was_taken(m: Locked) -> None:
    m("lock", 1)
    m("lock", 1)
    assert m("tryLock", 1) is True
    for left in (True, True, False):
        m("unlock", 1)
        assert m.is_locked() is left


def test_a_request_that_is_repeated_counts_once(m: Locked) -> None:
    m("lock", 1, referenceId=5)
    m("lock", 1, referenceId=5)
    m("unlock", 1, referenceId=6)
    assert not m.is_locked()
    m("lock", 1, referenceId=7)
    m("lock", 1, referenceId=8)
    m("unlock", 1, referenceId=9)
    m("unlock", 1, referenceId=9)
    assert m.is_locked()


@pytest.mark.parametrize("locked_by", [None, 1])
def test_only_the_owner_can_unlock(m: Locked, locked_by: int | None) -> None:
    if locked_by:
        m("lock", locked_by)
    with pytest.raises(MemberError, match="not owner") as caught:
        m("unlock", 2)
    assert caught.value.error == codes.ILLEGAL_MONITOR_STATE
    assert m.is_locked() is bool(locked_by)


def test_the_same_thread_of_another_client_is_another_owner(m: Locked) -> None:
    m("lock", 1)
    other = RawClient(m.cluster.members[0])
    assert other.answer(m.start("tryLock", 1, other)) == [False]
    same = RawClient(m.cluster.members[0], m.client.uuid)
    assert same.answer(m.start("tryLock", 1, same)) == [True]


def test_who_waits_gets_the_lock_in_order(m: Locked) -> None:
    m("lock", 1)
    waiting = [m.start("lock", thread) for thread in (2, 3, 4)]
    for thread in (1, 2, 3, 4):
        assert [m.client.answer(number) is not None for number in waiting] == [
            other <= thread for other in (2, 3, 4)
        ]
        with pytest.raises(MemberError):
            m("unlock", thread + 1)
        m("unlock", thread)
    assert not m.is_locked()


@pytest.mark.parametrize(
    ("method", "named", "reply"),
    [
        ("put", {"value": V2}, [V1]),
        ("set", {"value": V2}, []),
        ("putIfAbsent", {"value": V2}, [V1]),
        ("putTransient", {"value": V2}, []),
        ("replace", {"value": V2}, [V1]),
        ("replaceIfSame", {"testValue": V1, "value": V2}, [True]),
        ("remove", {}, [V1]),
        ("removeIfSame", {"value": V1}, [True]),
        ("delete", {}, [True]),
        ("evict", {}, [True]),
        ("tryPut", {"value": V2, "timeout": 5000}, [True]),
        ("tryRemove", {"timeout": 5000}, [True]),
    ],
)
def test_writes_of_others_wait(m: Locked, method: str, named: dict[str, Any], reply: list[Any]) -> None:
    m("put", 1, value=V1)
    m("lock", 1)
    number = m.start(method, 2, **named)
    m.clock.advance(4)
    assert m.client.answer(number) is None
    assert m("get", 2) == V1
    m("unlock", 1)
    assert m.client.answer(number) == reply


def test_the_owner_writes_at_once(m: Locked) -> None:
    m("lock", 1)
    assert m("put", 1, value=V1) is None
    assert m("remove", 1) == V1


def test_what_waited_sees_what_the_owner_left(m: Locked) -> None:
    m("lock", 1)
    first, second = m.start("put", 2, value=V2), m.start("put", 3, value=V3)
    m("put", 1, value=V1)
    m("unlock", 1)
    assert (m.client.answer(first), m.client.answer(second)) == ([V1], [V2])
    assert m("get", 1) == V3


@pytest.mark.parametrize(("method", "named"), [("tryLock", {}), ("tryPut", {"value": V2}), ("tryRemove", {})])
def test_attempts_give_up_in_time(m: Locked, method: str, named: dict[str, Any]) -> None:
    m("put", 1, value=V1)
    m("lock", 1)
    assert m(method, 2, timeout=0, **named) is False
    number = m.start(method, 2, timeout=3000, **named)
    m.clock.advance(2.9)
    assert m.client.answer(number) is None
    m.clock.advance(0.1)
    assert m.client.answer(number) == [False]
    m("unlock", 1)
    assert not m.is_locked()
    assert m("get", 1) == V1


def test_an_attempt_in_time_does_not_give_up_later(m: Locked) -> None:
    m("lock", 1)
    number = m.start("tryLock", 2, timeout=3000)
    m("unlock", 1)
    assert m.client.answer(number) == [True]
    m.clock.advance(10)
    assert m.is_locked()


@pytest.mark.parametrize(("method", "lease"), [("lock", "ttl"), ("tryLock", "lease")])
def test_a_lease_ends_the_lock(m: Locked, method: str, lease: str) -> None:
    m(method, 1, **{lease: 2000})
    number = m.start("lock", 2)
    m.clock.advance(1.9)
    assert m.client.answer(number) is None
    m.clock.advance(0.1)
    assert m.client.answer(number) == []
    with pytest.raises(MemberError):
        m("unlock", 1)
    m("unlock", 2)
    assert not m.is_locked()


def test_a_lease_ends_with_its_lock(m: Locked) -> None:
    m("lock", 1, ttl=2000)
    m("unlock", 1)
    m("lock", 2, ttl=-1)
    m.clock.advance(10)
    assert m.is_locked()


def test_force_unlock(m: Locked) -> None:
    m("lock", 1)
    m("lock", 1)
    number = m.start("lock", 2)
    m.client.call("Map.forceUnlock", name="m", key=KEY, referenceId=99)
    assert m.client.answer(number) == []
    with pytest.raises(MemberError):
        m("unlock", 1)


def test_requests_of_a_closed_connection_wait_no_more(m: Locked) -> None:
    m("lock", 1)
    other = RawClient(m.cluster.members[0])
    gone = m.start("lock", 2, other)
    number = m.start("lock", 3)
    other.cut()
    m("unlock", 1)
    assert other.answer(gone) is None
    assert m.client.answer(number) == []


def test_who_waits_learns_that_the_map_is_destroyed(m: Locked) -> None:
    m("lock", 1, ttl=5000)
    number = m.start("put", 2, value=V1)
    m.client.call("Client.destroyProxy", name="m", serviceName="hz:impl:mapService")
    with pytest.raises(MemberError, match="destroyed") as caught:
        m.client.answer(number)
    assert caught.value.error == codes.DESTROYED
    assert not m.is_locked()
    m("lock", 2)
    m.clock.advance(10)
    assert m.is_locked()


def test_locks_tell_who_waits(m: Locked) -> None:
    place = (m.cluster.partition_of(KEY), KEY)
    locks = m.cluster.service(MapService).state("m").locks
    assert (locks.owner(place), locks.waiting(place)) == (None, 0)
    m("lock", 1)
    m.start("lock", 2)
    assert (locks.owner(place), locks.waiting(place)) == ((m.client.uuid, 1), 1)
