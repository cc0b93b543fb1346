"""The snapshot of a client, and the steps of its calls."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from core_simulation import MapOps, Simulation
from core_sockets import SocketCluster
from hz_core.aio_client import AsyncioClient
from hz_core.client import Client
from hz_core.client_base import ClientBase
from hz_core.config import ClientConfig
from hz_core.drivers.blocking import BlockingCall
from hz_core.errors import IllegalArgumentError
from hz_core.observability.debugging import MOST_CALLS
from hz_core.observability.diagnostics import MOST_PENDING, Diagnostics, PendingDiagnostics
from hz_core.testing import codes

SECRET = "secret-value"


def test_a_snapshot_of_a_quiet_client() -> None:
    with Simulation(2, max_pending_invocations=77, creds_password=SECRET) as simulation:
        simulation.listen([])
        simulation.put(1, SECRET)
        simulation.driver.advance(3)
        found = simulation.client.diagnostics()
    assert (found.client_name, found.state, found.cluster_name) == ("client", "connected", "dev")
    assert found.members == ["10.0.0.1:5701", "10.0.0.2:5701"]
    assert {(c.address, c.state, c.pending) for c in found.connections} == {
        ("10.0.0.1:5701", "ready", 0),
        ("10.0.0.2:5701", "ready", 0),
    }
    for connection, link in zip(found.connections, simulation.driver.links, strict=True):
        assert (connection.bytes_sent, connection.bytes_received) == (link.sent, link.received)
        assert connection.local_address == f"10.1.0.1:{40_000 + connection.id}"
        assert 3 <= connection.age < 4
        assert 0 <= connection.last_read_age <= 3
        assert 1 < connection.last_write_age <= 3
        assert connection.listeners >= 1
    assert found.partitions.count == simulation.cluster.partition_count
    assert sum(found.partitions.owned.values()) == found.partitions.count
    assert (found.partitions.without_owner, found.partitions.without_connection) == (0, 0)
    (listener,) = found.listeners
    assert (listener.connections, listener.queued, listener.dropped) == (2, 0, 0)
    assert (found.pending, found.pending_count, found.errors) == ([], 0, [])
    assert found.limits.max_pending_invocations == 77
    text = json.dumps(found.to_dict())
    assert SECRET not in text
    assert json.loads(text)["connections"][1]["address"] == "10.0.0.2:5701"


def waits(
    simulation: Simulation,
) -> list[tuple[str, str | None, int | None, str | None, int, str, str | None]]:
    """Return the pending operations without their ages."""
    return [
        (p.operation, p.structure, p.partition, p.address, p.attempts, p.waits_for, p.last_error)
        for p in simulation.client.diagnostics().pending
    ]


def test_pending_operations_and_what_they_wait_for() -> None:
    with Simulation(2, fail_on_indeterminate_operation_state=True, invocation_timeout=1000) as simulation:
        cluster = simulation.cluster
        kept: list[Any] = []
        cluster.members[1].rule("Map.get", kept.append)
        simulation.submit(simulation.ops.get(1))
        simulation.driver.advance(2)
        cluster.members[0].rule("Map.put", lambda request: request.error(*codes.RETRYABLE), times=8)
        simulation.submit(simulation.ops.put(2, SECRET))
        simulation.until(lambda: len(simulation.engine.invocations.pausing()) == 1)
        found = simulation.client.diagnostics()
        first, second = found.pending
        attempts = second.attempts
        assert waits(simulation) == [
            ("Map.get", "m", 1, "10.0.0.2:5701", 1, "reply", None),
            ("Map.put", "m", 2, "10.0.0.1:5701", attempts, "next attempt", second.last_error),
        ]
        assert attempts >= 5
        assert second.last_error is not None
        assert 2 <= first.age < 3
        assert 0 <= second.age < 1
        assert (found.pending_count, found.queues.replies, found.queues.next_attempts) == (2, 1, 1)
        assert {(e.where, e.error, e.text) for e in found.errors} == {("Map.put", second.last_error, None)}
        simulation.driver.advance(10)
        cluster.backups, cluster.acks_lost = 1, True
        simulation.submit(simulation.ops.put(4, SECRET))
        simulation.until(lambda: any(wait[5] == "backups" for wait in waits(simulation)), 3)
        assert SECRET not in str(simulation.client.diagnostics())
        simulation.driver.advance(10)
        kept[0].reply(None)


def test_a_client_without_connection() -> None:
    simulation = Simulation(1, retry_initial_backoff=1).start()
    (member,) = simulation.cluster.members
    simulation.cluster.remove(member)
    simulation.until(lambda: not simulation.connections)
    simulation.submit(simulation.ops.get(1))
    simulation.driver.advance(0.5)
    found = simulation.client.diagnostics()
    assert (found.state, found.connections_lost, found.queues.connection) == ("disconnected", 1, 1)
    assert waits(simulation)[0][5] == "connection"
    assert found.errors[0].where == "10.0.0.1:5701"
    assert found.errors[0].text
    assert found.errors[0].age >= 0.5
    simulation.client.shutdown()
    assert simulation.client.diagnostics().state == "closed"


def test_only_the_oldest_of_many_pending_operations_are_listed() -> None:
    with Simulation(1, heartbeat_interval=1000) as simulation:
        (member,) = simulation.cluster.members
        kept: list[Any] = []
        member.rule("Map.get", kept.append)
        simulation.submit(simulation.ops.get(7))
        simulation.driver.advance(1)
        for n in range(MOST_PENDING + 5):
            simulation.submit(simulation.ops.get(n))
        simulation.driver.advance(0.1)
        found = simulation.client.diagnostics()
        assert (found.pending_count, len(found.pending)) == (MOST_PENDING + 6, MOST_PENDING)
        assert found.pending[0].partition == 7 % simulation.cluster.partition_count
        assert found.pending[0].age > found.pending[1].age
        for request in kept:
            request.reply(None)
        simulation.driver.advance(0.1)


# ---- debugging


def whats(steps: Any) -> list[str]:
    """Return what has happened in the steps of a call."""
    return [step.what for step in steps]


def test_the_steps_of_a_call(caplog: pytest.LogCaptureFixture) -> None:
    with Simulation(2) as simulation:
        member = simulation.cluster.members[1]
        simulation.cluster.backups = 1
        for link in simulation.driver.links:
            link.latency = 0.1
        simulation.put(1, SECRET)
        with simulation.client.debug() as session:
            member.rule("Map.put", lambda request: request.error(*codes.RETRYABLE), times=1)
            simulation.put(1, SECRET)
            member.rule("Map.put", lambda request: request.error(*codes.ILLEGAL_ARGUMENT), times=1)
            with pytest.raises(IllegalArgumentError):
                simulation.put(1, SECRET)
            simulation.driver.advance(20)
        simulation.put(1, SECRET)
    first, second = session.calls
    assert (first.operation, first.structure, first.partition, first.done) == ("Map.put", "m", 1, True)
    to = f"sent to 10.0.0.2:5701, member {member.uuid}"
    last = whats(first.steps)
    assert last[0] == f"attempt 1 is {to}"
    assert last[1].startswith("attempt 1 failed: ")
    assert last[2] == f"attempt 2 is {to}"
    assert last[3] == "reply received, 1 backup acks are missing"
    assert last[4:] == ["succeeded"]
    assert [round(step.at, 3) for step in first.steps[:4]] == [0, 0.2, 0.2, 0.4]
    assert whats(second.steps) == [
        f"attempt 1 is {to}",
        "attempt 1 failed: IllegalArgumentError",
        "failed: IllegalArgumentError",
    ]
    assert str(first).startswith(f"Map.put on 'm', partition 1\n    0.000 ms  attempt 1 is {to}\n")
    logged = [record.getMessage() for record in caplog.records if record.name == "hazelcast.debug"]
    assert logged == [str(first), str(second)]
    assert str(session) == "\n".join(logged)
    assert SECRET not in caplog.text


def test_the_level_of_the_log_is_raised_for_the_time_of_the_block() -> None:
    root = logging.getLogger("hazelcast")
    before = root.level
    root.setLevel(logging.ERROR)
    try:
        with Simulation(1) as simulation:
            with simulation.client.debug():
                assert root.level == logging.DEBUG
            assert root.level == logging.ERROR
    finally:
        root.setLevel(before)


def test_the_clients_own_requests_only_on_demand() -> None:
    with (
        Simulation(1, heartbeat_interval=1) as simulation,
        simulation.client.debug() as users,
        simulation.client.debug(internal=True) as everything,
    ):
        simulation.driver.advance(5)
        simulation.get(1)
    assert [call.operation for call in users.calls] == ["Map.get"]
    assert {call.operation for call in everything.calls} == {"Client.ping", "Map.get"}


def test_the_last_calls_are_kept() -> None:
    with Simulation(1) as simulation, simulation.client.debug() as session:
        outcomes = [simulation.submit(simulation.ops.get(n)) for n in range(MOST_CALLS + 3)]
        simulation.until(lambda: all(outcome.done for outcome in outcomes))
    assert len(session.calls) == MOST_CALLS
    assert session.calls[0].partition == 3


# ---- both clients


@pytest.fixture
def server() -> Iterator[SocketCluster]:
    members = SocketCluster(2)
    yield members
    members.stop()


def config(server: SocketCluster) -> ClientConfig:
    return ClientConfig.from_kwargs(cluster_members=server.addresses)


def check(client: ClientBase, found: Diagnostics) -> None:
    assert (found.client_name, found.state, len(found.connections)) == (client.name, "connected", 2)
    for connection in found.connections:
        assert connection.local_address is not None
        assert connection.local_address.startswith("127.0.0.1:")
        assert (connection.bytes_sent or 0) > 100
        assert (connection.bytes_received or 0) > 100
    json.dumps(found.to_dict())


def test_a_client_of_threads(server: SocketCluster) -> None:
    with Client(config(server)) as client:
        ops = MapOps(client.serialization, server.cluster.partition_count)
        check(client, client.diagnostics())
        with client.debug() as session:
            client.blocking.call(ops.get(1))
            client.futures.call(ops.get(2)).result()
            client.blocking.within(20).call(ops.get(3))
        assert [(call.operation, len(call.steps)) for call in session.calls] == [("Map.get", 2)] * 3
        blocking: Any = client.blocking
        assert blocking._new_call is BlockingCall
        client.blocking.call(ops.get(1))
        assert len(session.calls) == 3
    closed = client.diagnostics()
    assert (closed.state, closed.connections) == ("closed", [])


async def test_a_client_of_asyncio(server: SocketCluster) -> None:
    async with AsyncioClient(config(server)) as client:
        ops = MapOps(client.serialization, server.cluster.partition_count)
        check(client, client.diagnostics())
        with client.debug() as session:
            await client.operations.call(ops.get(1))
        (call,) = session.calls
        assert [step.what.split()[0] for step in call.steps] == ["attempt", "succeeded"]


def test_what_is_pending_is_shown_to_another_thread(server: SocketCluster) -> None:
    kept: list[Any] = []

    def keep() -> None:
        for member in server.cluster.members:
            member.rule("Map.get", kept.append)

    server.do(keep)
    with Client(config(server)) as client:
        ops = MapOps(client.serialization, server.cluster.partition_count)
        future = client.futures.call(ops.get(1))
        pending: list[PendingDiagnostics] = client.diagnostics().pending
        assert [(p.operation, p.structure, p.waits_for) for p in pending] == [("Map.get", "m", "reply")]
        future.cancel()


def test_whether_compiled_code_is_used() -> None:
    with Simulation(1) as simulation:
        found = simulation.client.diagnostics().speedups
    compiled = find_spec("hz_speedups") is not None and os.environ.get("HZ_PURE_PYTHON", "0") in ("", "0")
    assert found.active is compiled
    assert (found.why_not is None) is compiled
    assert (found.version is None) is (find_spec("hz_speedups") is None)


def test_without_compiled_code_the_snapshot_says_why() -> None:
    program = (
        "import json\n"
        "from core_simulation import Simulation\n"
        "with Simulation(1) as simulation:\n"
        "    print(json.dumps(simulation.client.diagnostics().to_dict()['speedups']))\n"
    )
    paths = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "HZ_PURE_PYTHON": "1", "PYTHONPATH": paths}
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
        check=True,
    )
    found = json.loads(done.stdout)
    assert found.pop("version") == (None if find_spec("hz_speedups") is None else version("hz-speedups"))
    assert found == {
        "active": False,
        "why_not": "HZ_PURE_PYTHON is set in the environment; unset it to use compiled code",
    }
