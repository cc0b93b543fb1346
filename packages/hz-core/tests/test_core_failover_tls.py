"""TLS of each of a client's clusters: one without, one with it, and one with another authority, on both drivers."""

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from core_selector_thread import PATIENCE
from core_simulation import MapOps
from core_sockets import SocketCluster, until
from core_tls import client_context, server_context
from core_tls_relay import TlsRelay
from hz_core.aio_client import AsyncioClient
from hz_core.client import Client
from hz_core.config import ClientConfig
from hz_core.errors import IllegalStateError, InvalidConfigurationError


@pytest.fixture
def servers() -> Iterator[tuple[SocketCluster, SocketCluster]]:
    blue, green = SocketCluster(1), SocketCluster(1, TlsRelay(server_context()))
    green.cluster.id = uuid4()
    yield blue, green
    blue.stop()
    green.stop()


def config(first: SocketCluster, second: SocketCluster, differences: dict[str, Any], **options: Any) -> Any:
    """Return the options of a client of two clusters."""
    return ClientConfig.from_kwargs(
        cluster_members=first.addresses,
        failover_configs=[{"cluster_members": second.addresses, **differences}],
        failover_try_count=1,
        cluster_connect_timeout=1,
        retry_initial_backoff=0.01,
        **options,
    )


def test_threaded_client_moves_from_plain_to_tls_and_back(
    servers: tuple[SocketCluster, SocketCluster],
) -> None:
    blue, green = servers
    states: list[str] = []
    options = config(blue, green, {"ssl_context": client_context()}, lifecycle_listeners=[states.append])
    with Client(options) as client:
        ops = MapOps(client.serialization, blue.cluster.partition_count)
        client.blocking.call(ops.put(1, "blue"))
        blue.do(blue.refuse)
        until(lambda: states[-2:] == ["CHANGED_CLUSTER", "CONNECTED"])
        client.blocking.call(ops.put(1, "green"))
        assert green.do(lambda: len(green.cluster.puts)) == 1
        blue.do(blue.accept)
        green.do(green.refuse)
        until(lambda: states.count("CHANGED_CLUSTER") == 2 and states[-1] == "CONNECTED")
        assert client.blocking.call(ops.get(1)) == "blue"


async def test_asyncio_client_moves_from_tls_to_plain(servers: tuple[SocketCluster, SocketCluster]) -> None:
    blue, green = servers
    states: list[str] = []
    options = config(
        green, blue, {"ssl_context": None}, ssl_context=client_context(), lifecycle_listeners=[states.append]
    )
    async with AsyncioClient(options) as client:
        ops = MapOps(client.serialization, blue.cluster.partition_count)
        await client.operations.call(ops.put(1, "green"))
        await asyncio.to_thread(green.do, green.refuse)
        async with asyncio.timeout(PATIENCE):
            while states[-2:] != ["CHANGED_CLUSTER", "CONNECTED"]:
                await asyncio.sleep(0.002)
        assert await client.operations.call(ops.get(1)) is None


def test_cluster_that_expects_tls_is_not_reached_without_it(
    servers: tuple[SocketCluster, SocketCluster],
) -> None:
    """The TLS of one cluster is not used for another."""
    blue, green = servers
    blue.do(blue.refuse)
    with pytest.raises(IllegalStateError):
        Client(config(blue, green, {}))


def test_options_of_tls_are_checked_for_each_cluster(servers: tuple[SocketCluster, SocketCluster]) -> None:
    blue, green = servers
    with pytest.raises(InvalidConfigurationError, match="ssl_cafile"):
        Client(config(blue, green, {"ssl_enabled": True, "ssl_cafile": "/nowhere.pem"}))
