"""A ringbuffer on simulated members: full and expired, overwritten and reset while it is read."""

from typing import Any

import pytest

import simulated_harness
from hz_core.errors import IllegalArgumentError, StaleSequenceError
from hz_core.testing import RingbufferService
from hz_core.testing.services import RingbufferState
from hz_core.testing.simulation import Simulation
from hz_proxies import RINGBUFFER
from hz_proxies.ringbuffer import OVERFLOW_POLICY_FAIL, BlockingRingbuffer, ReadResult, Ringbuffer
from hz_serialization import HazelcastSerializationError

simulation = simulated_harness.simulation


@pytest.fixture
def ringbuffer(simulation: Simulation) -> Ringbuffer[Any]:
    return simulation.client.get_object(RINGBUFFER, "r")


@pytest.fixture
def blocking(ringbuffer: Ringbuffer[Any]) -> BlockingRingbuffer[Any]:
    return ringbuffer.blocking()


@pytest.fixture
def state(simulation: Simulation) -> RingbufferState:
    return simulation.cluster.service(RingbufferService).state("r")


def sent(simulation: Simulation, method: str) -> int:
    return sum(member.count(f"Ringbuffer.{method}") for member in simulation.cluster.members)


def test_the_capacity_is_asked_for_once(simulation: Simulation, blocking: BlockingRingbuffer[Any]) -> None:
    assert (blocking.capacity(), blocking.capacity()) == (10_000, 10_000)
    assert sent(simulation, "capacity") == 1


def test_a_full_ringbuffer(blocking: BlockingRingbuffer[Any], state: RingbufferState) -> None:
    state.capacity = 3
    assert blocking.add_all("abcd") == 3
    assert (blocking.head_sequence(), blocking.tail_sequence(), blocking.size()) == (1, 3, 3)
    state.expires = True
    assert blocking.remaining_capacity() == 0
    assert blocking.add("e", OVERFLOW_POLICY_FAIL) == -1
    state.expire(2)
    assert blocking.add_all("efg", OVERFLOW_POLICY_FAIL) == -1
    assert blocking.add_all("ef", OVERFLOW_POLICY_FAIL) == 5
    assert list(blocking.iter()) == ["d", "e", "f"]


def test_waiting_for_items(simulation: Simulation, ringbuffer: Ringbuffer[Any]) -> None:
    one, many = ringbuffer.read_one(0), ringbuffer.read_many(0, 2, 10)
    simulation.driver.advance(500)
    assert (one.done(), many.done()) == (False, False)
    ringbuffer.add("a").result()
    simulation.driver.advance()
    assert (one.result(), many.done()) == ("a", False)
    ringbuffer.add("b").result()
    assert list(many.result()) == ["a", "b"]
    assert many.result().next_sequence_to_read_from == 2


def test_sequences_out_of_bounds(blocking: BlockingRingbuffer[Any], state: RingbufferState) -> None:
    state.capacity = 2
    blocking.add_all("abc")
    with pytest.raises(StaleSequenceError):
        blocking.read_one(0)
    with pytest.raises(IllegalArgumentError):
        blocking.read_one(4)
    found = blocking.read_many(0, 1, 10)
    assert (list(found), found.get_sequence(0)) == (["b", "c"], 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1, 0, 1), "start_sequence must not be negative"),
        ((0, -1, 1), "min_count must not be negative"),
        ((0, 2, 1), "1 is less than 2"),
        ((0, 1, 1001), "at most 1000, not 1001"),
        ((0, 3, 3), "capacity of 'r', 2, not 3"),
    ],
)
def test_counts_are_checked(
    simulation: Simulation, ringbuffer: Ringbuffer[Any], state: RingbufferState, arguments: Any, message: str
) -> None:
    state.capacity = 2
    with pytest.raises(AssertionError, match=message):
        ringbuffer.read_many(*arguments).result()
    assert sent(simulation, "readMany") == 0


def test_what_cannot_be_added(simulation: Simulation, ringbuffer: Any) -> None:
    for nothing in (None, [], ["a", None]):
        with pytest.raises(AssertionError, match="'r'"):
            ringbuffer.add_all(nothing)
    with pytest.raises(AssertionError, match="must not be None"):
        ringbuffer.add(None)
    with pytest.raises(AssertionError, match=r"at most 1000 items .* not 1001"):
        ringbuffer.add_all(range(1001))
    with pytest.raises(ValueError, match="overflow_policy must be 0"):
        ringbuffer.add("a", 2)
    with pytest.raises(ValueError, match="overflow_policy must be 0"):
        ringbuffer.add_all("a", -1)
    assert sent(simulation, "add") + sent(simulation, "addAll") == 0


