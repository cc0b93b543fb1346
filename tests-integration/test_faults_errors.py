"""What goes wrong at the client's side is a named error that says what happened, to what and what to do."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

import hazelcast
import hazelcast.asyncio
from hz_core.errors import (
    ClientNotAllowedInClusterError,
    HazelcastClientNotActiveError,
    IllegalStateError,
    InvalidConfigurationError,
)
from hz_embedded import Cluster
from map_harness import fresh_name

Connect = Callable[..., None]


def connect(**options: Any) -> None:
    """Make a client for threads."""
    hazelcast.HazelcastClient(**options).shutdown()


def connect_asyncio(**options: Any) -> None:
    """Make a client for asyncio."""

    async def run() -> None:
        await (await hazelcast.asyncio.HazelcastClient.create_and_start(**options)).shutdown()

    asyncio.run(run())


@pytest.fixture(params=[connect, connect_asyncio], ids=["threads", "asyncio"])
def connecting(request: pytest.FixtureRequest) -> Connect:
    """Both ways to make a client."""
    found: Connect = request.param
    return found


def free_ports() -> list[int]:
    """Return two ports where nobody listens."""
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        return [one.getsockname()[1], two.getsockname()[1]]


def test_nobody_there(connecting: Connect) -> None:
    ports = free_ports()
    began = time.monotonic()
    with pytest.raises(IllegalStateError) as caught:
        connecting(cluster_members=[f"127.0.0.1:{port}" for port in ports], cluster_connect_timeout=0.5)
    assert time.monotonic() - began < 5
    text = str(caught.value)
    for port in ports:
        assert f"127.0.0.1:{port}" in text
    assert text.count("ConnectionRefusedError") == 2
    assert "cluster_connect_timeout" in text
    assert "cluster_members" in text


def test_somebody_who_says_nothing(connecting: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        with pytest.raises(IllegalStateError, match=address):
            connecting(cluster_members=[address], cluster_connect_timeout=0.5, connection_timeout=0.5)
        assert time.monotonic() - began < 10


def test_wrong_cluster_name(connecting: Connect, cluster: Cluster) -> None:
    with pytest.raises((ClientNotAllowedInClusterError, IllegalStateError), match="cluster") as caught:
        connecting(cluster_members=cluster.addresses, cluster_name="other", cluster_connect_timeout=0.5)
    assert "other" in str(caught.value)
    assert cluster.addresses[0] in str(caught.value)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"no_such_option": 1}, InvalidConfigurationError, "no_such_option"),
        ({"cluster_members": "127.0.0.1:5701"}, TypeError, "cluster_members"),
        ({"cluster_connect_timeout": "soon"}, TypeError, "cluster_connect_timeout"),
        ({"heartbeat_interval": 0}, ValueError, "heartbeat_interval"),
        ({"smart_routing": 1}, TypeError, "smart_routing"),
        ({"reconnect_mode": "SOMETIMES"}, TypeError, "reconnect_mode"),
        ({"retry_jitter": 2}, ValueError, "retry_jitter"),
    ],
)
def test_options_that_are_wrong(
    connecting: Connect, options: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        connecting(**options)


@pytest.mark.parametrize("name", ["", None, 5])
def test_names_that_are_wrong(client: hazelcast.HazelcastClient, name: Any) -> None:
    with pytest.raises(ValueError, match="non-empty string"):
        client.get_map(name)


def test_a_client_that_was_shut_down(cluster: Cluster) -> None:
    client = hazelcast.HazelcastClient(cluster_members=cluster.addresses)
    m = client.get_map(fresh_name())
    m.put(1, 1).result(10)
    client.shutdown()
    client.shutdown()
    with pytest.raises(HazelcastClientNotActiveError, match="shut down"):
        m.get(1).result(10)
    with pytest.raises(HazelcastClientNotActiveError, match="shut down"):
        m.blocking().get(1)
    with pytest.raises(HazelcastClientNotActiveError, match="shut down"):
        m.blocking().put_all({1: 1})
    with pytest.raises(HazelcastClientNotActiveError, match="shut down"):
        client.get_map(fresh_name())
    assert client.lifecycle_service.is_running() is False


async def test_an_asyncio_client_that_was_shut_down(cluster: Cluster) -> None:
    client = await hazelcast.asyncio.HazelcastClient.create_and_start(cluster_members=cluster.addresses)
    m = await client.get_map(fresh_name())
    await client.shutdown()
    await client.shutdown()
    with pytest.raises(HazelcastClientNotActiveError, match="shut down"):
        await m.get(1)
    with pytest.raises(HazelcastClientNotActiveError, match="shut down"):
        await m.put_all({1: 1})


async def test_a_cancelled_task_harms_no_other_call(cluster: Cluster) -> None:
    async with hazelcast.asyncio.HazelcastClient(cluster_members=cluster.addresses) as client:
        m = await client.get_map(fresh_name())
        await m.put_all({key: key for key in range(100)})
        for _ in range(5):
            tasks = [asyncio.ensure_future(m.get(key)) for key in range(100)]
            await asyncio.sleep(0)
            for task in tasks[::2]:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            assert results[1::2] == list(range(1, 100, 2))
            assert all(isinstance(result, asyncio.CancelledError) for result in results[::2])
        assert await m.get(7) == 7
        assert client._engine.invocations.pending_count == 0
        await m.destroy()
