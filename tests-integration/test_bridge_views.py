"""Views of the JVM's classes, imports, help, boxing and shutdown (rows 24, 58 to 63, 77)."""

import socket
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from py4j.java_gateway import JVMView, java_import
from py4j.protocol import Py4JError, Py4JNetworkError

from bridge_values import copied
from hz_embedded import Cluster, ConfigurationError, Jvm, JvmStartError
from hz_embedded._waiting import await_state
from hz_embedded.bridge import BridgeOptions, JavaError

WAIT = 30


@pytest.fixture(scope="module")
def jvm() -> Iterator[Jvm]:
    with Jvm.start() as started:
        yield started


def of_two(view: Any) -> Any:
    return view.java.util.ArrayList(view.java.util.Collections.nCopies(2, "x"))


@pytest.mark.parametrize("threading_model", ["multi", "pinned"])
@pytest.mark.parametrize(
    ("chosen", "size"), [("java.util.ArrayList", 0), (of_two, 2)], ids=["class", "function"]
)
def test_row_24_the_entry_point(threading_model: Any, chosen: Any, size: int) -> None:
    with Jvm.start(bridge=BridgeOptions(threading=threading_model, java_entry_point=chosen)) as jvm:
        assert jvm.entry_point.size() == size
        jvm.entry_point.add("mine")
        # The same object by py4j's names, and as Java sees it.
        assert jvm.gateway.entry_point.get(size) == "mine"
        assert jvm.gateway.size() == size + 1
        assert copied(jvm.gateway.java_gateway_server.getGateway().getEntryPoint()) == ["x"] * size + ["mine"]
        # It is not released like others.
        jvm.release(jvm.entry_point)
        assert jvm.entry_point.size() == size + 1


def test_row_24_without_an_entry_point(jvm: Jvm) -> None:
    with pytest.raises(ConfigurationError, match=r"no Java entry point: choose one with .*java_entry_point"):
        _ = jvm.entry_point
    with pytest.raises(Py4JError):
        jvm.gateway.entry_point.toString()
    with pytest.raises(JvmStartError, match=r"no\.such\.Class"):
        Jvm.start(bridge=BridgeOptions(java_entry_point="no.such.Class"))
    with pytest.raises(ConfigurationError, match="java_entry_point must be"):
        BridgeOptions(java_entry_point="")


def refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return True
    return False


@pytest.mark.parametrize("threading_model", ["multi", "pinned"])
def test_row_24_shutdown_ends_both_sides(threading_model: Any) -> None:
    with Jvm.start(bridge=BridgeOptions(threading=threading_model)) as jvm:
        assert jvm.gateway.java_gateway_server.getListeningPort() == jvm.port
        server = jvm.gateway.get_callback_server()
        jvm.gateway.shutdown()
        assert server.is_shutdown
        with pytest.raises(Py4JNetworkError, match="has been shut down"):
            jvm.view.java.util.ArrayList()
        # Java closes the port when its accepting thread notices.
        assert await_state(lambda: refuses(jvm.port), WAIT)


def test_row_58_imports_by_short_name() -> None:
    with Jvm.start() as jvm:
        jvm.java_import("java.util.*", "java.math.BigInteger")
        assert copied(jvm.view.ArrayList()) == []
        assert jvm.view.BigInteger("12").intValue() == 12
        java_import(jvm.view, "java.time.*")  # py4j's own
        assert str(jvm.view.LocalDate.of(2024, 1, 2)) == "2024-01-02"


def test_rows_59_60_java_lang_and_full_names(jvm: Jvm) -> None:
    assert jvm.view.String("a") == "a"
    assert jvm.view.java.lang.String("a") == "a"
    assert jvm.view.System.currentTimeMillis() > 0


def test_rows_61_62_views_of_ones_own(jvm: Jvm) -> None:
    first, second = jvm.gateway.new_jvm_view(), jvm.new_view("java.util.HashMap")
    assert isinstance(jvm.view, JVMView)
    assert isinstance(first, JVMView)
    with pytest.raises(Py4JError, match=r"Trying to call a package\. There is no class ArrayList"):
        first.ArrayList()
    java_import(first, "java.util.ArrayList")
    assert copied(first.ArrayList()) == []
    assert copied(second.HashMap()) == {}
    for view in (second, jvm.view):
        with pytest.raises(Py4JError, match="Trying to call a package"):
            view.ArrayList()
    with pytest.raises(Py4JError, match=r"There is no class java\.util\.NoSuch"):
        first.java.util.NoSuch()


