"""The statistics that a client sends to its cluster."""

import struct
import sys
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core_metrics import Received, metrics_in
from core_simulation import Simulation
from core_sockets import SocketCluster, until
from hz_core.__about__ import __version__
from hz_core.aio_client import AsyncioClient
from hz_core.client import Client
from hz_core.config import ClientConfig
from hz_core.drivers.process import Process
from hz_core.statistics.metrics_blob import LONGEST_WORD, Metric, Unit, compress
from hz_core.statistics.report import Report, escaped
from hz_core.statistics.traffic import Traffic
from hz_core.testing import SimulatedCluster, codes
from hz_core.testing.members import Request

WORDS = st.text(st.characters(max_codepoint=0xD7FF), max_size=LONGEST_WORD)
METRICS = st.builds(
    Metric,
    WORDS,
    WORDS,
    st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False),
    st.none() | st.sampled_from(Unit),
    st.none() | WORDS,
    st.none() | WORDS,
)


@given(st.lists(METRICS, max_size=8))
def test_metrics_are_read_as_they_were_written(metrics: list[Metric]) -> None:
    assert metrics_in(compress(metrics)) == [
        Received(m.prefix, m.name, m.value, -1 if m.unit is None else m.unit, m.label, m.label_value)
        for m in metrics
    ]


def test_an_equal_field_and_the_start_of_a_word_are_sent_once() -> None:
    same = [Metric("prefix", "metric", n, Unit.COUNT, "name", "value") for n in range(2)]
    words = [Metric("p", f"{'w' * 200}{n}", 1) for n in range(2)]
    assert len(compress(same)) - len(compress(same[:1])) < 20
    blob = compress(words)
    (size,) = struct.unpack_from(">i", blob, 2)
    assert len(zlib.decompress(blob[6 : 6 + size])) == 4 + (6 + 2) + (6 + 2 * 201) + (6 + 2)


@pytest.mark.parametrize("field", ["prefix", "name", "label", "label_value"])
def test_a_metric_with_too_long_a_text_is_left_out(field: str) -> None:
    fits = Metric("p", "n", 1, None, "l", "x")

    def changed(text: str) -> Metric:
        values: dict[str, Any] = {field: text}
        return fits._replace(**values)

    assert len(metrics_in(compress([changed("x" * LONGEST_WORD), fits]))) == 2
    assert metrics_in(compress([changed("x" * (LONGEST_WORD + 1)), fits])) == [
        Received("p", "n", 1, -1, "l", "x")
    ]
    # A character outside of the basic plane is two for a member.
    assert metrics_in(compress([changed("\N{CRAB}" * 128)])) == []


def test_special_characters_of_attributes_are_escaped() -> None:
    assert escaped(r"a,b=c.d\e") == r"a\,b\=c\.d\\e"
    report = Report()
    report.add_attribute("nc." + escaped("m.1") + ".hits", 3)
    report.add_attribute("yes", True)
    report.add_attribute("nothing", None)
    report.add_gauge("os.load", 0.25)
    assert report.attributes == r"nc.m\.1.hits=3,yes=true,os.load=0\.25"
    assert report.metrics == [Metric("os", "load", 0.25)]


def users() -> SimulatedCluster:
    """Return two members that let one user in."""
    cluster = SimulatedCluster(2)
    cluster.username = "u,1"
    return cluster


def test_statistics_are_sent_at_once_and_in_each_period() -> None:
    simulation = Simulation(
        statistics_enabled=True, statistics_period=4, creds_username="u,1", cluster=users()
    )
    with simulation:
        cluster, driver, client = simulation.cluster, simulation.driver, simulation.client
        first = cluster.statistics[simulation.engine.uuid]
        driver.advance(3.9)
        assert cluster.statistics[simulation.engine.uuid] is first
        simulation.put(1, "x")
        assert client.statistics is not None
        client.statistics.add_source(lambda report: report.add_metric(Metric("nearcache", "hits", 7)))
        client.statistics.add_source(lambda report: report.add_attribute("nc.m.hits", 7))
        driver.advance(0.2)
        timestamp, attributes, blob = cluster.statistics[simulation.engine.uuid]
    began = 1000 * 1000
    assert first[0] == began
    assert timestamp == began + 4000
    oldest = min(simulation.driver.links, key=lambda link: link._connection.id)
    port = oldest.facts().local.port  # type: ignore[union-attr]  # simulated links know it
    version = escaped(__version__)
    assert attributes.split(",os.")[0] == (
        f"lastStatisticsCollectionTime={timestamp},enterprise=false,clientType=PYH,clientVersion={version},"
        f"clusterConnectionTimestamp={began},clientAddress=10\\.1\\.0\\.1:{port},clientName=client,"
        "credentials.principal=u\\,1"
    )
    assert attributes.endswith(f"os.totalPhysicalMemorySize={1 << 34},os.systemLoadAverage=0\\.5,nc.m.hits=7")
    found = {(m.prefix, m.name): m.value for m in metrics_in(blob)}
    sent, received = found.pop(("tcp", "bytesSend")), found.pop(("tcp", "bytesReceived"))
    before = {(m.prefix, m.name): m.value for m in metrics_in(first[2])}
    assert sent > before["tcp", "bytesSend"] > 0
    assert received > before["tcp", "bytesReceived"] > 0
    assert found == {
        ("os", "totalPhysicalMemorySize"): 1 << 34,
        ("os", "systemLoadAverage"): 0.5,
        ("invocations", "pendingCalls"): 0,
        ("nearcache", "hits"): 7,
    }


