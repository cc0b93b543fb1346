"""A Java program that somebody else has started: attaching to its py4j server with all functions of the bridge."""

import gc
import socket
import subprocess
import threading
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from py4j.java_gateway import GatewayParameters, JavaGateway
from py4j.protocol import Py4JJavaError, Py4JNetworkError

from bridge_values import copied
from hz_embedded import ConfigurationError, Jvm, JvmConnection, find_java
from hz_embedded._py4j import jar_path
from hz_embedded.bridge import BridgeOptions, GatewayError, JavaError
from hz_embedded.bridge.java_events import JavaServerListener
from hz_embedded.interfaces import Comparator, java_function

WAIT = 30


@pytest.fixture(scope="module")
def program() -> Iterator[Jvm]:
    """The Java program; only what it does itself is done through this object."""
    with Jvm.start() as jvm:
        yield jvm


def own_server(program: Jvm, kind: str, token: str | None, entry_point: Any) -> Any:
    """Start a server as the program would do it by itself, and return it."""
    builder = getattr(getattr(program.view.py4j, kind), f"{kind}Builder")(entry_point)
    builder.javaPort(0)
    if token is not None:
        builder.authToken(token)
    server = builder.build()
    if kind == "ClientServer":
        return server.getJavaServer()
    server.start()
    return server


@pytest.fixture(
    scope="module",
    params=[("GatewayServer", None), ("GatewayServer", "of the program"), ("ClientServer", "of the program")],
    ids=["plain", "token", "pinned"],
)
def server(request: pytest.FixtureRequest, program: Jvm) -> Iterator[tuple[int, str | None]]:
    """Port and token of a server of the program, whose entry point is a map of listeners."""
    kind, token = request.param
    listeners = program.to_java({"greeting": "hello"})
    started = own_server(program, kind, token, listeners)
    yield int(started.getListeningPort()), token
    started.shutdown()


@pytest.fixture(scope="module", params=["multi", "pinned"])
def connection(request: pytest.FixtureRequest, server: tuple[int, str | None]) -> Iterator[JvmConnection]:
    with JvmConnection(*server, bridge=BridgeOptions(threading=request.param)) as connected:
        yield connected


def test_the_entry_point_of_the_program(connection: JvmConnection) -> None:
    assert connection.entry_point.get("greeting") == "hello"
    assert connection.gateway.entry_point.get("greeting") == "hello"
    assert connection.gateway.size() == 1  # py4j passes unknown methods of the gateway on


def test_collections_and_conversion(connection: JvmConnection) -> None:
    assert copied(connection.to_java({"a": [1, 2]})) == {"a": [1, 2]}
    words = connection.java.util.ArrayList()
    words += ["one", "three"]
    assert words == ["one", "three"]
    assert connection.to_python(connection.to_java({1, 2})) == {1, 2}


def test_callbacks_in_the_chosen_threads(connection: JvmConnection) -> None:
    threads: list[threading.Thread] = []

    class ByLength(Comparator[str]):
        def compare(self, left: str, right: str) -> int:
            threads.append(threading.current_thread())
            return len(left) - len(right)

    words = connection.to_java(["three", "one"])
    connection.java.util.Collections.sort(words, ByLength())
    assert copied(words) == ["one", "three"]
    pinned = connection.bridge_options.pinned
    assert all((thread is threading.current_thread()) == pinned for thread in threads)
    # A thread of the program calls Python.
    executor = connection.java.util.concurrent.Executors.newSingleThreadExecutor()
    assert executor.submit(java_function(lambda: "from Java")).get() == "from Java"
    executor.shutdown()


def test_errors_and_memory(connection: JvmConnection) -> None:
    with pytest.raises(JavaError, match="NumberFormatException"), connection.errors():
        connection.java.lang.Integer.parseInt("x")
    gc.collect()
    before = connection.held_objects
    with connection.scope():
        connection.to_java([[1], [2]])
    assert connection.held_objects == before
    held = connection.held_callbacks
    listener = java_function(print, "java.lang.Runnable")
    connection.entry_point.put("listener", listener)
    assert connection.held_callbacks == held + 1
    connection.release(listener)
    assert connection.held_callbacks == held
    connection.entry_point.remove("listener")


