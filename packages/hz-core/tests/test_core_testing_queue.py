"""The simulated queue: items, waiting for them and for room, events."""

from collections.abc import Callable
from typing import Any

import pytest

from hz_core.testing import ManualClock, MemberError, QueueService, RawClient, SimulatedCluster, codes
from hz_serialization import SerializationConfig, SerializationService

data: Callable[[Any], bytes] = SerializationService(SerializationConfig()).to_data
A, B, C = data("a"), data("b"), data("c")
ADDED, REMOVED = 1, 2


class Queue:
    """A queue of one simulated member, by raw messages."""

    def __init__(self, *items: bytes, capacity: int | None = None) -> None:
        self.clock = ManualClock()
        self.cluster = SimulatedCluster(clock=self.clock)
        self.client = RawClient(self.cluster.members[0])
        if capacity is not None:
            self.cluster.service(QueueService).state("q").capacity = capacity
        if items:
            assert self("addAll", dataList=list(items)) is True

    def start(self, method: str, **named: Any) -> int:
        return self.client.start(f"Queue.{method}", name="q", **named)

    def __call__(self, method: str, **named: Any) -> Any:
        return self.client.call(f"Queue.{method}", name="q", **named)

    def answers(self, *numbers: int) -> list[list[Any] | None]:
        return [self.client.answer(number) for number in numbers]


def test_first_in_first_out() -> None:
    q = Queue()
    assert [q("offer", value=item) for item in (A, B)] == [True, True]
    q("put", value=C)
    assert q("peek") == A
    assert [q("poll"), q("take"), q("poll"), q("poll")] == [A, B, C, None]
    assert q("peek") is None


def test_looking() -> None:
    q = Queue(A, B, A)
    assert (q("size"), q("isEmpty"), q("remainingCapacity")) == (3, False, 2**31 - 1 - 3)
    assert q("iterator") == [A, B, A]
    assert (q("contains", value=B), q("contains", value=C)) == (True, False)
    assert (q("containsAll", dataList=[A, B]), q("containsAll", dataList=[A, C])) == (True, False)


def test_removing() -> None:
    q = Queue(A, B, A, C)
    assert (q("remove", value=A), q("iterator")) == (True, [B, A, C])
    assert q("remove", value=data("none")) is False
    assert (q("compareAndRemoveAll", dataList=[C]), q("compareAndRemoveAll", dataList=[C])) == (True, False)
    assert (q("compareAndRetainAll", dataList=[A]), q("compareAndRetainAll", dataList=[A])) == (True, False)
    assert q("iterator") == [A]
    q("clear")
    assert q("isEmpty") is True


@pytest.mark.parametrize(
    ("method", "named", "taken"),
    [
        ("drainTo", {}, [A, B, C]),
        ("drainToMaxSize", {"maxSize": 2}, [A, B]),
        ("drainToMaxSize", {"maxSize": 0}, []),
        ("drainToMaxSize", {"maxSize": -1}, [A, B, C]),
        ("drainToMaxSize", {"maxSize": 9}, [A, B, C]),
    ],
)
def test_draining(method: str, named: dict[str, int], taken: list[bytes]) -> None:
    q = Queue(A, B, C)
    assert q(method, **named) == taken
    assert q("iterator") == [A, B, C][len(taken) :]


def test_who_waits_for_an_item_gets_it_in_order() -> None:
    q = Queue()
    first, second, third = q.start("take"), q.start("poll", timeoutMillis=5000), q.start("take")
    assert q.answers(first, second, third) == [None, None, None]
    q("offer", value=A)
    assert q.answers(first, second, third) == [[A], None, None]
    q("addAll", dataList=[B, C])
    assert q.answers(second, third) == [[B], [C]]
    assert q("isEmpty") is True
    q.clock.advance(10)
    assert q("isEmpty") is True


def test_a_poll_gives_up_in_time() -> None:
    q = Queue()
    number = q.start("poll", timeoutMillis=2000)
    q.clock.advance(1.9)
    assert q.answers(number) == [None]
    q.clock.advance(0.1)
    assert q.answers(number) == [[None]]
    q("put", value=A)
    assert q("size") == 1


@pytest.mark.parametrize("make_room", ["poll", "take", "clear", "drainTo"])
def test_who_waits_for_room_gets_it_in_order(make_room: str) -> None:
    q = Queue(A, capacity=1)
    assert q("offer", value=B) is False
    with pytest.raises(MemberError, match="Queue full"):
        q("addAll", dataList=[B])
    assert q("remainingCapacity") == 0
    first, second = q.start("put", value=B), q.start("offer", value=C, timeoutMillis=1000)
    assert q.answers(first, second) == [None, None]
    q(make_room)
    assert q.answers(first, second) == [[], None]
    assert q("iterator") == [B]
    q(make_room)
    assert q.answers(second) == [[True]]
    assert q("iterator") == [C]


def test_an_offer_gives_up_in_time() -> None:
    q = Queue(A, capacity=1)
    number = q.start("offer", value=B, timeoutMillis=1000)
    q.clock.advance(1)
    assert q.answers(number) == [[False]]
    q("poll")
    assert q("isEmpty") is True


def test_an_item_goes_to_a_connection_that_is_open() -> None:
    q = Queue()
    other = RawClient(q.cluster.members[0])
    other.start("Queue.take", name="q")
    number = q.start("take")
    other.cut()
    q("put", value=A)
    assert q.answers(number) == [[A]]


@pytest.mark.parametrize("include", [True, False])
def test_events(include: bool) -> None:
    q = Queue()
    registration = q("addListener", includeValue=include, localOnly=True)
    q("offer", value=A)
    q("addAll", dataList=[B, C])
    q("poll")
    q("remove", value=C)
    q("clear")
    events = q.client.events
    expected = [(A, ADDED), (B, ADDED), (C, ADDED), (A, REMOVED), (C, REMOVED), (B, REMOVED)]
    assert [(event["item"], event["eventType"]) for event in events] == [
        (item if include else None, event_type) for item, event_type in expected
    ]
    assert {event.place for event in events} == {q.cluster.partition_of_name("q")}
    assert {event["uuid"] for event in events} == {q.cluster.members[0].uuid}
    assert q("removeListener", registrationId=registration) is True
    assert q("removeListener", registrationId=registration) is False
    q("offer", value=A)
    assert len(events) == 6


def test_who_waits_learns_that_the_queue_is_destroyed() -> None:
    q = Queue()
    number = q.start("take")
    q.client.call("Client.destroyProxy", name="q", serviceName="hz:impl:queueService")
    with pytest.raises(MemberError, match="destroyed") as caught:
        q.answers(number)
    assert caught.value.error == codes.DESTROYED
