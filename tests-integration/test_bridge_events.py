"""Events of both sides of a gateway (rows 65 to 67)."""

import logging
import queue
import threading
from typing import Any, ClassVar

import pytest
from py4j.java_gateway import server_connection_started, server_started, server_stopped

from hz_embedded import Jvm
from hz_embedded.bridge import GatewayEvent, GatewayEventKind, JavaServerListener, on_gateway_event

WAIT = 30


class Upper:
    """A Java function."""

    class Java:
        """The interfaces that py4j declares to Java."""

        implements: ClassVar = ["java.util.function.Function"]

    def apply(self, value: str) -> str:
        return value.upper()


def call_back(jvm: Jvm) -> None:
    assert jvm.view.java.util.Optional.of("a").map(Upper()).get() == "A"


class Listener(JavaServerListener):
    """Records the events of the Java side."""

    def __init__(self) -> None:
        self.started: queue.Queue[object] = queue.Queue()
        self.stopped: queue.Queue[object] = queue.Queue()

    def connectionStarted(self, connection: Any) -> None:
        self.started.put(connection)

    def connectionStopped(self, connection: Any) -> None:
        self.stopped.put(connection)


def test_row_65_listener_of_the_java_side() -> None:
    listener = Listener()
    with Jvm.start() as jvm:
        before = len(jvm.gateway.java_gateway_server.getListeners())
        jvm.add_server_listener(listener)
        jvm.gateway.close(keep_callback_server=True)
        assert listener.stopped.get(timeout=WAIT) is not None
        jvm.view.java.lang.System.nanoTime()  # over a new connection
        assert listener.started.get(timeout=WAIT) is not None
        jvm.remove_server_listener(listener)
        jvm.remove_server_listener(listener)
        assert len(jvm.gateway.java_gateway_server.getListeners()) == before
        assert jvm.held_callbacks == 0


def test_row_65_a_listener_that_calls_java_and_fails(caplog: pytest.LogCaptureFixture) -> None:
    numbers: queue.Queue[int] = queue.Queue()

    class Caller(JavaServerListener):
        def connectionStarted(self, connection: Any) -> None:
            numbers.put(int(connection.getSocket().getPort()))
            raise ValueError("of the listener")

    with Jvm.start() as jvm:
        jvm.add_server_listener(Caller())
        jvm.gateway.close(keep_callback_server=True)
        jvm.view.java.lang.System.nanoTime()
        assert numbers.get(timeout=WAIT) > 0
    assert "failed in connectionStarted" in caplog.text


def test_row_66_events_of_the_callback_server() -> None:
    events: queue.Queue[GatewayEvent] = queue.Queue()
    with Jvm.start() as jvm:
        port = jvm.callback_port
        registration = jvm.on_event(events.put)
        call_back(jvm)
        started = events.get(timeout=WAIT)
        assert (started.kind, started.port) == (GatewayEventKind.CONNECTION_STARTED, port)
        assert started.connection is not None
    seen: list[GatewayEvent] = []
    while len(seen) < 4:
        seen.append(events.get(timeout=WAIT))
    kinds = [event.kind for event in seen]
    assert set(kinds) == {
        GatewayEventKind.PRE_SHUTDOWN,
        GatewayEventKind.CONNECTION_STOPPED,
        GatewayEventKind.STOPPED,
        GatewayEventKind.POST_SHUTDOWN,
    }
    assert kinds.index(GatewayEventKind.PRE_SHUTDOWN) < kinds.index(GatewayEventKind.STOPPED)
    assert kinds.index(GatewayEventKind.STOPPED) < kinds.index(GatewayEventKind.POST_SHUTDOWN)
    assert {event.port for event in seen} == {port}
    registration.cancel()
    registration.cancel()


def test_row_66_py4js_own_signals() -> None:
    calls: queue.Queue[dict[str, Any]] = queue.Queue()

    def receive(**arguments: Any) -> None:
        calls.put(arguments)

    with Jvm.start() as jvm:
        server = jvm.gateway.get_callback_server()
        server_connection_started.connect(receive, sender=server)
        server_stopped.connect(receive, sender=server)
        try:
            call_back(jvm)
            started = calls.get(timeout=WAIT)
            assert started["sender"] is server
            assert started["connection"] is not None
            jvm.close()
            assert calls.get(timeout=WAIT)["server"] is server
        finally:
            server_connection_started.disconnect(receive, sender=server)
            server_stopped.disconnect(receive, sender=server)


def test_row_67_the_start_is_seen_by_who_listened_before() -> None:
    events: queue.Queue[GatewayEvent] = queue.Queue()
    raw: queue.Queue[Any] = queue.Queue()

    def receive(sender: Any, **arguments: Any) -> None:
        raw.put((sender, arguments["server"]))

    server_started.connect(receive)
    try:
        with on_gateway_event(events.put, GatewayEventKind.STARTED), Jvm.start() as jvm:
            started = events.get(timeout=WAIT)
            server = jvm.gateway.get_callback_server()
            assert (started.kind, started.port) == (GatewayEventKind.STARTED, jvm.callback_port)
            assert started.server is server
            assert raw.get(timeout=WAIT) == (server, server)
    finally:
        server_started.disconnect(receive)


def test_row_67_events_are_filtered_by_their_server() -> None:
    events: queue.Queue[GatewayEvent] = queue.Queue()
    with Jvm.start() as first, Jvm.start() as second:
        with first.on_event(events.put, GatewayEventKind.CONNECTION_STARTED):
            call_back(second)
            call_back(first)
            assert events.get(timeout=WAIT).port == first.callback_port
        first.gateway.close_callback_server()
    assert events.empty()


def test_a_handler_that_fails_is_logged_and_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    failed = threading.Event()

    def fail(event: GatewayEvent) -> None:
        failed.set()
        raise ValueError("of the handler")

    with Jvm.start() as jvm, caplog.at_level(logging.ERROR, "hz_embedded.bridge"):
        with jvm.on_event(fail, GatewayEventKind.CONNECTION_STARTED):
            call_back(jvm)
            assert failed.wait(WAIT)
        call_back(jvm)
    records = [record for record in caplog.records if record.name == "hz_embedded.bridge"]
    assert len(records) == 1
    assert "CONNECTION_STARTED" in records[0].getMessage()
