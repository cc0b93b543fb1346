"""What a client's connections can do, with a running member of any version: TLS, cuts, other addresses, clusters."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import hazelcast
import hazelcast.asyncio
from core_tls import client_context, server_context
from core_tls_relay import TlsRelay
from hz_embedded import Cluster, FaultProxy
from map_harness import Recorder, until, until_now

QUICK: dict[str, Any] = {
    "cluster_connect_timeout": 30,
    "retry_initial_backoff": 0.01,
    "retry_max_backoff": 0.05,
    # One connection, to the addresses below only.
    "smart_routing": False,
}
LABELS = ["till", "north"]


def walk_connections(cluster: Cluster) -> None:
    """Cut the connections of clients, and see them go on."""
    with FaultProxy(cluster.addresses[0]) as proxy:
        another_address(cluster, proxy)
    with FaultProxy(cluster.addresses[0]) as proxy:
        another_cluster(cluster, proxy)


def registered(client: hazelcast.HazelcastClient, name: str) -> tuple[Any, Recorder]:
    """Return a map and what hears of its entries."""
    m = client.get_map(name).blocking()
    heard = Recorder()
    m.add_entry_listener(added_func=heard)
    return m, heard


def hears_once(m: Any, heard: Recorder, key: str) -> None:
    """Write, and check that the listener is registered once: no event came twice, also of what was written before."""
    m.put(key, 1)
    until_now(lambda: key in [event.key for event in heard.events])
    m.put_all({f"{key} {n}": n for n in range(5)})
    until_now(lambda: len(heard.events) >= len(m))
    assert sorted(event.key for event in heard.events) == sorted(m)


def seen_by_member(cluster: Cluster, name: str) -> list[Any]:
    """Return the connected clients with a name, as the member sees them."""
    service = cluster.members[0].instance.getClientService()
    return [found for found in service.getConnectedClients() if found.getName() == name]


def another_address(cluster: Cluster, proxy: FaultProxy) -> None:
    """A client with one connection reconnects after a cut, and at the second address when the first one refuses."""
    options: dict[str, Any] = {
        "cluster_members": [proxy.address, cluster.addresses[0]],
        "shuffle_member_list": False,
        "client_name": "connections",
        "labels": LABELS,
        "statistics_enabled": True,
        "statistics_period": 0.1,
    }
    with hazelcast.HazelcastClient(**options, **QUICK) as client:
        m, heard = registered(client, "connections")
        hears_once(m, heard, "first")
        (address,) = {str(c.address) for c in client._engine.connections.routes.all}
        assert address == proxy.address
        assert proxy.reset() == 1
        until_now(lambda: client._engine.reconnects == 1)
        hears_once(m, heard, "after a cut")
        with proxy.refuse():
            proxy.reset()
            until_now(lambda: client._engine.reconnects == 2)
            hears_once(m, heard, "at the second address")
            (address,) = {str(c.address) for c in client._engine.connections.routes.all}
            assert address == cluster.addresses[0]
            until_now(lambda: len(seen_by_member(cluster, "connections")) == 1)
            assert set(seen_by_member(cluster, "connections")[0].getLabels()) == set(LABELS)
            until_now(lambda: seen_by_member(cluster, "connections")[0].getClientStatistics() is not None)
        m.destroy()


def another_cluster(cluster: Cluster, proxy: FaultProxy) -> None:
    """A client of two clusters, of which the first is the way through the proxy, moves to the second one."""
    states: list[str] = []
    options: dict[str, Any] = {
        "cluster_members": [proxy.address],
        "failover_configs": [{"cluster_members": cluster.addresses}],
        "lifecycle_listeners": [states.append],
        **QUICK,
        "cluster_connect_timeout": 0.05,
    }
    with hazelcast.HazelcastClient(**options) as client:
        m, heard = registered(client, "failover")
        hears_once(m, heard, "first")
        with proxy.refuse():
            proxy.reset()
            until_now(lambda: "CHANGED_CLUSTER" in states)
            hears_once(m, heard, "in the second cluster")
        m.destroy()


async def walk_tls(cluster: Cluster) -> None:
    """TLS through a relay, on both drivers, and again after a cut without a closing message."""
    with closing(Relay(cluster)) as relay:
        options = {
            "cluster_members": [f"127.0.0.1:{relay.port}"], "ssl_context": client_context(), **QUICK
        }  # fmt: skip
        with hazelcast.HazelcastClient(**options) as client:
            async with hazelcast.asyncio.HazelcastClient(**options) as aio:
                m, heard = client.get_map("tls"), Recorder()
                await (await aio.get_map("tls")).add_entry_listener(added_func=heard)
                m.add_entry_listener(added_func=heard).result(30)
                m.put("first", "x" * 100_000).result(30)
                assert {event.key for event in await heard.wait_for(2)} == {"first"}
                relay.relay.cut_raggedly()
                await until(lambda: client._engine.reconnects == aio._engine.reconnects == 1)
                heard.events.clear()
                m.put("second", 2).result(30)
                assert [event.key for event in await heard.wait_for(2)] == ["second"] * 2
                assert await (await aio.get_map("tls")).get("first") == "x" * 100_000
                m.destroy()


class Relay:
    """A TLS relay in front of a member."""

    def __init__(self, cluster: Cluster) -> None:
        self.relay = TlsRelay(server_context())
        self.port = self.relay.open(int(cluster.addresses[0].rpartition(":")[2]))

    def close(self) -> None:
        """Stop it."""
        self.relay.stop()
