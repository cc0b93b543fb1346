"""Clients with two real clusters, blue and green, and clusters that are started anew, on threads and on asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
from py4j.java_gateway import get_field

import hazelcast
import hazelcast.asyncio
from hazelcast.config import Config, FailoverConfig
from hazelcast.errors import (
    ClientNotAllowedInClusterError,
    InvalidConfigurationError,
    TargetDisconnectedError,
)
from hz_embedded import Cluster, Member
from map_harness import Recorder, until

Factory = Callable[..., Cluster]
KEYS = range(100)


@dataclass
class Car:
    """A value in Compact form, so that its schema must be in the cluster."""

    name: str
    seats: int


def config(members: list[Member], name: str, **options: Any) -> Config:
    """Return the configuration of one cluster."""
    defaults: dict[str, Any] = {
        "cluster_name": name,
        "cluster_members": [member.address for member in members],
        "compact_serializers": [Car],
        "cluster_connect_timeout": 2,
        "retry_initial_backoff": 0.1,
        "retry_max_backoff": 0.5,
    }
    return Config.from_kwargs(**{**defaults, **options})


def name_of(cluster: str) -> Callable[[Any], None]:
    """Return what gives a member's Java configuration the name of its cluster."""

    def configure(java: Any) -> None:
        java.setClusterName(cluster)

    return configure


class Clusters(NamedTuple):
    """Two clusters of one member each, in one JVM, and a client of both on each surface."""

    blue: Member
    green: Member
    client: hazelcast.HazelcastFailoverClient
    aio: hazelcast.asyncio.HazelcastFailoverClient
    states: list[str]
    states_aio: list[str]

    async def both(self, state: str, times: int) -> None:
        """Wait until both clients are connected and have been in a state so many times."""
        pairs = ((self.client, self.states), (self.aio, self.states_aio))
        await until(
            lambda: all(
                states.count(state) == times and client.lifecycle_service.state == "CONNECTED"
                for client, states in pairs
            )
        )


@pytest.fixture
async def clusters(hazelcast_cluster_factory: Factory) -> AsyncIterator[Clusters]:
    cluster = hazelcast_cluster_factory(members=1, configure=name_of("blue"))
    blue = cluster.members[0]
    green = cluster.add_member(join=False, configure=name_of("green"))
    states: list[str] = []
    states_aio: list[str] = []

    def configs(heard: list[str]) -> list[Config]:
        listeners = [heard.append]
        return [config([m], n, lifecycle_listeners=listeners) for m, n in ((blue, "blue"), (green, "green"))]

    failover = FailoverConfig()
    failover.client_configs = configs(states_aio)
    failover.try_count = 50
    with hazelcast.HazelcastFailoverClient(configs(states), 50) as client:
        async with hazelcast.asyncio.HazelcastFailoverClient(failover) as aio:
            yield Clusters(blue, green, client, aio, states, states_aio)


