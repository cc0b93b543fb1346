"""Traces and metrics with OpenTelemetry; needs the extra ``opentelemetry``.

The names are those of the semantic conventions for databases, and below ``hazelcast.`` what these do not know.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final
from weakref import WeakKeyDictionary, WeakSet

from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation, get_meter_provider
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, TracerProvider, get_tracer_provider

from hz_core.__about__ import __version__
from hz_core.client_base import ClientBase
from hz_core.engine import Engine
from hz_core.invocation.invocation import Invocation
from hz_core.observability.calls import Call, call_of, is_internal, structure_of
from hz_core.statistics.traffic import Traffic

SYSTEM: Final = "hazelcast"

BUCKETS: Final = (0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0)
"""Boundaries of the durations in seconds: those that the conventions advise, and two shorter ones."""

_SPAN: Final = "_opentelemetry_span"

_Attributes = dict[str, str | int]


class Instrumentation:
    """A client that reports traces and metrics; see :func:`instrument`."""

    def __init__(
        self, client: ClientBase, tracer_provider: TracerProvider | None, meter_provider: MeterProvider | None
    ) -> None:
        self._client = client
        self._instruments = None if meter_provider is None else _instruments_of(meter_provider)
        tracer = None if tracer_provider is None else tracer_provider.get_tracer(SYSTEM, __version__)
        record = None if self._instruments is None else self._instruments.duration.record
        self._watched = _Watched(client._engine)
        self._observer = _Observer(client._engine, tracer, record, self._watched)
        if self._instruments is not None:
            self._instruments.watched.add(self._watched)
        client.add_observer(self._observer)

    def end(self) -> None:
        """Report nothing more, but the ends of operations that have begun. Then operations cost no more than before."""
        self._client.remove_observer(self._observer)
        if self._instruments is not None:
            self._instruments.watched.discard(self._watched)


def instrument(
    client: ClientBase,
    *,
    tracer_provider: TracerProvider | None = None,
    meter_provider: MeterProvider | None = None,
    spans: bool = True,
    metrics: bool = True,
) -> Instrumentation:
    """Report the operations of a client as spans and metrics, until the client is shut down or ``end`` is called.

    Args:
        client: A client of threads or of asyncio.
        tracer_provider: Gets the spans; None for the global one.
        meter_provider: Gets the metrics; None for the global one.
        spans: Whether there are spans.
        metrics: Whether there are metrics.
    """
    return Instrumentation(
        client,
        (tracer_provider or get_tracer_provider()) if spans else None,
        (meter_provider or get_meter_provider()) if metrics else None,
    )


class _Observer:
    """Makes a span and a duration of each operation of the user."""

    keeps_context = True

    def __init__(
        self, engine: Engine, tracer: Any, record: Callable[..., object] | None, watched: "_Watched"
    ) -> None:
        self._engine = engine
        self._cluster = engine.config.cluster_name
        self._tracer = tracer
        self._record = record
        self._watched = watched  # kept as long as the client

    def invocation_started(self, invocation: Invocation) -> None:
        if self._tracer is None or is_internal(invocation.op):
            return
        operation, structure = invocation.op.method.name, structure_of(invocation.op)
        # The parent is the span of the code that calls: this runs in its thread or task.
        vars(invocation)[_SPAN] = self._tracer.start_span(
            operation if structure is None else f"{operation} {structure}", kind=SpanKind.CLIENT
        )

    def invocation_completed(self, invocation: Invocation, error: BaseException | None) -> None:
        if is_internal(invocation.op):
            return
        call = call_of(invocation, self._engine, succeeded=error is None)
        attributes = _attributes(call, error)
        if self._record is not None:
            self._record(max(self._engine.io.now() - invocation.started, 0.0), attributes)
        span: Span | None = vars(invocation).pop(_SPAN, None)
        if span is not None:
            self._end(span, call, attributes, error)

    def _end(self, span: Span, call: Call, attributes: _Attributes, error: BaseException | None) -> None:
        span.set_attributes(attributes)
        span.set_attribute("db.namespace", self._cluster)
        if call.partition is not None:
            span.set_attribute("hazelcast.partition_id", call.partition)
        if call.attempts > 1:
            span.set_attribute("hazelcast.attempts", call.attempts)
        if error is not None:
            # Not its text, which may contain a part of a key or value.
            span.set_status(Status(StatusCode.ERROR))
        span.end()


def _attributes(call: Call, error: BaseException | None) -> _Attributes:
    found: _Attributes = {"db.system.name": SYSTEM, "db.operation.name": call.operation}
    if call.structure is not None:
        found["db.collection.name"] = call.structure
    if call.address is not None:
        found["server.address"] = call.address.host
        found["server.port"] = call.address.port
    if error is not None:
        found["error.type"] = type(error).__name__
    return found


class _Watched:
    """A client whose state is measured when metrics are collected, by any thread."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.attributes = {"hazelcast.client.name": engine.name}
        self.traffic = Traffic(engine)


class _Instruments:
    """The instruments of one meter provider, for all clients that report to it."""

    def __init__(self, provider: MeterProvider) -> None:
        self.watched: WeakSet[_Watched] = WeakSet()
        meter = provider.get_meter(SYSTEM, __version__)
        self.duration = meter.create_histogram(
            "db.client.operation.duration",
            unit="s",
            description="Duration of operations, from the call to the result.",
            explicit_bucket_boundaries_advisory=BUCKETS,
        )
        meter.create_observable_up_down_counter(
            "hazelcast.client.pending_requests",
            [self._each(lambda w: w.engine.invocations.pending_count)],
            unit="{request}",
            description="Requests that wait for a reply, a backup, a connection or the next attempt.",
        )
        meter.create_observable_up_down_counter(
            "hazelcast.client.connections",
            [self._each(lambda w: len(w.engine.routing.open_connections()))],
            unit="{connection}",
            description="Connections over which operations are sent.",
        )
        meter.create_observable_counter(
            "hazelcast.client.connections.lost",
            [self._each(lambda w: w.engine.connections_lost)],
            unit="{connection}",
            description="Connections that were lost.",
        )
        meter.create_observable_counter(
            "hazelcast.client.reconnects",
            [self._each(lambda w: w.engine.reconnects)],
            unit="{reconnect}",
            description="Returns to the cluster after the last connection was lost.",
        )
        meter.create_observable_counter(
            "hazelcast.client.io",
            [self._io],
            unit="By",
            description="Bytes on the connections, by network.io.direction.",
        )

    def _all(self) -> list[_Watched]:
        # Another thread may add a client at this moment, which is then measured the next time.
        with suppress(RuntimeError):
            return list(self.watched)
        return []

    def _each(self, measure: Callable[[_Watched], int]) -> Callable[[CallbackOptions], Iterable[Observation]]:
        def observe(options: CallbackOptions) -> Iterable[Observation]:
            return [Observation(measure(watched), watched.attributes) for watched in self._all()]

        return observe

    def _io(self, options: CallbackOptions) -> Iterable[Observation]:
        found: list[Observation] = []
        for watched in self._all():
            totals = watched.traffic.totals()
            for direction, value in zip(("transmit", "receive"), totals or (), strict=False):
                found.append(Observation(value, {**watched.attributes, "network.io.direction": direction}))
        return found


_made: Final["WeakKeyDictionary[MeterProvider, _Instruments]"] = WeakKeyDictionary()


def _instruments_of(provider: MeterProvider) -> _Instruments:
    instruments = _made.get(provider)
    if instruments is None:
        instruments = _made[provider] = _Instruments(provider)
    return instruments
