"""Clients that are configured by a file, by environment variables, and by a URL, connected to a real member."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import hazelcast
import hazelcast.asyncio
from hazelcast.config import Config
from hz_embedded import Cluster

YAML = """
hazelcast-client:
  cluster-name: ${THE_CLUSTER}
  instance-name: by-file
  client-labels: [tests]
  network:
    cluster-members: [{address}]
    connection-timeout: 4000
    socket-options: {tcp-no-delay: true, keep-alive: true, buffer-size: 128}
  properties:
    hazelcast.client.heartbeat.interval: 2000
  flake-id-generator:
    by-file: {prefetch-count: 7}
  reliable-topic:
    by-file: {read-batch-size: 3}
"""
XML = """
<hazelcast-client xmlns="http://www.hazelcast.com/schema/client-config">
    <cluster-name>{cluster}</cluster-name>
    <instance-name>by-xml</instance-name>
    <network>
        <cluster-members><address>{address}</address></cluster-members>
        <smart-routing>false</smart-routing>
    </network>
</hazelcast-client>
"""


@pytest.fixture(scope="module")
def shop() -> Iterator[Cluster]:
    """Yield a member whose cluster has a name that is no default."""
    with Cluster(cluster_name="shop") as started:
        yield started


def use(client: hazelcast.HazelcastClient) -> str:
    name = client.name
    numbers = client.get_map("configured").blocking()
    numbers.put(name, 1)
    assert numbers.remove(name) == 1
    return name


def test_a_yaml_file(shop: Cluster, tmp_path: Path) -> None:
    path = tmp_path / "hazelcast-client.yaml"
    path.write_text(YAML.replace("{address}", f"'{shop.addresses[0]}'"))
    config = Config.from_file(path, {"THE_CLUSTER": shop.cluster_name})
    with hazelcast.HazelcastClient(config) as client:
        assert use(client) == "by-file"
        ids = client.get_flake_id_generator("by-file").blocking()
        first = ids.new_id()
        # Seven ids are fetched at once: the next ones follow each other.
        assert [ids.new_id() - first for _ in range(6)] == [n << 16 for n in range(1, 7)]


def test_an_xml_file(shop: Cluster, tmp_path: Path) -> None:
    path = tmp_path / "hazelcast-client.xml"
    path.write_text(XML.format(cluster=shop.cluster_name, address=shop.addresses[0]))
    with hazelcast.HazelcastClient(Config.from_file(path), client_name="by-keyword") as client:
        assert use(client) == "by-keyword"
        assert not client.config.smart_routing


def test_environment_variables(shop: Cluster) -> None:
    config = Config.from_env(
        {
            "HZCLIENT_CLUSTERNAME": shop.cluster_name,
            "HZCLIENT_NETWORK_CLUSTERMEMBERS": ",".join(shop.addresses),
            "HZCLIENT_INSTANCENAME": "by-variable",
        }
    )
    with hazelcast.HazelcastClient(config) as client:
        assert use(client) == "by-variable"


def test_a_url(shop: Cluster) -> None:
    url = f"hazelcast://{','.join(shop.addresses)}/?cluster_name={shop.cluster_name}&client_name=by%20url"
    with hazelcast.HazelcastClient(Config.from_url(url)) as client:
        assert use(client) == "by url"


async def test_the_file_that_the_environment_names(
    shop: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "here.xml"
    path.write_text(XML.format(cluster=shop.cluster_name, address=shop.addresses[0]))
    monkeypatch.setenv("HAZELCAST_CLIENT_CONFIG", str(path))
    with hazelcast.HazelcastClient() as client:
        assert use(client) == "by-xml"
    monkeypatch.setenv("HZCLIENT_INSTANCENAME", "by-variable")
    async with hazelcast.asyncio.HazelcastClient(labels=["a"]) as asynchronous:
        assert asynchronous.name == "by-variable"
        assert asynchronous.config.labels == ["a"]
        numbers = await asynchronous.get_map("configured")
        await numbers.put("a", 1)
        assert await numbers.remove("a") == 1
