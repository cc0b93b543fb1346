"""Which members a client is connected to, and which it asks, in front of real members."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

import hazelcast
import hazelcast.asyncio
from hazelcast.util import LoadBalancer, RandomLB
from hz_embedded import Cluster
from map_harness import fresh_name, until, until_now

Factory = Callable[..., Cluster]


def connected(client: Any) -> set[str]:
    """Return the UUIDs of the members that a client has connections to."""
    return {str(connection.member) for connection in client._engine.connections.routes.all}


async def test_queries_are_not_sent_to_lite_members(hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory(members=1, sql=True)
    cluster.add_member(lite=True)
    query = "SELECT v FROM TABLE(GENERATE_SERIES(1, 3)) AS s(v) ORDER BY v"
    options: dict[str, Any] = {"cluster_members": cluster.addresses}
    with hazelcast.HazelcastClient(load_balancer=RandomLB(), **options) as client:
        await until(lambda: len(connected(client)) == 2)
        assert [m.lite_member for m in client.cluster_service.get_members()] == [False, True]
        for _ in range(12):
            assert [row[0] for row in client.sql.execute(query).result()] == [1, 2, 3]
    async with hazelcast.asyncio.HazelcastClient(**options) as aio:
        await until(lambda: len(connected(aio)) == 2)
        for _ in range(4):
            assert [row[0] async for row in await aio.sql.execute(query)] == [1, 2, 3]


def test_custom_load_balancer_chooses_the_member_of_transactions(trio: Cluster) -> None:
    class Chosen(LoadBalancer):
        def init(self, cluster_service: Any) -> None:
            self.service = cluster_service

        def next(self) -> Any:
            return self.service.get_members()[1]

    with hazelcast.HazelcastClient(cluster_members=trio.addresses, load_balancer=Chosen()) as client:
        until_now(lambda: len(connected(client)) == 3)
        second = client.cluster_service.get_members()[1]
        for _ in range(3):
            with client.new_transaction() as transaction:
                assert client._engine.any_connection().member == second.uuid
                transaction.get_map("tx").put("k", 1)
        client.get_map("tx").destroy()


async def test_labels_and_name_reach_the_members(trio: Cluster) -> None:
    options: dict[str, Any] = {
        "cluster_members": trio.addresses, "labels": ["till", "north"], "client_name": fresh_name("labelled")
    }  # fmt: skip
    async with hazelcast.asyncio.HazelcastClient(**options) as client:
        await until(lambda: len(connected(client)) == 3)
        for member in trio.members:
            found = [
                c for c in member.instance.getClientService().getConnectedClients()
                if c.getName() == client.name
            ]  # fmt: skip
            assert len(found) == 1
            assert set(found[0].getLabels()) == {"till", "north"}
            assert str(found[0].getUuid().toString()) == str(client._engine.uuid)


async def test_member_that_is_listed_but_not_reachable(
    hazelcast_cluster_factory: Factory, caplog: pytest.LogCaptureFixture
) -> None:
    """The proxy in front of one of two members refuses connections, then accepts them again."""
    cluster = hazelcast_cluster_factory(members=2, proxied=True)
    closed = cluster.members[1]
    caplog.set_level(logging.DEBUG, "hazelcast.connection")
    options: dict[str, Any] = {
        "cluster_members": [cluster.members[0].address],
        "retry_initial_backoff": 0.05,
        # Acks of backups would have to come from the member that is not connected.
        "backup_ack_to_client_enabled": False,
    }
    with closed.proxy.refuse():
        async with hazelcast.asyncio.HazelcastClient(**options) as client:
            m = await client.get_map("m")
            for key in range(50):
                await m.put(key, key)
            text = f"to member {closed.uuid} at {closed.address}"
            await until(lambda: sum(text in r.getMessage() for r in caplog.records) >= 3)
            levels = [r.levelname for r in caplog.records if text in r.getMessage()]
            assert levels[0] == "WARNING"
            assert set(levels[1:]) == {"DEBUG"}
            assert connected(client) == {cluster.members[0].uuid}
            await asyncio.to_thread(closed.proxy.heal)
            await until(lambda: len(connected(client)) == 2)
            levels = [r.levelname for r in caplog.records if text in r.getMessage()]
            assert levels[-1] == "INFO"
            assert [await m.get(key) for key in range(50)] == list(range(50))
