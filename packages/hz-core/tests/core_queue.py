"""Offers and polls in random schedules: operations that must not be repeated, and that wait at the member."""

from collections import Counter
from random import Random
from typing import Any, NamedTuple

from core_simulation import Simulation, request
from hz_core.op import Op
from hz_core.testing import Request, SimulatedCluster
from hz_core.testing.scripted import Outcome
from hz_core.testing.services.queue import QueueService, QueueState
from hz_core.wire.decode import boolean_response, data_response
from hz_core.wire.method import Method

QUEUE_OFFER = Method("Queue.offer", 0x030100, 0x030101, boolean_response)
QUEUE_POLL = Method("Queue.poll", 0x030500, 0x030501, data_response)
NAME = "q"
WAITS = [0, 0, 500, 3000]
"""Milliseconds that a poll may wait for an item."""


class Offer(NamedTuple):
    """An offer that was submitted."""

    item: int
    outcome: Outcome


class QueueTraffic:
    """The offers and polls of a client, and what the members did with them.

    Args:
        simulation: The client.
        clusters: Where it may be connected to.
        redo: Whether the client repeats what may have been done already.
    """

    def __init__(self, simulation: Simulation, clusters: list[SimulatedCluster], *, redo: bool) -> None:
        self.offers: list[Offer] = []
        self.polls: list[Outcome] = []
        self.added: Counter[bytes] = Counter()
        self.taken: Counter[bytes] = Counter()
        self._simulation = simulation
        self._redo = redo
        self._services = [cluster.service(QueueService) for cluster in clusters]
        for service in self._services:
            self._watch(service)

    def _watch(self, service: QueueService) -> None:
        add, first = service._add, service._first

        def watched_add(request: Request, queue: QueueState, items: Any, *reply: bool) -> bool:
            self.added.update(items)
            return add(request, queue, items, *reply)

        def watched_first(request: Request, queue: QueueState) -> bool:
            self.taken.update(list(queue.items)[:1])
            return first(request, queue)

        service._add = watched_add  # type: ignore[method-assign]  # of this one object
        service._first = watched_first  # type: ignore[method-assign]  # of this one object

    @property
    def waiting(self) -> int:
        """How many requests wait at members. The client awaits their replies, also those of polls that it cancelled."""
        return sum(len(service.state(NAME).waiting) for service in self._services)

    def offer(self) -> Op[Any]:
        """Return the offer of an item that no other offer has."""
        data = self._simulation.serialization.to_data(len(self.offers))
        partition = self._partition
        return Op(QUEUE_OFFER, request("Queue.offer", NAME, data, 0, partition_id=partition), partition)

    def poll(self, choose: Random) -> Op[Any]:
        """Return a poll, which may wait."""
        partition = self._partition
        wait = choose.choice(WAITS)
        return Op(QUEUE_POLL, request("Queue.poll", NAME, wait, partition_id=partition), partition)

    @property
    def _partition(self) -> int:
        return self._simulation.cluster.partition_of_name(NAME)

    def check(self) -> None:
        """Compare what the client was told with what the members did.

        Raises:
            AssertionError: An offer or poll was acknowledged and not done, or done twice.
        """
        to_data = self._simulation.serialization.to_data
        for item, outcome in self.offers:
            times = self.added[to_data(item)]
            if outcome.times and not outcome.error:
                assert outcome.result is True
                assert times, f"the offer of {item} is acknowledged and was not done"
            assert times <= 1 or self._redo, f"{item} was offered {times} times"
        got = Counter(outcome.result for outcome in self.polls if outcome.result is not None)
        for item, times in got.items():
            done = self.taken[to_data(item)]
            assert times <= done, f"{item} was polled {times} times, and taken {done} times"
        assert sum(self.taken.values()) <= sum(self.added.values())
