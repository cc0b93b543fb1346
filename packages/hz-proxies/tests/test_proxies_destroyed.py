"""Listeners belong to their object: they are removed when it is destroyed."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

import simulated_harness
from core_sockets import SocketCluster
from hz_core.aio_client import AsyncioClient
from hz_core.client import Client
from hz_core.config import ClientConfig
from hz_core.kinds import ObjectKind
from hz_core.testing import Request
from hz_core.testing.simulation import Simulation
from hz_proxies import LIST, MAP, QUEUE, SET

simulation = simulated_harness.simulation

KINDS: dict[str, ObjectKind[Any, Any]] = {"list": LIST, "map": MAP, "queue": QUEUE, "set": SET}


def listen(proxy: Any, heard: list[Any]) -> Any:
    """Add a listener to any object."""
    if hasattr(proxy, "add_entry_listener"):
        return proxy.add_entry_listener(added_func=heard.append)
    return proxy.add_listener(item_added_func=heard.append)


def change(proxy: Any) -> Any:
    """Cause an event."""
    return proxy.put(1, 1) if hasattr(proxy, "add_entry_listener") else proxy.add(1)


def registered(simulation: Simulation) -> int:
    return sum(len(s.listeners) for m in simulation.cluster.members for s in m.sessions.values())


@pytest.mark.parametrize("kind", KINDS)
def test_listeners_of_a_destroyed_object_hear_nothing_of_the_next_one(
    simulation: Simulation, kind: str
) -> None:
    what = KINDS[kind]
    client = simulation.client
    before: list[Any] = []
    others: list[Any] = []
    old = client.get_object(what, "o").blocking()
    other = client.get_object(what, "other").blocking()
    for proxy, heard in ((old, before), (old, before), (other, others)):
        listen(proxy, heard)
    old.destroy()
    assert len(simulation.engine.listeners._registrations) == 1
    assert registered(simulation) == 3
    simulation.cluster.cut_all()
    simulation.driver.advance(60)
    change(client.get_object(what, "o").blocking())
    change(other)
    simulation.driver.advance()
    assert (before, len(others)) == ([], 1)


def test_many_objects_that_are_made_and_destroyed_leave_nothing(simulation: Simulation) -> None:
    handlers = [len(connection.event_handlers) for connection in simulation.connections]
    for number in range(300):
        m = simulation.client.get_object(MAP, f"m{number}").blocking()
        m.add_entry_listener(added_func=print)
        m.destroy()
    assert simulation.engine.listeners._registrations == {}
    assert registered(simulation) == 0
    assert [len(connection.event_handlers) for connection in simulation.connections] == handlers


def test_objects_of_another_service_keep_their_listeners(simulation: Simulation) -> None:
    heard: list[Any] = []
    m = simulation.client.get_object(MAP, "same").blocking()
    m.add_entry_listener(added_func=heard.append)
    simulation.client.get_object(QUEUE, "same").destroy()
    m.put(1, 1)
    simulation.driver.advance()
    assert len(heard) == 1


def test_listener_that_is_added_while_the_object_is_destroyed_stays(simulation: Simulation) -> None:
    """It belongs to the next object of this name."""
    m = simulation.client.get_object(MAP, "m")
    m.add_entry_listener(added_func=print).result()
    kept: list[Request] = []
    for member in simulation.cluster.members:
        member.rule("Client.destroyProxy", kept.append, times=1)
    destroying = simulation.client.futures.run(simulation.client._objects.destroy(m._ops))
    simulation.driver.advance()
    heard: list[Any] = []
    m.add_entry_listener(added_func=heard.append).result()
    kept[0].member.answer(kept[0])
    simulation.driver.advance()
    assert destroying.done()
    assert len(simulation.engine.listeners._registrations) == 1
    m.put(1, 1).result()
    simulation.driver.advance()
    assert len(heard) == 1


def test_what_another_client_has_destroyed_is_forgotten(simulation: Simulation) -> None:
    client, cluster = simulation.client, simulation.cluster
    gone, kept = client.get_object(MAP, "gone"), client.get_object(MAP, "kept")
    cluster.proxies.discard(("gone", MAP.operations.service_name))
    listed = client._run(client._objects.listed([MAP]))
    assert [operations.name for _, operations in listed] == ["kept"]
    assert client.get_object(MAP, "kept") is kept
    assert ("gone", MAP.operations.service_name) not in cluster.proxies
    cluster.restart()
    simulation.until(lambda: cluster.proxies)
    assert cluster.proxies == {("kept", MAP.operations.service_name)}
    again = client.get_object(MAP, "gone")
    assert again is not gone
    assert ("gone", MAP.operations.service_name) in cluster.proxies


def test_what_is_created_while_objects_are_listed_is_not_forgotten(simulation: Simulation) -> None:
    client = simulation.client
    kept: list[Request] = []
    for member in simulation.cluster.members:
        member.rule("Client.getDistributedObjects", kept.append, times=1)
    listing = client.futures.run(client._objects.listed([MAP]))
    simulation.driver.advance()
    made = client.get_object(MAP, "made")
    kept[0].reply([])
    assert listing.result() == []
    assert client.get_object(MAP, "made") is made


@pytest.fixture
def server() -> Iterator[SocketCluster]:
    started = SocketCluster(1)
    yield started
    started.stop()


@pytest.mark.parametrize("kind", KINDS)
def test_futures_and_blocking(server: SocketCluster, kind: str) -> None:
    what = KINDS[kind]
    with Client(ClientConfig.from_kwargs(cluster_members=server.addresses)) as client:
        for surface in (client.get_object(what, "o"), client.get_object(what, "p").blocking()):
            added = listen(surface, [])
            if surface.name == "o":
                added.result()
            surface.destroy()
        assert client._engine.listeners._registrations == {}


@pytest.mark.parametrize("kind", KINDS)
async def test_asyncio(server: SocketCluster, kind: str) -> None:
    what = KINDS[kind]
    async with AsyncioClient(ClientConfig.from_kwargs(cluster_members=server.addresses)) as client:
        proxy = await client.get_object(what, "o")
        await listen(proxy, [])
        await proxy.destroy()
        assert client._engine.listeners._registrations == {}
        await asyncio.sleep(0)
