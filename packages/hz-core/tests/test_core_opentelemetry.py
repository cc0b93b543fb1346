"""Spans and metrics of a client, as the exporters of OpenTelemetry get them."""

import gc
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from core_simulation import MapOps, Simulation
from core_sockets import SocketCluster, until
from hz_core.aio_client import AsyncioClient
from hz_core.client import Client
from hz_core.client_base import ClientBase
from hz_core.config import ClientConfig
from hz_core.drivers.blocking import BlockingCall
from hz_core.errors import IllegalArgumentError
from hz_core.flow import RunningFlow
from hz_core.future import Future
from hz_core.invocation.invocation import PromisedInvocation
from hz_core.op import Flow
from hz_core.opentelemetry import BUCKETS, Instrumentation, instrument
from hz_core.testing import codes


class Exported:
    """Providers whose exporters keep everything in memory."""

    def __init__(self) -> None:
        self._spans = InMemorySpanExporter()
        self._reader = InMemoryMetricReader()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        self.meters = MeterProvider([self._reader])
        self.tracer = self.tracers.get_tracer("program")

    def instrument(self, client: ClientBase, **options: Any) -> Instrumentation:
        """Let a client report here."""
        return instrument(client, tracer_provider=self.tracers, meter_provider=self.meters, **options)

    def spans(self, count: int | None = None) -> list[ReadableSpan]:
        """Return the spans that have ended and are the client's, when there are `count`."""
        if count is not None:
            until(lambda: len(self.spans()) >= count)
        return [span for span in self._spans.get_finished_spans() if span.kind is SpanKind.CLIENT]

    def metric(self, name: str, **attributes: Any) -> list[Any]:
        """Return the points of a metric with these attributes."""
        data = self._reader.get_metrics_data()
        points = (
            point
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        )
        wanted = {key.replace("_", "."): value for key, value in attributes.items()}.items()
        return [point for point in points if wanted <= dict(point.attributes or {}).items()]


@pytest.fixture
def exported() -> Iterator[Exported]:
    made = Exported()
    yield made
    made.tracers.shutdown()
    made.meters.shutdown()


@pytest.fixture
def server() -> Iterator[SocketCluster]:
    members = SocketCluster(2)
    yield members
    members.stop()


def config(server: SocketCluster) -> ClientConfig:
    return ClientConfig.from_kwargs(
        cluster_members=server.addresses, client_name="traced", shuffle_member_list=False
    )


def attributes(span: ReadableSpan) -> dict[str, Any]:
    """Return the attributes of a span."""
    return dict(span.attributes or {})


def test_a_span_has_the_names_of_the_conventions(exported: Exported) -> None:
    with Simulation(2) as simulation:
        exported.instrument(simulation.client)
        with exported.tracer.start_as_current_span("caller") as caller:
            simulation.put(1, "secret")
        simulation.driver.advance(30)  # heartbeats have no spans
    (span,) = exported.spans()
    assert (span.name, span.kind, span.status.status_code) == ("Map.put m", SpanKind.CLIENT, StatusCode.UNSET)
    assert span.parent is not None
    assert span.parent.span_id == caller.get_span_context().span_id
    assert attributes(span) == {
        "db.system.name": "hazelcast",
        "db.operation.name": "Map.put",
        "db.collection.name": "m",
        "db.namespace": "dev",
        "server.address": "10.0.0.2",
        "server.port": 5701,
        "hazelcast.partition_id": 1,
    }
    assert "secret" not in span.to_json()


def test_an_operation_that_fails_after_retries(exported: Exported) -> None:
    with Simulation(1) as simulation:
        exported.instrument(simulation.client)
        (member,) = simulation.cluster.members
        member.rule("Map.put", lambda request: request.error(*codes.RETRYABLE), times=2)
        member.rule("Map.put", lambda request: request.error(*codes.ILLEGAL_ARGUMENT), times=1)
        with pytest.raises(IllegalArgumentError):
            simulation.put(1, "x")
    (span,) = exported.spans()
    assert span.status.status_code is StatusCode.ERROR
    found = attributes(span)
    assert (found["error.type"], found["hazelcast.attempts"]) == ("IllegalArgumentError", 3)
    assert found["server.address"] == "10.0.0.1"
    (point,) = exported.metric("db.client.operation.duration", error_type="IllegalArgumentError")
    assert point.count == 1


def test_durations(exported: Exported) -> None:
    with Simulation(1) as simulation:
        exported.instrument(simulation.client, spans=False)
        simulation.driver.links[0].latency = 0.15
        simulation.put(1, "x")
        simulation.put(1, "x")
        simulation.get(1)
    assert exported.spans() == []
    (put,) = exported.metric("db.client.operation.duration", db_operation_name="Map.put")
    assert (put.count, tuple(put.explicit_bounds)) == (2, BUCKETS)
    assert put.sum == pytest.approx(0.6)
    assert dict(put.attributes) == {
        "db.system.name": "hazelcast",
        "db.operation.name": "Map.put",
        "db.collection.name": "m",
        "server.address": "10.0.0.1",
        "server.port": 5701,
    }
    (get,) = exported.metric("db.client.operation.duration", db_operation_name="Map.get")
    assert get.count == 1


def value(exported: Exported, name: str, **wanted: Any) -> int:
    """Return the value of a metric that has one point."""
    (point,) = exported.metric(f"hazelcast.client.{name}", **wanted)
    found: int = point.value
    return found