async def test_blue_dies_and_the_clients_continue_on_green(clusters: Clusters) -> None:
    client, aio = clusters.client, clusters.aio
    m, m_aio = client.get_map("m"), await aio.get_map("m")
    seen, seen_aio, said = Recorder(), Recorder(), Recorder()
    m.add_entry_listener(added_func=seen).result(30)
    await m_aio.add_entry_listener(added_func=seen_aio)
    client.get_topic("t").add_listener(said).result(30)
    m.put_all({key: Car("blue", key) for key in KEYS}).result(30)
    for recorder in (seen, seen_aio):
        assert len(await recorder.wait_for(len(KEYS))) == len(KEYS)
        recorder.events.clear()
    transaction = client.new_transaction()
    transaction.begin()
    transaction.get_map("m").put("t", 1)

    clusters.blue.terminate()
    await until(lambda: client.lifecycle_service.state != "CONNECTED")
    # Both wait for a cluster, and are done on green.
    waiting = m.put(-1, Car("green", 1))
    assert await asyncio.wait_for(m_aio.get("nothing"), 30) is None
    assert await asyncio.to_thread(waiting.result, 30) is None
    await clusters.both("CHANGED_CLUSTER", 1)
    for states in (clusters.states, clusters.states_aio):
        assert states == ["STARTING", "STARTED", "CONNECTED", "DISCONNECTED", "CHANGED_CLUSTER", "CONNECTED"]
    with pytest.raises(TargetDisconnectedError):
        transaction.commit()

    # Green is empty but for that; listeners and schemas are there, from both sides.
    assert m.size().result(30) == 1
    green = clusters.green.instance
    assert green.getMap("m").size() == 1
    assert m.get(-1).result(30) == Car("green", 1)
    assert {o.getName() for o in green.getDistributedObjects()} >= {"m", "t"}
    await m_aio.put(-2, Car("green", 2))
    # The second client may have come after the first one's write.
    assert [event.key for event in await seen.wait_for(2)] == [-1, -2]
    assert (await seen_aio.wait_for(1))[-1].key == -2
    green.getTopic("t").publish("hello")
    assert [message.message for message in await said.wait_for(1)] == ["hello"]
    fresh = client.get_map("fresh").blocking()
    fresh.put("k", Car("x", 9))
    assert await (await aio.get_map("fresh")).get("k") == Car("x", 9)

    # Blue is started again, with another cluster id: the same way back.
    await asyncio.to_thread(clusters.blue.restart)
    clusters.green.terminate()
    await clusters.both("CHANGED_CLUSTER", 2)
    assert m.size().result(30) == 0
    seen.events.clear()
    await m_aio.put("again", Car("blue", 3))
    assert [event.key for event in await seen.wait_for(1)] == ["again"]
    assert m.get("again").result(30) == Car("blue", 3)


def select(member: Member, kind: str) -> None:
    """Let a member's cluster allow all clients, or none, as the Management Center does."""
    gateway = member.jvm.gateway.jvm
    node = get_field(member.instance.getOriginal(), "node")
    selector = getattr(gateway.com.hazelcast.client.impl.ClientSelectors, kind)()
    node.getClientEngine().applySelector(selector)


async def test_clients_that_are_blacklisted_move_and_come_back(clusters: Clusters) -> None:
    m, m_aio = clusters.client.get_map("m"), await clusters.aio.get_map("m")
    m.put("k", "blue").result(30)
    select(clusters.blue, "none")
    await clusters.both("CHANGED_CLUSTER", 1)
    assert m.get("k").result(30) is None
    await m_aio.put("k", "green")
    # A client without another cluster is refused for good.
    with pytest.raises(ClientNotAllowedInClusterError, match="does not allow this client"):
        await asyncio.to_thread(hazelcast.HazelcastClient, config([clusters.blue], "blue"))
    select(clusters.blue, "any")
    select(clusters.green, "none")
    await clusters.both("CHANGED_CLUSTER", 2)
    assert m.get("k").result(30) == await m_aio.get("k") == "blue"


async def test_clients_start_on_green_when_blue_is_not_there(clusters: Clusters) -> None:
    clusters.blue.terminate()
    states: list[str] = []
    options = {"failover_configs": [{"cluster_name": "green", "cluster_members": [clusters.green.address]}]}
    blue = config([clusters.blue], "blue", lifecycle_listeners=[states.append], **options)
    with hazelcast.HazelcastClient(blue) as client:
        client.get_map("m").blocking().put("k", "v")
        async with hazelcast.asyncio.HazelcastClient(blue) as aio:
            assert await (await aio.get_map("m")).get("k") == "v"
    assert states[:4] == ["STARTING", "STARTED", "CHANGED_CLUSTER", "CONNECTED"]


