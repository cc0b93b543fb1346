"""Errors at the start are specific, contain the end of the log, and leave nothing running."""

import dataclasses
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import psutil
import pytest

from hz_embedded import (
    ChecksumMismatchError,
    Cluster,
    ConfigurationError,
    JvmDiedError,
    JvmOutOfMemoryError,
    JvmStartError,
    MemberStartError,
    MemberStateError,
)
from hz_embedded import cluster as cluster_module
from hz_embedded._ports import free_port
from hz_embedded._py4j import Py4JError

Factory = Callable[..., Cluster]


@pytest.fixture(autouse=True)
def nothing_left_running() -> Iterator[None]:
    """Fail tests that leave a process behind; clusters of other tests may run already."""
    before = set(psutil.Process().children())
    yield
    assert set(psutil.Process().children()) <= before


def test_jvm_that_refuses_its_options() -> None:
    with pytest.raises(
        JvmStartError, match=r"exit code 1[\s\S]*--- last[\s\S]*Unrecognized VM option 'NoSuch'"
    ):
        Cluster(jvm_args=["-XX:NoSuch"])


def test_jvm_without_memory_enough() -> None:
    with pytest.raises(JvmStartError, match=r"exit code 1[\s\S]*[Tt]oo small"):
        Cluster(heap="1k")


def test_heap_too_small_for_a_jvm() -> None:
    with pytest.raises(
        JvmOutOfMemoryError, match=r"a heap of 2m is too small to start[\s\S]*OutOfMemoryError"
    ):
        Cluster(heap="2m")


def test_heap_too_small_for_a_member() -> None:
    with pytest.raises(JvmOutOfMemoryError, match=r"its heap was full[\s\S]*--- last[\s\S]*OutOfMemoryError"):
        Cluster(heap="6m")


def test_heap_that_fills_up(hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory(heap="64m", jvm="own")
    (member,) = cluster.members
    with pytest.raises(Py4JError):
        member.jvm.view.java.nio.ByteBuffer.allocate(1 << 30)
    assert member.jvm.wait(20)
    assert member.jvm.exit_code == 3
    assert not member.running
    asking: list[Callable[[], Any]] = [lambda: member.instance, lambda: member.jvm.view]
    for ask in asking:
        with pytest.raises(
            JvmOutOfMemoryError, match=r"heap=[\s\S]*Terminating due to java\.lang\.OutOfMemoryError"
        ):
            ask()


def test_program_that_is_no_jvm(tmp_path: Path) -> None:
    program = tmp_path / "java"
    program.write_text('#!/bin/sh\n[ "$1" = -version ] && echo \'version "17"\' >&2 || echo not a number\n')
    program.chmod(0o755)
    with pytest.raises(JvmStartError):
        Cluster(java=str(program))


def test_jvm_that_says_nothing_in_time(tmp_path: Path) -> None:
    program = tmp_path / "java"
    program.write_text('#!/bin/sh\n[ "$1" = -version ] && echo \'version "17"\' >&2 || exec sleep 60\n')
    program.chmod(0o755)
    with pytest.raises(JvmStartError, match=r"did not open its gateway within 0\.2 s"):
        Cluster(java=str(program), startup_timeout=0.2)


def test_member_that_refuses_its_configuration() -> None:
    config = {"cp-subsystem": {"cp-member-count": 3}}
    with pytest.raises(
        MemberStartError, match=r"CP subsystem is a licensed feature[\s\S]*--- last \d+ lines"
    ) as caught:
        Cluster(config=config)
    assert "java.lang.IllegalStateException" in str(caught.value)


@pytest.mark.parametrize(
    "config", ["<hazelcast><nonsense/></hazelcast>", "hazelcast:\n  nonsense: 1\n", {"map": 5}]
)
def test_document_that_is_wrong(config: Any) -> None:
    with pytest.raises(ConfigurationError, match="Hazelcast refused the configuration"):
        Cluster(config=config)


def test_member_too_slow_to_start() -> None:
    released = threading.Event()

    class Hanging:
        """A lifecycle listener that blocks the member's start."""

        class Java:
            """The interfaces that py4j declares to Java."""

            implements: ClassVar = ["com.hazelcast.core.LifecycleListener"]

        def stateChanged(self, event: Any) -> None:
            released.wait()

    def configure(config: Any) -> None:
        view = cluster.jvm
        config.addListenerConfig(view.com.hazelcast.config.ListenerConfig(Hanging()))

    with Cluster(members=0, configure=configure) as cluster:
        assert cluster.jvm.alive
        cluster._launch = dataclasses.replace(cluster._launch, startup_timeout=0.5)
        with pytest.raises(MemberStartError, match=r"did not start within 0\.5 s"):
            cluster.add_member()
        released.set()


def test_error_in_the_users_hook() -> None:
    def fail(config: Any) -> None:
        raise RuntimeError("of the user")

    with pytest.raises(RuntimeError, match="of the user"):
        Cluster(configure=fail)


def test_taken_port_is_replaced(hazelcast_cluster_factory: Factory, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = hazelcast_cluster_factory()
    find = free_port
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = iter([taken.getsockname()[1], taken.getsockname()[1]])
        monkeypatch.setattr(cluster_module, "free_port", lambda: next(ports, None) or find())
        member = cluster.add_member()
        assert member.port != taken.getsockname()[1]
    assert member.instance.getCluster().getMembers().size() == 2


def test_ports_taken_all_along(hazelcast_cluster_factory: Factory, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = hazelcast_cluster_factory()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(cluster_module, "free_port", lambda: port)
        with pytest.raises(MemberStartError, match=rf"127\.0\.0\.1:{port} did not start: .*already in use"):
            cluster.add_member()
    assert len(cluster.addresses) == 1


def test_jvm_that_dies_under_the_members(hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory(members=2)
    member = cluster.members[0]
    psutil.Process(cluster.jvm.pid).kill()
    assert cluster.jvm.wait(20)
    assert not member.running
    assert cluster.addresses == []
    with pytest.raises(JvmDiedError, match=r"exit code -9"):
        _ = cluster.jvm.java
    with pytest.raises(JvmDiedError, match="no longer runs"):
        _ = member.instance
    with pytest.raises(JvmDiedError):
        cluster.add_member()
    with pytest.raises(MemberStateError, match="does not run"):
        member.join(cluster.members[1])
    member.shutdown()  # has no effect


def test_damaged_jar_starts_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hazelcast-5.7.0.jar").write_bytes(b"PK damaged")
    monkeypatch.setenv("HZ_EMBEDDED_JARS", str(tmp_path))
    with pytest.raises(ChecksumMismatchError, match=r"hazelcast-5\.7\.0\.jar is not the jar of"):
        Cluster()


def test_class_path_entry_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"missing\.jar' is neither an existing file"):
        Cluster(classpath=[tmp_path / "missing.jar"])