def test_the_state_of_a_client_is_measured(exported: Exported) -> None:
    with Simulation(2) as simulation:
        exported.instrument(simulation.client)
        assert value(exported, "connections", hazelcast_client_name="client") == 2
        sent = value(exported, "io", network_io_direction="transmit")
        received = value(exported, "io", network_io_direction="receive")
        kept: list[Any] = []
        for member in simulation.cluster.members:
            member.rule("Map.get", kept.append, times=3)
        outcomes = [simulation.submit(simulation.ops.get(n)) for n in range(3)]
        assert value(exported, "pending_requests") == 3
        simulation.driver.advance(0.1)
        assert value(exported, "io", network_io_direction="transmit") > sent
        for request in kept:
            request.reply(None)
        simulation.until(lambda: all(outcome.done for outcome in outcomes))
        assert value(exported, "io", network_io_direction="receive") > received
        assert value(exported, "pending_requests") == 0
        assert (value(exported, "connections.lost"), value(exported, "reconnects")) == (0, 0)
        simulation.cluster.cut_all()
        simulation.until(lambda: simulation.engine.reconnects and len(simulation.connections) == 2)
        assert (value(exported, "connections.lost"), value(exported, "reconnects")) == (2, 1)


def test_clients_of_one_provider_are_told_apart_and_forgotten(exported: Exported) -> None:
    with Simulation(1, client_name="first") as first, Simulation(2, client_name="second") as second:
        one = exported.instrument(first.client)
        exported.instrument(second.client)
        assert value(exported, "connections", hazelcast_client_name="first") == 1
        assert value(exported, "connections", hazelcast_client_name="second") == 2
        one.end()
        one.end()
        assert exported.metric("hazelcast.client.connections", hazelcast_client_name="first") == []
        first.put(1, "x")
        assert exported.spans() == []
    assert value(exported, "connections", hazelcast_client_name="second") == 0
    del second
    gc.collect()
    assert exported.metric("hazelcast.client.connections") == []


def test_without_metrics_there_are_none(exported: Exported) -> None:
    with Simulation(1) as simulation:
        exported.instrument(simulation.client, metrics=False)
        simulation.put(1, "x")
    assert len(exported.spans()) == 1
    assert exported.metric("db.client.operation.duration") == []


def test_nothing_is_left_of_it_at_the_end(server: SocketCluster, exported: Exported) -> None:
    with Client(config(server)) as client:
        blocking: Any = client.blocking
        futures: Any = client.futures
        plain = (blocking._new_call, futures._new_future, client._engine.flows)
        assert plain == (BlockingCall, Future, RunningFlow)
        assert client._engine.invocations._promised is PromisedInvocation
        running = exported.instrument(client)
        assert blocking._new_call is not BlockingCall
        running.end()
        assert (blocking._new_call, futures._new_future, client._engine.flows) == plain
        assert client._engine.invocations._promised is PromisedInvocation


# ---- the context of the caller, on all surfaces


def test_operations_belong_to_the_caller_on_blocking_and_futures(
    server: SocketCluster, exported: Exported
) -> None:
    with Client(config(server)) as client:
        exported.instrument(client)
        ops = MapOps(client.serialization, server.cluster.partition_count)

        def flow() -> Flow[None]:
            yield ops.get(1)
            yield [ops.put(1, "x"), nested()]
            yield ops.get(2)

        def nested() -> Flow[None]:
            yield ops.get(3)
            yield ops.get(4)

        callbacks: list[Any] = []

        def note(future: Any) -> None:
            callbacks.append(trace.get_current_span().get_span_context().span_id)

        with exported.tracer.start_as_current_span("caller") as span:
            client.blocking.call(ops.get(1))
            client.blocking.run(flow())
            client.blocking.within(30).call(ops.get(1))
            future = client.futures.call(ops.get(1))
            future.add_done_callback(note)
            chained = future.continue_with(lambda f: note(f)).continue_with(lambda f: note(f))
            chained.result()
            client.futures.run(flow()).result()
            caller = span.get_span_context().span_id
        until(lambda: len(callbacks) == 3)
        spans = exported.spans(13)
    assert callbacks == [caller] * 3
    assert len(spans) == 13
    assert {s.parent.span_id for s in spans if s.parent} == {caller}
    assert all(s.parent is not None for s in spans)


async def test_operations_belong_to_the_caller_on_asyncio(server: SocketCluster, exported: Exported) -> None:
    async with AsyncioClient(config(server)) as client:
        exported.instrument(client)
        ops = MapOps(client.serialization, server.cluster.partition_count)

        def flow() -> Flow[None]:
            yield ops.get(1)
            yield [ops.put(1, "x"), ops.get(2)]
            yield ops.get(2)

        with exported.tracer.start_as_current_span("caller") as span:
            await client.operations.call(ops.get(1))
            await client.operations.run(flow())
            caller = span.get_span_context().span_id
        await client.operations.call(ops.get(1))
        spans = exported.spans()
    assert len(spans) == 6
    assert [s.parent.span_id if s.parent else None for s in spans] == [caller] * 5 + [None]


def test_a_failing_exporter_disturbs_no_operation(
    exported: Exported, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        def invocation_completed(self, invocation: Any, error: BaseException | None) -> None:
            raise ZeroDivisionError

        def invocation_started(self, invocation: Any) -> None:
            raise ZeroDivisionError

    with Simulation(1) as simulation:
        simulation.client.add_observer(Broken())
        exported.instrument(simulation.client)
        simulation.put(1, "x")
        assert simulation.get(1) == "x"
    assert len(exported.spans()) == 2
    assert caplog.text.count("an observer of operations failed") >= 4
