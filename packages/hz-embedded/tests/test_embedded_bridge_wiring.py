"""What the bridge adds to a py4j gateway, without a JVM: the answers are simulated."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest
from py4j import protocol
from py4j.java_collections import JavaMap as PlainMap
from py4j.java_gateway import GatewayProperty, PythonProxyPool

from hz_embedded.bridge import JavaList, JavaMap, JavaReference, Scope
from hz_embedded.bridge.memory import held_callbacks, release
from hz_embedded.bridge.wiring import state_of


class Client:
    """A gateway client whose answers are given by the test."""

    address = "127.0.0.1"

    def __init__(self, port: int) -> None:
        self.port = port
        self.converters: list[Any] = []
        self.is_connected = True
        self.commands: list[str] = []
        self.answers: list[str] = []
        self.dropped: list[str] = []
        self.gateway_property = GatewayProperty(False, PythonProxyPool(), False)

    def send_command(self, command: str) -> str:
        self.commands.append(command)
        return self.answers.pop(0) if self.answers else "yv"


def gateway(port: int) -> Any:
    client = Client(port)
    return SimpleNamespace(_gateway_client=client, gateway_property=client.gateway_property)


def arrive(client: Client, answer: str) -> Any:
    return protocol.get_return_value(answer, client, "o0", "call")


def test_only_a_gateway_that_was_taken_over_has_our_classes() -> None:
    ours, other = gateway(1), gateway(2)
    state_of(ours)
    assert type(arrive(ours._gateway_client, "yao1")) is JavaMap
    assert type(arrive(ours._gateway_client, "ylo2")) is JavaList
    assert isinstance(arrive(ours._gateway_client, "yro3"), JavaReference)
    assert type(arrive(other._gateway_client, "yao1")) is PlainMap
    assert state_of(ours) is state_of(ours)


def test_converters_belong_to_their_gateway_and_the_newest_goes_first() -> None:
    first, second = gateway(1), gateway(2)
    state_of(second)
    state_of(first).outputs = (
        ("java.util.Map", lambda thing: "newest"),
        ("java.util.Map", lambda thing: "oldest"),
    )
    assert arrive(first._gateway_client, "yao1") == "newest"
    assert type(arrive(first._gateway_client, "ylo2")) is JavaList
    assert type(arrive(second._gateway_client, "yao1")) is JavaMap
    assert first._gateway_client.commands == []  # no request was sent for these


def test_scopes_belong_to_a_thread() -> None:
    ours = gateway(1)
    client = ours._gateway_client
    with Scope(ours) as scope:
        thing = arrive(client, "yro1")
        other = threading.Thread(target=arrive, args=(client, "yro2"))
        other.start()
        other.join()
        assert len(scope) == 1
        scope.keep(thing)
        assert len(scope) == 0
        arrive(client, "yro3")
    assert client.commands == ["m\nd\no3\ne\n"]


def test_python_objects_are_released_by_identity() -> None:
    class Listener:
        class Java:
            """The interfaces that py4j declares to Java."""

            implements = ("java.lang.Runnable",)

    ours, listener = gateway(1), Listener()
    pool = ours.gateway_property.pool
    keys = [pool.put(each) for each in (listener, Listener(), listener)]
    assert held_callbacks(ours) == 3
    release(ours, listener)
    assert held_callbacks(ours) == 1
    with pytest.raises(
        ReferenceError, match=r"Java called run\(\) on a Python object that has been released"
    ):
        pool[keys[0]].run()
    with pytest.raises(TypeError, match="nothing to release"):
        release(ours, object())
