"""Ports of both sides of the bridge (rows 40 to 44, 82)."""

import socket
import threading
from typing import Any, ClassVar

import pytest
from py4j import java_gateway

from hz_embedded import Cluster, ConfigurationError, Jvm, JvmStartError
from hz_embedded.bridge import BridgeOptions
from hz_embedded.interfaces import java_function


class Upper:
    """A Java function."""

    class Java:
        """The interfaces that py4j declares to Java."""

        implements: ClassVar = ["java.util.function.Function"]

    def apply(self, value: str) -> str:
        return value.upper()


def call_back(jvm: Jvm) -> object:
    return jvm.view.java.util.Optional.of("a").map(Upper()).get()


def test_row_40_py4js_default_ports_are_not_taken() -> None:
    assert (java_gateway.DEFAULT_PORT, java_gateway.DEFAULT_PYTHON_PROXY_PORT) == (25333, 25334)
    assert (BridgeOptions().port, BridgeOptions().callback_port) == (0, 0)
    with Jvm.start() as jvm:
        assert {jvm.port, jvm.callback_port}.isdisjoint({25333, 25334})


@pytest.mark.parametrize("threading_model", ["multi", "pinned"])
def test_rows_41_42_43_free_ports_are_read_back(threading_model: Any) -> None:
    with Jvm.start(bridge=BridgeOptions(threading=threading_model)) as jvm:
        assert jvm.port > 0
        assert jvm.port == jvm.gateway.java_gateway_server.getListeningPort()
        assert jvm.callback_port == jvm.gateway.get_callback_server().get_listening_port()
        with (
            socket.create_connection(("127.0.0.1", jvm.port)),
            socket.create_connection(("127.0.0.1", jvm.callback_port)),
        ):
            assert call_back(jvm) == "A"


@pytest.mark.parametrize("threading_model", ["multi", "pinned"])
def test_row_41_ports_of_ones_own(threading_model: Any, reserved_ports: tuple[int, int]) -> None:
    port, callback_port = reserved_ports
    options = BridgeOptions(threading=threading_model, port=port, callback_port=callback_port)
    with Jvm.start(bridge=options) as jvm:
        assert (jvm.port, jvm.callback_port) == reserved_ports
        assert call_back(jvm) == "A"


@pytest.mark.parametrize("threading_model", ["multi", "pinned"])
@pytest.mark.parametrize("side", ["port", "callback_port"])
def test_row_82_a_taken_port_is_a_named_error(threading_model: Any, side: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ports: dict[str, Any] = {side: port}
        with pytest.raises(JvmStartError) as caught:
            Jvm.start(bridge=BridgeOptions(threading=threading_model, **ports))
    message = str(caught.value)
    assert message.startswith("the gateway to ")
    for part in ("could not be opened", f"127.0.0.1:{port}", "Address already in use"):
        assert part in message


@pytest.mark.parametrize(
    "wrong",
    [
        {"port": -1},
        {"callback_port": 65536},
        {"port": "1"},
        {"threading": "one"},
        {"read_timeout": 0},
        {"read_timeout": float("nan")},
        {"read_timeout": "5"},
    ],
)
def test_row_82_options_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="must be"):
        BridgeOptions(**wrong)


def test_row_42_ports_of_a_cluster(cluster: Cluster) -> None:
    assert cluster.jvm.port == cluster.gateway.java_gateway_server.getListeningPort()


@pytest.mark.parametrize("threading_model", ["multi", "pinned"])
def test_row_44_java_is_pointed_at_another_callback_server(threading_model: Any) -> None:
    with Jvm.start(bridge=BridgeOptions(threading=threading_model)) as jvm:
        held = jvm.java.util.ArrayList()
        held.add(Upper())
        assert call_back(jvm) == "A"
        before = jvm.callback_port
        jvm.restart_callback_server()
        assert jvm.callback_port not in (0, before)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", before))
        assert call_back(jvm) == "A"
        # An object from before, called by a thread of Java's, which has to open a connection with the token.
        executor = jvm.java.util.concurrent.Executors.newSingleThreadExecutor()
        future = jvm.java.util.concurrent.CompletableFuture.completedFuture("b")
        assert future.thenApplyAsync(held.get(0), executor).get() == "B"
        executor.shutdown()
        seen: list[threading.Thread] = []
        jvm.java.util.Optional.of("a").ifPresent(
            java_function(lambda _: seen.append(threading.current_thread()), "java.util.function.Consumer")
        )
        assert (seen == [threading.current_thread()]) == jvm.bridge_options.pinned


def test_row_44_py4js_own_reset() -> None:
    with Jvm.start() as jvm:
        before = jvm.callback_port
        jvm.gateway.restart_callback_server()
        assert jvm.callback_port not in (0, before)
        loopback = jvm.view.java.net.InetAddress.getByName("127.0.0.1")
        jvm.gateway.java_gateway_server.resetCallbackClient(loopback, jvm.callback_port)
        assert call_back(jvm) == "A"