def test_events(connection: JvmConnection) -> None:
    started = threading.Event()

    class Watch(JavaServerListener):
        def connectionStarted(self, connection: Any) -> None:
            started.set()

    watch = Watch()
    connection.add_server_listener(watch)
    caller = threading.Thread(
        target=lambda: (connection.gateway.close(keep_callback_server=True), connection.System.gc())
    )
    caller.start()
    caller.join(WAIT)
    assert started.wait(WAIT)
    connection.remove_server_listener(watch)


class Greeter:
    """The entry point in Python."""

    class Java:
        """The interfaces that py4j declares to Java."""

        implements: ClassVar = ["java.util.concurrent.Callable"]

    def call(self) -> str:
        return "hello from Python"


@pytest.mark.parametrize("threading_model", ["multi", "pinned"])
def test_the_program_goes_on_after_the_connection(program: Jvm, threading_model: Any) -> None:
    server = own_server(program, "GatewayServer", None, None)
    port = int(server.getListeningPort())
    options = BridgeOptions(threading=threading_model, entry_point=Greeter())
    with JvmConnection(port, bridge=options) as connection:
        proxy = connection.python_entry_point("java.util.concurrent.Callable")
        assert proxy.call() == "hello from Python"
        with pytest.raises(ConfigurationError, match="no Java entry point"):
            _ = connection.entry_point
        values, ours = connection.java.util.ArrayList(), connection.port
    with pytest.raises(Py4JNetworkError, match="has been shut down"):
        values.size()
    with pytest.raises(GatewayError, match="has been closed"):
        connection.to_java([1])
    connection.close()
    # Our server has ended, the program's has not.
    with pytest.raises(GatewayError, match="cannot be used"):
        JvmConnection(ours)
    with JvmConnection(port) as again:
        assert again.java.lang.Math.abs(-1) == 1
    server.shutdown()


def test_a_wrong_token_and_a_wrong_port(program: Jvm) -> None:
    server = own_server(program, "GatewayServer", "of the program", None)
    port = int(server.getListeningPort())
    for token in (None, "a guess"):
        with pytest.raises(GatewayError, match=f"server at 127.0.0.1:{port} cannot be used"):
            JvmConnection(port, token)
    server.shutdown()
    with socket.socket() as refusing:
        refusing.bind(("127.0.0.1", 0))  # without listen()
        port = refusing.getsockname()[1]
        with pytest.raises(GatewayError, match=f"server at 127.0.0.1:{port} cannot be used"):
            JvmConnection(port)


def test_a_server_that_does_not_answer() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(GatewayError, match=r"(gave no answer|did not answer) within 0\.2 s"),
    ):
        JvmConnection(silent.getsockname()[1], timeout=0.2)


@pytest.fixture
def process() -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A process with the server that py4j's own main method starts, and its port."""
    command = [str(find_java().program), "-cp", jar_path(), "py4j.GatewayServer", "--die-on-broken-pipe", "0"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        try:
            yield started, int(started.stdout.readline())
        finally:
            started.kill()


@pytest.mark.parametrize("threading_model", ["multi", "pinned"])
def test_a_process_of_its_own_that_ends(
    process: tuple[subprocess.Popen[str], int], threading_model: Any
) -> None:
    program, port = process
    with JvmConnection(port, bridge=BridgeOptions(threading=threading_model)) as connection:
        values = connection.to_java([3, 1, 2])
        connection.java.util.Collections.sort(values)
        assert copied(values) == [1, 2, 3]
        program.kill()
        program.wait(WAIT)
        with pytest.raises(Py4JNetworkError):
            values.size()
        with pytest.raises(GatewayError), connection.errors():
            values.size()


def test_plain_py4j_beside_the_connection(program: Jvm) -> None:
    server = own_server(program, "GatewayServer", None, None)
    port = int(server.getListeningPort())
    with JvmConnection(port) as connection:
        plain = JavaGateway(gateway_parameters=GatewayParameters(port=port))
        assert plain.jvm.java.lang.Math.abs(-1) == 1
        with pytest.raises(Py4JJavaError):
            plain.jvm.java.lang.Integer.parseInt("x")
        assert connection.java.lang.Math.abs(-2) == 2
        # Its objects may be freed later, which must not connect to a port that is another's then.
        plain.shutdown()