def test_configurations_that_differ_too_much_are_refused() -> None:
    configs = [config([], "blue"), config([], "green", heartbeat_interval=1)]
    for kind in (hazelcast.HazelcastFailoverClient, hazelcast.asyncio.HazelcastFailoverClient):
        with pytest.raises(InvalidConfigurationError, match="heartbeat_interval must be the same"):
            kind(configs)


async def test_whole_cluster_is_stopped_and_started_again(hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory(members=2, cluster_name="dev")
    options = config(cluster.members, "dev", cluster_connect_timeout=60)
    with hazelcast.HazelcastClient(options) as client:
        async with hazelcast.asyncio.HazelcastClient(options) as aio:
            m, m_aio = client.get_map("m"), await aio.get_map("m")
            queue = client.get_queue("q")
            seen, seen_aio = Recorder(), Recorder()
            m.add_entry_listener(include_value=True, added_func=seen).result(30)
            await m_aio.add_entry_listener(include_value=True, added_func=seen_aio)
            m.put_all({key: Car("old", key) for key in KEYS}).result(30)
            queue.offer(Car("old", 1)).result(30)
            transaction = client.new_transaction()
            transaction.begin()
            transaction.get_queue("q").offer(1)
            old = client._engine.connections.cluster_id
            for member in cluster.members:
                member.terminate()
            await until(lambda: client.lifecycle_service.state == "DISCONNECTED")
            for member in cluster.members:
                await asyncio.to_thread(member.restart)
            await until(lambda: connected(client) == connected(aio) == {m.uuid for m in cluster.members})
            assert client._engine.connections.cluster_id != old
            with pytest.raises(TargetDisconnectedError):
                transaction.commit()
            objects = {o.getName() for o in cluster.members[1].instance.getDistributedObjects()}
            assert objects >= {"m", "q"}
            assert (m.size().result(30), queue.size().result(30)) == (0, 0)
            for recorder in (seen, seen_aio):
                recorder.events.clear()
            await m_aio.put_all({key: Car("new", key) for key in KEYS})
            # Read by the other client, which has the schema; and by the members, which need it for a query.
            assert (m.get_all(list(KEYS))).result(30) == {key: Car("new", key) for key in KEYS}
            query = cluster.members[0].jvm.gateway.jvm.com.hazelcast.query.Predicates.equal("seats", 3)
            assert cluster.members[0].instance.getMap("m").keySet(query).size() == 1
            for recorder in (seen, seen_aio):
                events = await recorder.wait_for(len(KEYS))
                assert sorted(event.key for event in events) == list(KEYS)
                assert {event.value.name for event in events} == {"new"}


async def test_one_member_is_started_again_on_the_same_address(hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory(members=2, cluster_name="dev")
    options = config(cluster.members, "dev")
    with hazelcast.HazelcastClient(options) as client:
        async with hazelcast.asyncio.HazelcastClient(options) as aio:
            m, m_aio = client.get_map("m"), await aio.get_map("m")
            seen = Recorder()
            m.add_entry_listener(added_func=seen).result(30)
            m.put_all({key: Car("old", key) for key in KEYS}).result(30)
            gone = cluster.members[1].uuid
            cluster.members[1].terminate()
            assert [await m_aio.get(key) for key in KEYS] == [Car("old", key) for key in KEYS]
            await asyncio.to_thread(cluster.members[1].restart)
            uuids = {member.uuid for member in cluster.members}
            assert gone not in uuids
            await until(lambda: connected(client) == connected(aio) == uuids)
            assert client.lifecycle_service.state == "CONNECTED"
            # Nothing is lost, and events come from both members.
            assert m.size().result(30) == len(KEYS)
            await seen.wait_for(len(KEYS))
            seen.events.clear()
            await m_aio.put_all({-1 - key: Car("new", key) for key in KEYS})
            assert len(await seen.wait_for(len(KEYS))) == len(KEYS)


def connected(client: Any) -> set[str]:
    """Return the UUIDs of the members that a client has connections to."""
    return {str(connection.member) for connection in client._engine.connections.routes.all}
