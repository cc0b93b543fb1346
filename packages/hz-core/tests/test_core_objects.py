"""Distributed objects of a client: prepared once, shared, destroyed, with a time limit or without."""

import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from core_interrupts import interrupted
from core_selector_thread import PATIENCE
from core_simulation import MAP_GET, MAP_PUT, Simulation, request
from core_sockets import SocketCluster
from hz_core.aio_client import AsyncioClient
from hz_core.client import Client
from hz_core.config import ClientConfig
from hz_core.context import ClientContext
from hz_core.errors import IllegalArgumentError, OperationTimeoutError
from hz_core.kinds import ObjectKind, ObjectTable
from hz_core.op import Flow, Op
from hz_core.operations import KeyedOperations, NamedOperations, ObjectOperations
from hz_core.surfaces import AsyncioObject, BlockingObject, FuturesObject
from hz_core.testing import MapService, Request, codes
from hz_serialization import Data

SERVICE = "hz:impl:mapService"


def put(partition_id: int, name: str, key: Data, value: Data) -> Op[Any]:
    """Make the operation ``Map.put`` as generated codecs do."""
    return Op(MAP_PUT, request("Map.put", name, key, value, 1, -1, partition_id=partition_id), partition_id)


def get(partition_id: int, name: str, key: Data, thread_id: int) -> Op[Any]:
    """Make the operation ``Map.get`` as generated codecs do."""
    return Op(MAP_GET, request("Map.get", name, key, thread_id, partition_id=partition_id), partition_id)


class SmallMapOperations(KeyedOperations):
    """The operations of a map."""

    service_name = SERVICE

    def __init__(self, context: ClientContext, name: str) -> None:
        super().__init__(context, name)
        MADE.append(name)

    def put(self, key: Any, value: Any) -> Op[Any]:
        """Store an entry."""
        data, partition = self._keyed(key)
        return self._write(data, put(partition, self.name, data, self._value(value)))

    def get(self, key: Any) -> Op[Any]:
        """Read an entry."""
        return self._read(get, key)

    def swap(self, one: Any, other: Any) -> Flow[None]:
        """Exchange two values."""
        values = yield [self.get(one), self.get(other)]
        yield [self.put(one, values[1]), self.put(other, values[0])]


MADE: list[str] = []
"""The names of all maps that were made."""


@pytest.fixture(autouse=True)
def _forget_made() -> None:
    MADE.clear()


class SmallMap(FuturesObject):
    """The futures surface, written as generated ones are."""

    def get(self, key: Any) -> Any:
        """See the operations."""
        return self._call(self._ops.get(key))

    def put(self, key: Any, value: Any) -> Any:
        """See the operations."""
        return self._call(self._ops.put(key, value))

    def swap(self, one: Any, other: Any) -> Any:
        """See the operations."""
        return self._run(self._ops.swap(one, other))

    def blocking(self) -> "BlockingSmallMap":
        """Return the blocking surface."""
        return BlockingSmallMap(self._caller.blocking(), self._ops)


class BlockingSmallMap(BlockingObject):
    """The blocking surface."""

    def get(self, key: Any) -> Any:
        """See the operations."""
        return self._call(self._ops.get(key))

    def put(self, key: Any, value: Any) -> Any:
        """See the operations."""
        return self._call(self._ops.put(key, value))

    def swap(self, one: Any, other: Any) -> Any:
        """See the operations."""
        return self._run(self._ops.swap(one, other))


class AsyncioSmallMap(AsyncioObject):
    """The asyncio surface."""

    async def get(self, key: Any) -> Any:
        """See the operations."""
        return await self._call(self._ops.get(key))

    async def put(self, key: Any, value: Any) -> Any:
        """See the operations."""
        return await self._call(self._ops.put(key, value))

    async def swap(self, one: Any, other: Any) -> Any:
        """See the operations."""
        return await self._run(self._ops.swap(one, other))


MAP = ObjectKind(SmallMapOperations, SmallMap, AsyncioSmallMap)
OTHER_MAP = ObjectKind(SmallMapOperations, SmallMap, AsyncioSmallMap)


@pytest.fixture
def simulation() -> Iterator[Simulation]:
    started = Simulation(2)
    started.cluster.check_partitions = True
    with started:
        yield started


