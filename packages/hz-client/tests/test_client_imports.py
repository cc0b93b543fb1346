"""What the import of the client loads, and what a first call adds: counts, not times."""

import os
import subprocess
import sys

import pytest

import hazelcast
import hz_core
import hz_serialization
from core_sockets import SocketCluster

OWN = ("hazelcast", "hz_core", "hz_nearcache", "hz_proxies", "hz_serialization", "hz_speedups")
SPEEDUPS = {f"hz_speedups.{name}" for name in ("_calls", "_compact", "_hash", "_portable", "_top")}
RARE = {
    "asyncio",
    "dataclasses",
    "inspect",
    "json",
    "pickle",
    "ssl",
    "hz_core.observability.diagnostics",
    "hz_core.statistics.service",
    "hz_serialization.compact.format",
    "hz_serialization.further",
    "hz_serialization.portable.format",
}
"""What no first get needs, and what takes much time."""
HEAVY = {"concurrent.futures", "logging", "socket", "uuid"}
"""What only a client needs."""

FIRST_GET = """
import hazelcast
client = hazelcast.HazelcastClient(cluster_members=[{address!r}])
entries = client.get_map("m").blocking()
entries.set("key", ["text", 1, 2.5, True, None, b"bytes"])
assert entries.get("key")[0] == "text"
import sys
print(*sorted(sys.modules))
client.shutdown()
"""

THREADS = """
import sys, threading
import hazelcast

COUNT = 16
start = threading.Barrier(COUNT)
found = []

def use():
    start.wait()
    names = (hazelcast.HazelcastClient, hazelcast.config.Config, hazelcast.core.HazelcastJsonValue)
    found.append((*names, hazelcast.predicate, hazelcast.errors.HazelcastError))

sys.setswitchinterval(1e-6)
threads = [threading.Thread(target=use) for _ in range(COUNT)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(found), len(set(found)))
"""


def run(program: str, **environment: str) -> str:
    """Run a program in a new process and return its output."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={**os.environ, **environment},
    )
    return done.stdout


def loaded(program: str) -> set[str]:
    """Return the modules that a program loads, beyond those that Python starts with."""
    report = "\nimport sys\nprint(*sorted(sys.modules))\n"
    return set(run(program + report).split()) - set(run(report).split())


def own(modules: set[str]) -> set[str]:
    """Return the modules of the client, without the compiled ones."""
    return {name for name in modules if name.partition(".")[0] in OWN} - SPEEDUPS


def test_the_import_loads_little() -> None:
    modules = loaded("import hazelcast")
    assert modules & (RARE | HEAVY) == set()
    assert len(own(modules)) <= 20
    assert len(modules) <= 60


def test_the_import_of_the_client_loads_what_it_needs() -> None:
    modules = loaded("from hazelcast import HazelcastClient")
    assert modules & RARE == set()
    assert len(own(modules)) <= 145
    assert len(modules) <= 235


def test_a_first_get_needs_nothing_rare() -> None:
    cluster = SocketCluster()
    try:
        modules = set(run(FIRST_GET.format(address=str(cluster.cluster.members[0].address))).split())
    finally:
        cluster.stop()
    assert modules & RARE == set()
    assert len(own(modules)) <= 210


def test_public_names_are_there_without_their_modules() -> None:
    assert {"HazelcastClient", "HazelcastFailoverClient", "config", "errors"} <= set(dir(hazelcast))
    assert {"Client", "AsyncioClient", "ClientConfig"} <= set(dir(hz_core))
    assert set(hz_serialization.__all__) <= set(dir(hz_serialization))
    for package in (hazelcast, hz_core, hz_serialization):
        for name in package.__all__:
            assert getattr(package, name) is getattr(package, name)
        with pytest.raises(AttributeError, match=f"module '{package.__name__}' has no attribute 'missing'"):
            _ = package.missing
        assert not hasattr(package, "__path")
    names = run(
        "from hazelcast import *\nprint(HazelcastClient.__module__, HazelcastFailoverClient.__name__)"
    )
    assert names == "hazelcast.client HazelcastFailoverClient\n"


def test_errors_have_their_public_names_without_a_client() -> None:
    program = "import hazelcast, hz_core.errors\nprint(hz_core.errors.IllegalStateError.__module__)"
    assert run(program) == "hazelcast.errors\n"


def test_many_threads_may_use_a_name_first() -> None:
    assert run(THREADS) == "16 1\n"
