"""Connections that are lost and come back: listeners, whole clusters, members without smart routing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

import hazelcast
import hazelcast.asyncio
from hz_embedded import Cluster
from hz_embedded import cluster as cluster_module
from map_harness import Recorder, fresh_name, until, until_now

Factory = Callable[..., Cluster]
KEYS = range(600)
QUICK: dict[str, Any] = {
    "retry_initial_backoff": 0.1,
    "retry_max_backoff": 0.5,
    "cluster_connect_timeout": 60,
}


def test_keys_go_to_their_owners_and_have_backups(trio: Cluster) -> None:
    with hazelcast.HazelcastClient(cluster_members=trio.addresses) as client:
        m = client.get_map(fresh_name()).blocking()
        m.put_all({key: key for key in KEYS})
        until_now(lambda: len(connected(client)) == 3)
        java = trio.members[0].instance.getPartitionService()
        for key in list(KEYS)[:20]:
            partition = client.partition_service.get_partition_id(key)
            owner = str(java.getPartition(key).getOwner().getUuid().toString())
            assert java.getPartition(key).getPartitionId() == partition
            assert str(client.partition_service.get_partition_owner(partition)) == owner
        stats = [member.instance.getMap(m.name).getLocalMapStats() for member in trio.members]
        assert sum(one.getOwnedEntryCount() for one in stats) == len(KEYS)
        assert sum(one.getBackupEntryCount() for one in stats) == len(KEYS)
        assert min(one.getOwnedEntryCount() for one in stats) > 100
        m.destroy()


def test_one_connection_serves_all_without_smart_routing(trio: Cluster) -> None:
    with hazelcast.HazelcastClient(cluster_members=trio.addresses, smart_routing=False) as client:
        m = client.get_map(fresh_name()).blocking()
        seen = Recorder()
        m.add_entry_listener(added_func=seen)
        m.put_all({key: key for key in KEYS})
        assert m.get_all(KEYS) == {key: key for key in KEYS}
        assert [m.get(key) for key in KEYS] == list(KEYS)
        assert sorted(m) == list(KEYS)
        until_now(lambda: len(seen.events) == len(KEYS))
        assert sorted(event.key for event in seen.events) == list(KEYS)
        assert len(connected(client)) == 1
        m.destroy()


def test_without_smart_routing_another_member_takes_over(hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory(members=3)
    options = {"cluster_members": cluster.addresses, "smart_routing": False, **QUICK}
    with hazelcast.HazelcastClient(**options) as client:
        m = client.get_map("m").blocking()
        seen = Recorder()
        m.add_entry_listener(added_func=seen)
        m.put_all({key: key for key in KEYS})
        until_now(lambda: len(seen.events) == len(KEYS))
        (used,) = [member for member in cluster.members if member.uuid in connected(client)]
        used.terminate()
        assert m.get_all(KEYS) == {key: key for key in KEYS}
        until_now(lambda: client.lifecycle_service.state == "CONNECTED")
        seen.events.clear()
        m.put_all({-1 - key: key for key in KEYS})
        until_now(lambda: len(seen.events) == len(KEYS))


def connected(client: Any) -> set[str]:
    """Return the UUIDs of the members that a client has connections to."""
    return {str(connection.member) for connection in client._engine.connections.routes.all}


async def test_listeners_come_back_with_new_members(hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory(members=2)
    options = {"cluster_members": cluster.addresses, **QUICK}
    with hazelcast.HazelcastClient(**options) as client:
        async with hazelcast.asyncio.HazelcastClient(**options) as aio:
            seen, seen_aio = Recorder(), Recorder()
            m = client.get_map("m")
            m.add_entry_listener(added_func=seen).result(30)
            await (await aio.get_map("m")).add_entry_listener(added_func=seen_aio)
            cluster.members[0].terminate()
            added = cluster.add_member()
            members = {cluster.members[1].uuid, added.uuid}
            await until(lambda: connected(client) == members and connected(aio) == members)
            await asyncio.to_thread(m.blocking().put_all, {key: key for key in KEYS})
            for recorder in (seen, seen_aio):
                assert sorted(event.key for event in await recorder.wait_for(len(KEYS))) == list(KEYS)


async def test_a_cluster_that_is_started_anew(
    hazelcast_cluster_factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = hazelcast_cluster_factory()
    member = cluster.members[0]
    states: list[str] = []
    options: dict[str, Any] = {"cluster_members": [member.address], **QUICK}
    with hazelcast.HazelcastClient(lifecycle_listeners=[states.append], **options) as client:
        async with hazelcast.asyncio.HazelcastClient(**options) as aio:
            seen, seen_aio = Recorder(), Recorder()
            m = client.get_map("m")
            m.add_entry_listener(added_func=seen).result(30)
            m_aio = await aio.get_map("m")
            await m_aio.add_entry_listener(added_func=seen_aio)
            member.terminate()
            await until(lambda: "DISCONNECTED" in states)
            waiting = m.get("k")
            waiting_aio = asyncio.ensure_future(m_aio.get("k"))
            monkeypatch.setattr(cluster_module, "free_port", lambda: member.port)
            await asyncio.to_thread(cluster.add_member)
            # Both waited for the cluster, and found it empty.
            assert await asyncio.to_thread(waiting.result, 60) is None
            async with asyncio.timeout(60):
                assert await waiting_aio is None
            await until(lambda: states[-1] == "CONNECTED" and aio.lifecycle_service.state == "CONNECTED")
            await m_aio.put("k", "v")
            for recorder in (seen, seen_aio):
                assert [event.key for event in await recorder.wait_for(1)] == ["k"]
            assert m.get("k").result(30) == "v"
    assert states == [
        "STARTING", "STARTED", "CONNECTED", "DISCONNECTED", "CONNECTED",
        "SHUTTING_DOWN", "DISCONNECTED", "SHUTDOWN",
    ]  # fmt: skip
