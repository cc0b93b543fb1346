"""Control of a cluster: restart, ports, proxies, a split network, the clock, the class path, the logs."""

import hashlib
import re
import socket
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import hazelcast
from hz_embedded import Cluster, ConfigurationError, MemberStateError, PortInUseError
from map_harness import until_now

Factory = Callable[..., Cluster]
QUICK: dict[str, Any] = {"retry_initial_backoff": 0.1, "retry_max_backoff": 0.5}


def sizes(cluster: Cluster) -> list[int]:
    """Return how many members each running member sees."""
    return [
        int(member.instance.getCluster().getMembers().size()) for member in cluster.members if member.running
    ]


@pytest.mark.parametrize("jvm", ["shared", "own"])
def test_restarted_member_keeps_its_place(jvm: str, hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory(members=2, jvm=jvm, properties={"hazelcast.partition.count": "11"})
    first, second = cluster.members
    before = (second.address, second.uuid, second.jvm.pid)
    with hazelcast.HazelcastClient(cluster_members=[second.address], **QUICK) as client:
        m = client.get_map("m").blocking()
        m.put_all({key: key for key in range(100)})
        second.restart()
        assert second.address == before[0]
        assert second.uuid != before[1]
        assert (second.jvm.pid == before[2]) == (jvm == "shared")
        assert cluster.members == [first, second]
        assert sizes(cluster) == [2, 2]
        until_now(lambda: m.get_all(range(100)) == {key: key for key in range(100)})


def test_killed_member_comes_back(hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory(jvm="own", cluster_name="named")
    (member,) = cluster.members
    address = member.address
    with hazelcast.HazelcastClient(cluster_members=[address], cluster_name="named", **QUICK) as client:
        m = client.get_map("m").blocking()
        m.put("k", 1)
        member.kill()
        assert cluster.addresses == []
        member.restart()
        assert cluster.addresses == [address]
        assert m.get("k") is None
        assert "is STARTED" in member.log
    assert [path.name for path in cluster.logs] == ["jvm-1.log", "jvm-2.log"]


def test_shared_jvm_that_died_is_replaced(hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory(members=2)
    cluster.jvm.kill()
    for member in cluster.members:
        member.restart()
    assert sizes(cluster) == [2, 2]


def test_suspended_member_is_not_restarted(hazelcast_cluster_factory: Factory) -> None:
    (member,) = hazelcast_cluster_factory(jvm="own").members
    member.suspend()
    with pytest.raises(MemberStateError, match="suspended and cannot be restarted; call resume"):
        member.restart()


def test_ports_of_ones_own_choice(
    reserved_ports: tuple[int, int], hazelcast_cluster_factory: Factory
) -> None:
    port, other = reserved_ports
    cluster = hazelcast_cluster_factory(port=port)
    assert cluster.addresses == [f"127.0.0.1:{port}"]
    assert cluster.add_member(port=other).port == other
    with pytest.raises(PortInUseError, match=rf"127\.0\.0\.1:{port} did not start: .*already in use"):
        hazelcast_cluster_factory(port=port)
    with pytest.raises(PortInUseError):
        cluster.add_member(port=port)
    assert sizes(cluster) == [2, 2]


def test_port_stays_the_members_while_it_is_down(hazelcast_cluster_factory: Factory) -> None:
    (member,) = hazelcast_cluster_factory().members
    member.terminate()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((member.host, member.port), timeout=5)
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind((member.host, member.port))
    member.restart()
    assert member.running


def test_lite_member_holds_no_data(hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory()
    lite = cluster.add_member(lite=True)
    assert lite.instance.getCluster().getLocalMember().isLiteMember()
    data = lite.instance.getMap("m")
    for key in range(20):
        data.put(key, key)
    assert lite.instance.getMap("m").getLocalMapStats().getOwnedEntryCount() == 0
    lite.restart()
    assert lite.instance.getCluster().getLocalMember().isLiteMember()


@pytest.fixture
def jar(tmp_path: Path) -> Path:
    """Create a jar that contains one text."""
    path = tmp_path / "maven" / "thing-1.0.jar"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("org/example/greeting.txt", "hello from the jar")
    return path


def read_resource(cluster: Cluster, name: str) -> str | None:
    """Return what a member's JVM finds in its class path."""
    found = cluster.jvm.java.lang.ClassLoader.getSystemResourceAsStream(name)
    return None if found is None else bytes(found.readAllBytes()).decode()


def test_class_path(
    jar: Path, hazelcast_cluster_factory: Factory, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name = "org/example/greeting.txt"
    by_path = hazelcast_cluster_factory(members=0, classpath=[jar])
    assert read_resource(by_path, name) == "hello from the jar"
    coordinates = "org.example:thing:1.0"
    checksums = {coordinates: hashlib.sha256(jar.read_bytes()).hexdigest()}
    monkeypatch.setenv("HZ_EMBEDDED_JARS", str(jar.parent))
    by_name = hazelcast_cluster_factory(members=0, classpath=[coordinates], checksums=checksums)
    assert read_resource(by_name, name) == "hello from the jar"
    folder = tmp_path / "folder" / "org" / "example"
    folder.mkdir(parents=True)
    (folder / "greeting.txt").write_text("hello from the folder")
    by_folder = hazelcast_cluster_factory(members=0, classpath=[str(tmp_path / "folder")])
    assert read_resource(by_folder, name) == "hello from the folder"


def test_heap_and_jvm_options(hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory(members=0, heap="96m", jvm_args=["-Dmine=yes"])
    assert 80 << 20 < cluster.jvm.java.lang.Runtime.getRuntime().maxMemory() <= 96 << 20
    assert cluster.jvm.java.lang.System.getProperty("mine") == "yes"


@pytest.mark.parametrize(
    ("level", "has_info", "has_fine"),
    [("WARNING", False, False), ("INFO", True, False), ("DEBUG", True, True)],
)
def test_log_level(level: str, has_info: bool, has_fine: bool, hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory(log_level=level)
    (text,) = cluster.logs.values()
    assert text == cluster.members[0].log
    assert (
        bool(re.search(r"^[\d-]+ [\d:.]+ INFO com\.hazelcast\..* is STARTED$", text, re.MULTILINE))
        == has_info
    )
    assert bool(re.search(r"^[\d-]+ [\d:.]+ FINE com\.hazelcast\.", text, re.MULTILINE)) == has_fine


@pytest.mark.parametrize("version", ["4.0", "5.7.0"])
def test_clock_that_is_moved(version: str, hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory(version=version, clock_offset=0.0)
    own = cluster.add_member(jvm="own")
    with hazelcast.HazelcastClient(cluster_members=cluster.addresses) as client:
        m = client.get_map("m").blocking()
        for key in range(20):
            m.put(key, "soon gone", ttl=3600)
        cluster.advance_clock(3000)
        assert m.get(0) == "soon gone"
        cluster.advance_clock(700)
        assert [m.get(key) for key in range(20)] == [None] * 20
        own.restart()
        now = [member_time(member) for member in cluster.members]
        assert abs(now[0] - now[1]) < 60
        cluster.advance_clock(7200, member=own)
        now = [member_time(member) for member in cluster.members]
        assert abs(now[1] - now[0] - 7200) < 60


def member_time(member: Any) -> float:
    """Return the time of a member's clock in seconds."""
    return float(member.jvm.view.com.hazelcast.internal.util.Clock.currentTimeMillis()) / 1000


def test_clock_that_starts_elsewhere(hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory(clock_offset=-86_400)
    (member,) = cluster.members
    system = float(cluster.jvm.java.lang.System.currentTimeMillis()) / 1000
    assert abs(member_time(member) - system + 86_400) < 60


def test_system_clock_stays(hazelcast_cluster_factory: Factory) -> None:
    with pytest.raises(MemberStateError, match=r"start the cluster with clock_offset=0\.0"):
        hazelcast_cluster_factory(members=0).advance_clock(1)


# One version with the default times, the other with times set by the user.
@pytest.mark.parametrize(
    ("version", "properties"),
    [
        ("4.0", {"hazelcast.max.no.heartbeat.seconds": "2", "hazelcast.merge.first.run.delay.seconds": "1"}),
        ("5.7.0", {}),
    ],
    ids=["4.0", "5.7.0"],
)
def test_network_that_splits_and_heals(
    version: str, properties: dict[str, str], hazelcast_cluster_factory: Factory
) -> None:
    copies = {"map": {"m": {"backup-count": 2}}}  # each member holds all entries
    cluster = hazelcast_cluster_factory(
        members=3, version=version, proxied=True, config=copies, properties=properties
    )
    data = [member.instance.getMap("m") for member in cluster.members]
    data[0].put("before", 1)
    cluster.split([[0], [cluster.members[1], 2]])
    assert sizes(cluster) == [1, 2, 2]
    assert data[0].get("before") == data[2].get("before") == 1
    data[0].put("of the small side", 1)
    data[1].put("of the large side", 1)
    assert data[2].get("of the large side") == 1
    assert data[2].get("of the small side") is None
    cluster.heal()
    assert sizes(cluster) == [3, 3, 3]
    assert all(one.get("of the large side") == 1 for one in data)


def test_split_that_makes_no_sense(trio: Cluster) -> None:
    for groups in ([[0, 1, 2]], [[0, 1, 2], []], [[0, 1], [0, 2]], [[0], [1, 2], [1]], [[0], [1]]):
        with pytest.raises(ConfigurationError, match="name each of the 3 running members once"):
            trio.split(groups)
    with pytest.raises(ConfigurationError, match="has 3 members, counted from 0"):
        trio.split([[0], [1, 3]])
    with pytest.raises(MemberStateError, match="start the cluster with proxied=True"):
        trio.split([[0], [1, 2]])


def test_client_that_is_cut_off_from_one_member(hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory(members=2, proxied=True)
    options: dict[str, Any] = {
        "cluster_members": cluster.addresses,
        "heartbeat_interval": 0.2,
        "heartbeat_timeout": 1.0,
        "connection_timeout": 1.0,
        **QUICK,
    }
    with hazelcast.HazelcastClient(**options) as client:
        m = client.get_map("m").blocking()
        m.put_all({key: key for key in range(50)})
        for member in cluster.members:
            assert member.proxy.await_connections(1, source="clients")
        members = sum(member.proxy.connection_count("members") for member in cluster.members)
        assert members >= 1
        with cluster.members[1].proxy.drop(source="clients"):
            until_now(lambda: len(client._engine.connections.routes.all) == 1)
            assert sizes(cluster) == [2, 2]
        until_now(lambda: len(client._engine.connections.routes.all) == 2)
        assert m.get_all(range(50)) == {key: key for key in range(50)}


def test_proxy_beside_a_member(hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory()
    proxy = cluster.proxy(cluster.members[0])
    with hazelcast.HazelcastClient(cluster_members=[proxy.address]) as client:
        m = client.get_map("m").blocking()
        m.put("k", 1)
        assert proxy.connection_count("clients") == 1
        with proxy.hold():
            waiting = client.get_map("m").get("k")
            assert not waiting.done()
        assert waiting.result(30) == 1
        assert proxy.reset() == 1
        until_now(lambda: m.get("k") == 1)
    with pytest.raises(MemberStateError, match=r"cluster\.proxy\(member\)"):
        _ = cluster.members[0].proxy


def test_proxied_member_is_restarted_behind_its_proxy(hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory(members=2, proxied=True)
    second = cluster.members[1]
    assert cluster.proxy(second) is second.proxy
    assert second.address == second.proxy.address
    second.restart()
    assert second.address == second.proxy.address
    assert sizes(cluster) == [2, 2]
    with hazelcast.HazelcastClient(cluster_members=[second.address]) as client:
        assert {str(member.address) for member in client.cluster_service.get_members()} == {
            str(hazelcast.core.Address("127.0.0.1", member.port)) for member in cluster.members
        }