@pytest.fixture
def server() -> Iterator[SocketCluster]:
    started = SocketCluster(2)
    yield started
    started.stop()


def config(server: SocketCluster) -> ClientConfig:
    return ClientConfig.from_kwargs(cluster_members=server.addresses)


def creations(simulation: Simulation) -> int:
    """Return how often an object was created in the cluster."""
    return sum(member.count("Client.createProxy") for member in simulation.cluster.members)


def keep_creations(simulation: Simulation, times: int = 1) -> list[Request]:
    """Let all members keep the next requests to create an object."""
    kept: list[Request] = []

    def look(request: Request) -> bool:
        if request.method != "Client.createProxy" or len(kept) >= times:
            return False
        kept.append(request)
        return True

    for member in simulation.cluster.members:
        member.rules.append(look)
    return kept


# ---- getting


def test_object_is_created_in_the_cluster_once(simulation: Simulation) -> None:
    first = simulation.client.get_object(MAP, "m")
    assert simulation.client.get_object(MAP, "m") is first
    assert (creations(simulation), MADE) == (1, ["m"])
    assert simulation.cluster.proxies == {("m", SERVICE)}
    assert (first.name, first.service_name, repr(first)) == ("m", SERVICE, "SmallMap(name='m')")
    other = simulation.client.get_object(MAP, "other")
    assert other is not first
    assert simulation.client.get_object(OTHER_MAP, "m") is not first
    assert "SmallMapOperations" in repr(MAP)


@pytest.mark.parametrize("name", ["", None, 5, b"m"])
def test_name_must_be_a_string_that_is_not_empty(simulation: Simulation, name: Any) -> None:
    with pytest.raises(ValueError, match="non-empty string"):
        simulation.client.get_object(MAP, name)
    assert MADE == []


def test_object_that_several_want_at_once_is_prepared_once(simulation: Simulation) -> None:
    kept = keep_creations(simulation)
    table = ObjectTable(simulation.engine)
    outcomes = [simulation.begin(table.get(MAP, "m")) for _ in range(3)]
    simulation.driver.advance(1)
    assert table.find(MAP, "m") is None
    assert not any(outcome.done for outcome in outcomes)
    kept[0].member.answer(kept[0])
    simulation.driver.advance()
    found = [outcome.result for outcome in outcomes]
    assert found == [table.find(MAP, "m")] * 3
    assert (creations(simulation), MADE) == (1, ["m"])


def test_preparation_that_fails_is_tried_again_by_the_next_who_waits(simulation: Simulation) -> None:
    kept = keep_creations(simulation, 2)
    table = ObjectTable(simulation.engine)
    outcomes = [simulation.begin(table.get(MAP, "m")) for _ in range(3)]
    simulation.driver.advance()
    kept[0].error(*codes.ILLEGAL_ARGUMENT)
    simulation.driver.advance()
    assert isinstance(outcomes[0].error, IllegalArgumentError)
    assert [outcome.done for outcome in outcomes] == [True, False, False]
    kept[1].member.answer(kept[1])
    simulation.driver.advance()
    assert outcomes[1].result is outcomes[2].result is table.find(MAP, "m")
    assert MADE == ["m", "m"]


def test_preparation_that_is_cancelled_is_taken_over_by_the_next_who_waits(simulation: Simulation) -> None:
    keep_creations(simulation)
    table = ObjectTable(simulation.engine)
    first = simulation.client.futures.run(table.get(MAP, "m"))
    second = simulation.client.futures.run(table.get(MAP, "m"))
    simulation.driver.advance()
    assert not second.done()
    assert first.cancel()
    assert second.result() is table.find(MAP, "m")
    assert creations(simulation) == 2


def test_waiting_for_another_preparation_can_be_cancelled(simulation: Simulation) -> None:
    kept = keep_creations(simulation)
    table = ObjectTable(simulation.engine)
    first = simulation.client.futures.run(table.get(MAP, "m"))
    second = simulation.client.futures.run(table.get(MAP, "m"))
    simulation.driver.advance()
    assert second.cancel()
    kept[0].member.answer(kept[0])
    assert first.result() is table.find(MAP, "m")
    assert creations(simulation) == 1