def statistics_requests(simulation: Simulation) -> list[tuple[int, int]]:
    """Return a list that gets the number of the member and the timestamp of each report."""
    seen: list[tuple[int, int]] = []
    for number, member in enumerate(simulation.cluster.members):

        def keep(request: Request, number: int = number) -> None:
            seen.append((number, request["timestamp"]))
            request.reply()

        member.rule("Client.statistics", keep)
    return seen


def test_statistics_keep_to_the_oldest_connection_until_that_is_lost() -> None:
    simulation = Simulation(3, statistics_enabled=True, statistics_period=1)
    seen = statistics_requests(simulation)
    simulation.start()
    simulation.driver.advance(3.5)
    owner = min(simulation.connections, key=lambda c: c.id)
    (first,) = {number for number, _ in seen}
    assert simulation.cluster.members[first].uuid == owner.member
    assert len(seen) == 4
    simulation.cluster.remove(simulation.cluster.members[first])
    del seen[:]
    simulation.driver.advance(5)
    assert {number for number, _ in seen} != {first}
    assert len({number for number, _ in seen}) == 1
    simulation.stop()


def test_a_member_that_refuses_statistics_or_does_not_answer_disturbs_nothing() -> None:
    simulation = Simulation(1, statistics_enabled=True, statistics_period=2)
    (member,) = simulation.cluster.members
    member.rule("Client.statistics", lambda request: request.error(*codes.ILLEGAL_ARGUMENT))
    simulation.start()
    member.rules.clear()
    seen: list[int] = []

    def ignore(request: Request) -> None:
        seen.append(request["timestamp"])

    member.rule("Client.statistics", ignore)
    simulation.driver.advance(20)
    assert len(seen) == 5  # one each for the time limit and the pause, and no pile of them
    assert simulation.engine.invocations.pending_count <= len(seen)
    simulation.put(1, "x")
    assert simulation.get(1) == "x"
    member.rules.clear()
    simulation.stop()


def test_a_failing_source_costs_only_its_own_statistics(caplog: pytest.LogCaptureFixture) -> None:
    with Simulation(1, statistics_enabled=True, statistics_period=1) as simulation:
        statistics = simulation.client.statistics
        assert statistics is not None

        def fail(report: Report) -> None:
            raise ZeroDivisionError

        statistics.add_source(fail)
        statistics.add_source(lambda report: report.add_attribute("mine", 1))
        simulation.driver.advance(1.5)
        assert simulation.cluster.statistics[simulation.engine.uuid][1].endswith(",mine=1")
    assert "a source of statistics failed" in caplog.text


def test_without_the_option_nothing_is_sent() -> None:
    with Simulation(1) as simulation:
        simulation.driver.advance(10)
        assert simulation.client.statistics is None
        assert simulation.cluster.statistics == {}


def test_bytes_of_connections_that_have_ended_still_count() -> None:
    with Simulation(2) as simulation:
        traffic = Traffic(simulation.engine)

        def carried() -> tuple[int, int]:
            links = simulation.driver.links
            return sum(link.sent for link in links), sum(link.received for link in links)

        assert traffic.totals() == carried()
        simulation.driver.links[-1].cut()
        simulation.driver.advance(3)
        assert len(simulation.driver.links) == 3
        assert traffic.totals() == carried()
        assert traffic.totals() == carried()


# ---- this process


def test_the_gauges_of_this_process() -> None:
    gauges = Process().gauges()
    assert {"os.totalPhysicalMemorySize", "os.processCpuTime", "runtime.usedMemory"} <= gauges.keys()
    assert all(type(value) in (int, float) for value in gauges.values())
    assert 0 < gauges["runtime.usedMemory"] < gauges["runtime.totalMemory"] <= gauges["runtime.maxMemory"] * 2
    assert gauges["os.processCpuTime"] > 1_000_000
    assert gauges["runtime.uptime"] > 0


def test_there_are_no_gauges_without_psutil(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "hazelcast.statistics")
    monkeypatch.setitem(sys.modules, "psutil", None)
    assert Process().gauges() == {}
    assert "psutil is not installed" in caplog.text


def test_a_gauge_that_the_system_refuses_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    import psutil

    def refuse(self: Any) -> Any:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil.Process, "num_fds", refuse)
    gauges = Process().gauges()
    assert "os.openFileDescriptorCount" not in gauges
    assert "runtime.usedMemory" in gauges


# ---- both drivers


@pytest.fixture
def server() -> Iterator[SocketCluster]:
    members = SocketCluster(1)
    yield members
    members.stop()


def options(server: SocketCluster) -> ClientConfig:
    return ClientConfig.from_kwargs(
        cluster_members=server.addresses, statistics_enabled=True, statistics_period=0.05, client_name="both"
    )


def check(server: SocketCluster) -> None:
    (received,) = server.do(lambda: list(server.cluster.statistics.values()))
    assert "clientAddress=127\\.0\\.0\\.1:" in received[1]
    assert "clientName=both" in received[1]
    found = {m.name: m.value for m in metrics_in(received[2])}
    assert found["bytesSend"] > 100
    assert found["bytesReceived"] > 100
    assert found["usedMemory"] > 1 << 20


def test_statistics_of_a_client_of_threads(server: SocketCluster) -> None:
    with Client(options(server)):
        until(lambda: server.cluster.statistics)
        check(server)


async def test_statistics_of_a_client_of_asyncio(server: SocketCluster) -> None:
    async with AsyncioClient(options(server)) as client:
        statistics = client.statistics
        assert statistics is not None
        import asyncio

        async with asyncio.timeout(30):
            while not server.cluster.statistics:
                await asyncio.sleep(0.01)
        check(server)
