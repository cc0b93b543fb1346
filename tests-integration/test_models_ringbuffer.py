"""Random operations of two clients on a small ringbuffer, and on a list: all results are the same."""

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

import hazelcast
from hz_core.errors import StaleSequenceError
from hz_embedded import Cluster
from hz_proxies.ringbuffer import OVERFLOW_POLICY_FAIL, OVERFLOW_POLICY_OVERWRITE
from map_harness import fresh_name
from member_side import SMALL

EXAMPLES = settings(
    max_examples=30,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
WHO = st.integers(0, 1)
ITEMS = st.integers(0, 5) | st.sampled_from(["a", ""]) | st.just(2.5)
POLICIES = st.sampled_from([OVERFLOW_POLICY_OVERWRITE, OVERFLOW_POLICY_FAIL])


class RingbufferMachine(RuleBasedStateMachine):
    """A ringbuffer whose items expire late, so it can be full, and all items that were ever added.

    Attributes:
        clients: The clients.
    """

    clients: ClassVar[tuple[hazelcast.HazelcastClient, ...]]

    def __init__(self) -> None:
        super().__init__()
        name = fresh_name("expiring")
        self.found = [client.get_ringbuffer(name).blocking() for client in self.clients]
        self.added: list[Any] = []

    @property
    def head(self) -> int:
        return max(0, len(self.added) - SMALL)

    def teardown(self) -> None:
        self.found[0].destroy()

    def expected(self, items: list[Any], policy: int) -> int:
        if policy == OVERFLOW_POLICY_FAIL and len(self.added) - self.head + len(items) > SMALL:
            return -1
        self.added += items
        return len(self.added) - 1

    @rule(who=WHO, item=ITEMS, policy=POLICIES)
    def add(self, who: int, item: Any, policy: int) -> None:
        assert self.found[who].add(item, policy) == self.expected([item], policy)

    @rule(who=WHO, items=st.lists(ITEMS, min_size=1, max_size=SMALL + 2), policy=POLICIES)
    def add_all(self, who: int, items: list[Any], policy: int) -> None:
        assert self.found[who].add_all(items, policy) == self.expected(items, policy)

    @rule(who=WHO, data=st.data())
    def read_one(self, who: int, data: Any) -> None:
        if not self.added:
            return
        sequence = data.draw(st.integers(0, len(self.added) - 1))
        if sequence < self.head:
            with pytest.raises(StaleSequenceError):
                self.found[who].read_one(sequence)
        else:
            assert self.found[who].read_one(sequence) == self.added[sequence]

    @rule(who=WHO, start=st.integers(0, 60), most=st.integers(1, 7))
    def read_many(self, who: int, start: int, most: int) -> None:
        found = self.found[who].read_many(start, 0, most)
        begin = min(max(start, self.head), len(self.added))
        expected = self.added[begin : begin + most]
        assert list(found) == expected
        after = begin + len(expected) if expected else start
        assert (found.read_count, found.next_sequence_to_read_from) == (len(expected), after)
        assert [found.get_sequence(i) for i in range(len(found))] == [begin + i for i in range(len(found))]

    @rule(who=WHO, start=st.none() | st.integers(0, 60), page_size=st.integers(1, 4))
    def iterate(self, who: int, start: int | None, page_size: int) -> None:
        items = self.found[who].iter(start, page_size=page_size)
        if start is not None and start < self.head:
            with pytest.raises(StaleSequenceError):
                list(items)
        else:
            assert list(items) == self.added[self.head if start is None else start :]

    @invariant()
    def bounds(self) -> None:
        found = self.found[0]
        assert (found.head_sequence(), found.tail_sequence()) == (self.head, len(self.added) - 1)
        assert found.size() == len(self.added) - self.head
        assert found.remaining_capacity() == SMALL - found.size()


@pytest.fixture
def two_clients(
    cluster: Cluster, client: hazelcast.HazelcastClient
) -> Iterator[tuple[hazelcast.HazelcastClient, ...]]:
    with hazelcast.HazelcastClient(cluster_members=cluster.addresses) as second:
        yield client, second


def test_a_ringbuffer_like_a_list(two_clients: tuple[hazelcast.HazelcastClient, ...]) -> None:
    RingbufferMachine.clients = two_clients
    run_state_machine_as_test(RingbufferMachine, settings=EXAMPLES)
