"""Spans, diagnostics and debug sessions of clients of real members, on all surfaces."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

import hazelcast
import hazelcast.asyncio
from hazelcast.opentelemetry import instrument
from hz_core.client_base import ClientBase
from hz_embedded import Cluster
from map_harness import Caller, fresh_name, until_now

ENTRIES = {n: n for n in range(100)}


class Spans:
    """The spans of a program and of its clients."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))

    def of(self, structure: str) -> list[ReadableSpan]:
        """Return the spans of a structure that have ended."""
        return [
            span
            for span in self._exporter.get_finished_spans()
            if span.kind is SpanKind.CLIENT and (span.attributes or {}).get("db.collection.name") == structure
        ]


@pytest.fixture
def spans() -> Iterator[Spans]:
    made = Spans()
    yield made
    made.provider.shutdown()


def check(found: list[ReadableSpan], parent: int, cluster: Cluster) -> None:
    """Check the spans of `put_all` and `get`: the first has one for each member with a part of the entries."""
    assert Counter(span.name.partition(" ")[0] for span in found)["Map.get"] == 1
    assert {span.parent.span_id if span.parent else None for span in found} == {parent}
    ports = {(span.attributes or {})["server.port"] for span in found}
    assert ports <= {int(address.rpartition(":")[2]) for address in cluster.addresses}
    assert len(ports) == len(cluster.members)


def test_spans_of_threads(trio: Cluster, spans: Spans) -> None:
    name = fresh_name("spans")
    with hazelcast.HazelcastClient(cluster_members=trio.addresses) as client:
        running = instrument(client, tracer_provider=spans.provider, metrics=False)
        m = client.get_map(name)
        for entries in (m.blocking(), m):
            earlier = len(spans.of(name))
            with spans.provider.get_tracer("test").start_as_current_span("caller") as span:
                done: list[Any] = [entries.put_all(ENTRIES), entries.get(1)]
                for future in done:
                    if hasattr(future, "result"):
                        future.result()
                caller = span.get_span_context().span_id
            until_now(lambda earlier=earlier: len(spans.of(name)) > earlier + 3)  # type: ignore[misc]  # no name for it
            until_now(lambda: not client.diagnostics().pending)
            check(spans.of(name)[earlier:], caller, trio)
        running.end()


async def test_spans_of_asyncio(trio: Cluster, spans: Spans) -> None:
    name = fresh_name("spans")
    async with hazelcast.asyncio.HazelcastClient(cluster_members=trio.addresses) as client:
        instrument(client, tracer_provider=spans.provider, metrics=False)
        m = await client.get_map(name)
        with spans.provider.get_tracer("test").start_as_current_span("caller") as span:
            await asyncio.gather(m.put_all(ENTRIES), m.get(1))
            caller = span.get_span_context().span_id
        check(spans.of(name), caller, trio)


async def test_diagnostics_and_steps_on_all_surfaces(caller: Caller, cluster: Cluster) -> None:
    client: ClientBase = caller.client
    m = await caller.map(fresh_name("steps"))
    with client.debug() as session:
        await m.put("key", "value")
    call = session.calls[-1]
    assert (call.operation, call.done, call.steps[-1].what) == ("Map.put", True, "succeeded")
    assert [step.at for step in call.steps] == sorted(step.at for step in call.steps)
    found = client.diagnostics()
    assert [connection.address for connection in found.connections] == cluster.addresses
    assert found.connections[0].server_version == cluster.version
    assert found.members == cluster.addresses