def test_an_item_that_cannot_be_read_does_no_harm_to_others(
    blocking: BlockingRingbuffer[Any], state: RingbufferState
) -> None:
    blocking.add_all("ac")
    state.items.insert(1, state.items[0][:4] + (77_777).to_bytes(4, "big"))
    state.tail += 1
    found = blocking.read_many(0, 3, 3)
    assert (found[0], found[2], found[::2], len(found)) == ("a", "c", ["a", "c"], 3)
    with pytest.raises(HazelcastSerializationError):
        found[1]
    assert found.get_sequence(1) == 1


def test_a_result_that_does_not_tell_sequences() -> None:
    found: ReadResult[str] = ReadResult(3, 7, None, ["a", "b"])
    assert (found.read_count, found.size, found.next_sequence_to_read_from) == (3, 2, 7)
    assert found.get_sequence(1) == ReadResult.SEQUENCE_UNAVAILABLE == -1
    for access in (found.get_sequence, found.__getitem__):
        with pytest.raises(IndexError):
            access(2)
    assert (found[-1], "a" in found, list(reversed(found))) == ("b", True, ["b", "a"])
    assert repr(found) == "ReadResult(2 items, read_count=3, next_sequence_to_read_from=7)"


# --- iteration ---


def test_an_iteration_reads_pages(simulation: Simulation, blocking: BlockingRingbuffer[Any]) -> None:
    blocking.add_all(range(25))
    assert list(blocking.iter(3, page_size=10)) == list(range(3, 25))
    assert sent(simulation, "readMany") == 3
    assert blocking.read_many(25, 0, 10).next_sequence_to_read_from == 25
    assert list(blocking.iter(25)) == []
    assert list(blocking.iter(1_000)) == []
    assert list(blocking.read_many(3, 0, 0)) == []
    assert sent(simulation, "readMany") == 4


def test_an_iteration_ends_at_the_tail_of_its_beginning(blocking: BlockingRingbuffer[Any]) -> None:
    blocking.add_all(range(3))
    items = blocking.iter(page_size=2)
    found = [next(items)]
    blocking.add_all(range(3, 10))
    assert found + list(items) == [0, 1, 2]


def test_an_iteration_that_follows(simulation: Simulation, ringbuffer: Ringbuffer[Any]) -> None:
    items = ringbuffer.iter(page_size=2, follow=True)
    ringbuffer.add_all(range(3)).result()
    assert [next(items) for _ in range(3)] == [0, 1, 2]
    ringbuffer.add(3).result()
    assert next(items) == 3


def test_an_iteration_is_told_of_lost_items_and_goes_on(
    blocking: BlockingRingbuffer[Any], state: RingbufferState
) -> None:
    state.capacity = 4
    blocking.add_all(range(4))
    items = blocking.iter(page_size=2)
    assert [next(items), next(items)] == [0, 1]
    blocking.add_all(range(4, 7))
    with pytest.raises(StaleSequenceError, match="lost the items from 2 to 2"):
        next(items)
    assert list(items) == [3]


def test_an_iteration_is_told_of_a_reset_and_goes_on(
    simulation: Simulation, ringbuffer: Ringbuffer[Any]
) -> None:
    ringbuffer.add_all(range(4)).result()
    items = ringbuffer.iter(follow=True)
    assert [next(items) for _ in range(4)] == [0, 1, 2, 3]
    page = items.next_page()
    simulation.driver.advance()
    simulation.cluster.restart()
    simulation.driver.advance(60)
    ringbuffer.add("first after the restart").result()
    with pytest.raises(StaleSequenceError, match="no items from 4 on"):
        page.result()
    assert next(items) == "first after the restart"


def test_a_ringbuffer_that_is_lost_during_an_iteration(
    blocking: BlockingRingbuffer[Any], state: RingbufferState
) -> None:
    blocking.add_all(range(4))
    items = blocking.iter(page_size=2)
    assert [next(items), next(items)] == [0, 1]
    state.items.clear()
    state.tail = -1
    blocking.add("new")
    with pytest.raises(StaleSequenceError, match="no items from 2 on"):
        next(items)
    assert list(items) == ["new"]


def test_items_that_expire_during_an_iteration(
    blocking: BlockingRingbuffer[Any], state: RingbufferState
) -> None:
    blocking.add_all(range(4))
    items = blocking.iter(page_size=2)
    assert [next(items), next(items)] == [0, 1]
    state.expire(4)
    with pytest.raises(StaleSequenceError, match="from 2 to 3"):
        next(items)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"from_sequence": -1}, AssertionError),
        ({"page_size": 0}, ValueError),
        ({"page_size": 1001}, ValueError),
    ],
)
def test_arguments_of_an_iteration_are_checked_at_once(
    blocking: BlockingRingbuffer[Any], arguments: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        blocking.iter(**arguments)
