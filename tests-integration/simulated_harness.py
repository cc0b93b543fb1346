"""Run the test bodies for real members on simulated ones: no JVM, no sockets, no waiting."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from typing import Any, Final
from weakref import WeakKeyDictionary

import pytest

from hz_core.future import Future
from hz_core.kinds import ObjectKind
from hz_core.testing import (
    ListService,
    MapService,
    MultiMapService,
    QueueService,
    SetService,
    SimulatedCluster,
)
from hz_core.testing.simulation import Simulation
from map_harness import LIMIT, Caller
from member_side import JOURNAL

PARTITIONS: Final = 271
"""As many as real members have."""


class SimulatedCaller(Caller):
    """Calls the futures surface of a simulated client; each task of the test is an owner of locks.

    While the test awaits an operation, other tasks of the test get their turn first, and then virtual time passes.
    """

    surface = "simulated"

    def __init__(self, simulation: Simulation) -> None:
        super().__init__()
        self.client = simulation.client
        self.simulation = simulation
        self._owners: WeakKeyDictionary[asyncio.Task[Any], int] = WeakKeyDictionary()
        self._next_owner = itertools.count(1)

    async def _get(self, kind: ObjectKind[Any, Any], name: str) -> Any:
        # As the members of the integration tests are configured.
        if name.startswith("stats"):
            self.simulation.cluster.service(MapService).state(name).statistics = True
        if name.startswith("journal"):
            self.simulation.cluster.service(MapService).state(name).journal_capacity = JOURNAL
        if name.startswith("listed"):
            self.simulation.cluster.service(MultiMapService).state(name).lists = True
        if name.startswith("bounded"):
            cluster = self.simulation.cluster
            cluster.service(QueueService).state(name).capacity = 2
            cluster.service(ListService).capacity[name] = cluster.service(SetService).capacity[name] = 2
        return self.simulation.client.get_object(kind, name)

    async def call(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call an operation and let time pass until it has a result."""
        task = asyncio.current_task()
        assert task is not None
        if task not in self._owners:
            self._owners[task] = next(self._next_owner)
        self.simulation.client.owner = self._owners[task]
        future = method(*args, **kwargs)
        assert isinstance(future, Future)
        self.simulation.driver.advance()
        await self.until(future.done, LIMIT)
        return future.result()

    def elsewhere(self, body: Callable[[], Coroutine[Any, Any, Any]]) -> Awaitable[Any]:
        """Run `body` in another task."""
        return asyncio.get_running_loop().create_task(body())

    def now(self) -> float:
        """Return the virtual time."""
        return self.simulation.driver.now()

    async def pause(self) -> None:
        """Give other tasks a turn, and let a little virtual time pass."""
        await asyncio.sleep(0)
        self.simulation.driver.advance(0.01)


# Test modules take these over: `simulation = simulated_harness.simulation`.


@pytest.fixture
def simulation() -> Iterator[Simulation]:
    """Yield three members and a client, which must leave nothing behind.

    The members refuse a request whose partition is not that of the key or the name in it, as real ones do not.
    """
    made = Simulation(3)
    made.cluster.check_partitions = True
    with made:
        yield made


@pytest.fixture
async def caller() -> AsyncIterator[SimulatedCaller]:
    """Yield the way to call objects of simulated members, which have as many partitions as real ones."""
    cluster = SimulatedCluster(3, partitions=PARTITIONS)
    cluster.check_partitions = True
    with Simulation(cluster=cluster) as simulation:
        async with SimulatedCaller(simulation) as made:
            yield made