def test_preparation_of_a_kind_of_its_own(simulation: Simulation) -> None:
    class Prepared(SmallMapOperations):
        """Reads an entry first, and is not created in the cluster."""

        first: Any = None

        def _prepare(self) -> Flow[None]:
            self.first = yield self.get("first")

        def _destroy(self) -> Flow[None]:
            yield self.put("first", "destroyed")

    kind = ObjectKind(Prepared, SmallMap, AsyncioSmallMap)
    simulation.client.get_object(MAP, "m").put("first", 1).result()
    made = simulation.client.get_object(kind, "m")
    assert made._ops.first == 1
    assert made.destroy()
    assert creations(simulation) == 1
    assert simulation.client.get_object(MAP, "m").get("first").result() == "destroyed"


def test_many_threads_get_the_same_operations(server: SocketCluster) -> None:
    found: list[SmallMap] = []
    start = threading.Barrier(6)
    with Client(config(server)) as client:

        def want() -> None:
            start.wait(PATIENCE)
            found.append(client.get_object(MAP, "m"))

        threads = [threading.Thread(target=want) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert len({id(made._ops) for made in found}) == 1
        assert MADE == ["m"]
        found[0].put(1, "one").result()
        assert {made.blocking().get(1) for made in found} == {"one"}


# ---- destroying


def test_destroyed_object_is_forgotten(simulation: Simulation) -> None:
    first = simulation.client.get_object(MAP, "m")
    first.put(1, "one").result()
    assert first.destroy()
    assert simulation.cluster.proxies == set()
    second = simulation.client.get_object(MAP, "m")
    assert second is not first
    assert second._ops is not first._ops
    assert second.get(1).result() is None
    assert creations(simulation) == 2


def test_destroyed_object_takes_no_memory(simulation: Simulation) -> None:
    small = simulation.client.get_object(MAP, "temporary")
    assert simulation.client.get_object(MAP, "temporary") is small
    small.destroy()
    freed = weakref.ref(small)
    del small
    gc.collect()
    assert freed() is None


def test_object_that_was_destroyed_is_not_created_again_after_a_restart(simulation: Simulation) -> None:
    for name in ("kept", "destroyed"):
        simulation.client.get_object(MAP, name)
    simulation.client.get_object(MAP, "destroyed").blocking().destroy()
    simulation.cluster.restart()
    simulation.driver.advance(10)
    assert simulation.cluster.proxies == {("kept", SERVICE)}


def test_destroying_an_object_twice_keeps_the_newer_one(simulation: Simulation) -> None:
    first = simulation.client.get_object(MAP, "m")
    first.destroy()
    second = simulation.client.get_object(MAP, "m")
    first.destroy()
    assert simulation.client.get_object(MAP, "m") is second


# ---- surfaces


def test_keyed_operations_go_to_the_partition_of_their_key(simulation: Simulation) -> None:
    """The members refuse requests whose partition is not that of the key."""
    made = simulation.client.get_object(MAP, "m")
    for key in range(30):
        made.put(key, str(key)).result()
    assert [made.blocking().get(key) for key in range(30)] == [str(key) for key in range(30)]
    assert len(simulation.cluster.service(MapService).state("m").values()) == 30
    made.swap(1, 2).result()
    assert (made.get(1).result(), made.get(2).result()) == ("2", "1")


def test_none_is_refused(simulation: Simulation) -> None:
    made = simulation.client.get_object(MAP, "m")
    calls: list[Callable[[], Any]] = [
        lambda: made.get(None),
        lambda: made.put(None, 1),
        lambda: made.put(1, None),
    ]
    for call in calls:
        with pytest.raises(AssertionError, match="'m' must not be None"):
            call()
    operations: ObjectOperations = made._ops
    with pytest.raises(AssertionError, match="an item of values"):
        operations._values([1, None], "values")
    with pytest.raises(AssertionError, match="values of 'm'"):
        operations._values(None, "values")  # type: ignore[arg-type]  # what users may pass


@pytest.mark.parametrize(
    ("name", "key"), [("orders", "orders"), ("orders@customer", "customer"), ("orders@", "orders@")]
)
def test_named_operations_are_in_the_partition_of_their_name(
    simulation: Simulation, name: str, key: str
) -> None:
    operations = NamedOperations(simulation.engine, name)
    assert operations._partition == simulation.client.partition_service.get_partition_id(key)


def test_time_limit_of_an_object(simulation: Simulation) -> None:
    made = simulation.client.get_object(MAP, "m")
    limited = made.with_timeout(2)
    assert type(limited) is SmallMap
    assert limited.name == "m"
    assert limited.put(1, "one").result() is None
    assert limited.blocking().get(1) == "one"
    for member in simulation.cluster.members:
        member.rule("Map.get", lambda request: None)
    calls: list[Callable[[], Any]] = [
        lambda: limited.get(1).result(),
        lambda: limited.swap(1, 2).result(),
        lambda: limited.blocking().get(1),
        lambda: made.blocking().with_timeout(2).get(1),
        lambda: made.blocking().with_timeout(2).swap(1, 2),
    ]
    for call in calls:
        began = simulation.driver.now()
        with pytest.raises(OperationTimeoutError):
            call()
        assert simulation.driver.now() - began == pytest.approx(2)
    unlimited = made.get(1)
    simulation.driver.advance(100)
    assert not unlimited.done()


def test_surfaces_of_threads(server: SocketCluster) -> None:
    with Client(config(server)) as client:
        made = client.get_object(MAP, "m")
        assert client.get_object(MAP, "m") is made
        blocking = made.blocking()
        made.put(1, "one").result()
        blocking.put(2, "two")
        blocking.swap(1, 2)
        made.with_timeout(PATIENCE).swap(1, 2).result()
        blocking.with_timeout(PATIENCE).swap(1, 2)
        assert (blocking.get(1), made.get(2).result()) == ("two", "one")
        assert blocking.destroy()
        assert client.get_object(MAP, "m") is not made


async def test_surface_of_asyncio(server: SocketCluster) -> None:
    async with AsyncioClient(config(server)) as client:
        made = await client.get_object(MAP, "m")
        assert await client.get_object(MAP, "m") is made
        await made.put(1, "one")
        await made.with_timeout(PATIENCE).put(2, "two")
        await made.swap(1, 2)
        assert (await made.get(1), await made.get(2)) == ("two", "one")
        assert await made.destroy()
        again = await client.get_object(MAP, "m")
        assert again is not made
        assert await again.get(1) is None


# ---- all objects of the cluster


def announce(server: SocketCluster) -> None:
    server.do(lambda: server.cluster.proxies.update({("orders", SERVICE), ("jobs", "hz:impl:otherService")}))


def test_objects_in_the_cluster_of_known_and_other_kinds() -> None:
    server = SocketCluster(1)
    try:
        announce(server)
        with Client(ClientConfig.from_kwargs(cluster_members=server.addresses)) as client:
            known = {found.name: found for found in client._distributed_objects([MAP])}
            assert known["orders"] is client.get_object(MAP, "orders")
            other = known["jobs"]
            assert (type(other), other.service_name) == (FuturesObject, "hz:impl:otherService")
            assert client._distributed_objects([MAP])[0] is client._distributed_objects([MAP])[0]
            assert other.destroy() is True
            assert [found.name for found in client._distributed_objects([MAP])] == ["orders"]
        assert server.do(lambda: server.cluster.members[0].count("Client.createProxy")) == 0
    finally:
        server.stop()


async def test_objects_in_the_cluster_on_asyncio() -> None:
    server = SocketCluster(1)
    try:
        announce(server)
        async with AsyncioClient(ClientConfig.from_kwargs(cluster_members=server.addresses)) as client:
            known = {found.name: found for found in await client._distributed_objects([MAP])}
            assert known["orders"] is await client.get_object(MAP, "orders")
            assert type(known["jobs"]) is AsyncioObject
            assert await known["jobs"].destroy() is True
            assert [found.name for found in await client._distributed_objects([MAP])] == ["orders"]
    finally:
        server.stop()


def test_an_object_whose_preparation_was_interrupted_is_prepared_by_the_next_one() -> None:
    server = SocketCluster(1)
    config = ClientConfig.from_kwargs(cluster_members=server.addresses)
    try:
        with Client(config) as client:
            number, happened = 0, True
            while happened:
                number += 1
                name = f"m{number}"
                happened = interrupted(number, lambda name=name: client.get_object(MAP, name))  # type: ignore[misc]  # binds name
                # It would wait for ever for the one that was interrupted.
                found = client.futures.run(client._objects.get(MAP, name)).result(PATIENCE)
                assert found.name == name
            assert number > 30
    finally:
        server.stop()