def test_row_61_a_view_of_the_members_classes(cluster: Cluster) -> None:
    view = cluster.jvm.new_view("com.hazelcast.query.*", "com.hazelcast.map.*")
    numbers = cluster.members[0].instance.getMap(f"bridge-{uuid.uuid4()}")
    for number in range(10):
        numbers[number] = number
    assert copied(numbers.keySet(view.Predicates.greaterEqual("this", 8))) == {8, 9}


def test_row_63_help(jvm: Jvm, cluster: Cluster) -> None:
    text = jvm.help(jvm.view.java.util.ArrayList(), "*Capacity*")
    assert "Help on class ArrayList in package java.util" in text
    assert "ensureCapacity(int) : void" in text
    assert "indexOf" not in text
    entries = cluster.members[0].instance.getMap("help")
    assert "getEntryView(Object) : EntryView" in cluster.jvm.help(entries, "getEntryView*")
    assert "java.lang.Object" in cluster.jvm.help(entries, "*getEntryView*", short_names=False)
    assert "parseInt(String) : int" in jvm.help(jvm.view.java.lang.Integer, "parseInt(*")


@pytest.mark.parametrize(
    ("class_name", "text", "value"),
    [
        ("Integer", "5", 5),
        ("Long", str(1 << 40), 1 << 40),
        ("Short", "-3", -3),
        ("Byte", "7", 7),
        ("Double", "0.5", 0.5),
        ("Float", "0.25", 0.25),
        ("Boolean", "true", True),
        ("Character", "x", "x"),
    ],
)
def test_row_77_boxed_primitives_arrive_as_pythons(jvm: Jvm, class_name: str, text: str, value: Any) -> None:
    boxed = getattr(jvm.view.java.lang, class_name).valueOf(text)
    assert boxed == value
    assert type(boxed) is type(value)


def test_row_77_boxed_values_in_a_members_map(cluster: Cluster) -> None:
    values = cluster.members[0].instance.getMap(f"bridge-{uuid.uuid4()}")
    for value in (1, 1 << 40, 0.5, True, "s", Decimal("1.5")):
        values["k"] = value
        assert values["k"] == value
        assert type(values["k"]) is type(value)


def test_the_classes_are_attributes_of_the_jvm(cluster: Cluster) -> None:
    jvm = cluster.jvm
    assert jvm is cluster.members[0].jvm
    assert copied(jvm.java.util.ArrayList()) == []
    assert jvm.String("a") == "a"
    assert copied(jvm.new_array(jvm.int, 2)) == [0, 0]
    assert jvm.com.hazelcast.core.Hazelcast._fqn == "com.hazelcast.core.Hazelcast"
    with pytest.raises(Py4JError, match="There is no class no_such_method"):
        jvm.no_such_method()
    with pytest.raises(AttributeError, match="'Jvm' object has no attribute '_private'"):
        _ = jvm._private
    with Jvm.start() as other:
        java_import(other, "java.util.ArrayDeque")  # py4j's own function
        assert copied(other.ArrayDeque()) == []
        assert other.runtime.feature_version >= 17


@pytest.mark.parametrize("threading_model", ["multi", "pinned"])
def test_auto_field(threading_model: Any) -> None:
    with Jvm.start(bridge=BridgeOptions(threading=threading_model, auto_field=True)) as fields:
        tokens = fields.java.io.StreamTokenizer(fields.java.io.StringReader("word"))
        assert tokens.nextToken() == tokens.ttype == -3
        assert tokens.sval == "word"
    with Jvm.start(bridge=BridgeOptions(threading=threading_model)) as methods:
        tokens = methods.java.io.StreamTokenizer(methods.java.io.StringReader("word"))
        assert callable(tokens.sval)


def test_classes_and_instances(jvm: Jvm) -> None:
    values = jvm.view.java.util.ArrayList()
    assert jvm.is_instance(values, "java.util.List")
    assert not jvm.is_instance(values, "java.util.Set")
    assert not jvm.is_instance([], "java.util.List")
    assert jvm.java_class("java.util.Map$Entry").isInterface()
    with pytest.raises(JavaError, match=r"ClassNotFoundException: no\.such"):
        jvm.java_class("no.such")
