"""Views of the JVM's classes, imports, help, boxing and shutdown (rows 24, 58 to 63, 77)."""

import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from py4j.java_gateway import JVMView, java_import
from py4j.protocol import Py4JError, Py4JNetworkError

from bridge_values import copied
from hz_embedded import Cluster, Jvm
from hz_embedded.bridge import JavaError


@pytest.fixture(scope="module")
def jvm() -> Iterator[Jvm]:
    with Jvm.start() as started:
        yield started


def test_row_24_the_entry_point_and_shutdown() -> None:
    with Jvm.start() as jvm:
        # The launcher of the JVM sets no entry point.
        with pytest.raises(Py4JError):
            jvm.gateway.entry_point.toString()
        assert jvm.gateway.java_gateway_server.getListeningPort() == jvm.port
        server = jvm.gateway.get_callback_server()
        jvm.gateway.shutdown()
        assert server.is_shutdown
        with pytest.raises(Py4JNetworkError):
            jvm.view.java.util.ArrayList()


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
    first, second = jvm.new_view(), jvm.new_view("java.util.HashMap")
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
    view = cluster.shared_jvm.new_view("com.hazelcast.query.*", "com.hazelcast.map.*")
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
    assert "getEntryView(Object) : EntryView" in cluster.shared_jvm.help(entries, "getEntryView*")
    assert "java.lang.Object" in cluster.shared_jvm.help(entries, "*getEntryView*", short_names=False)
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


def test_classes_and_instances(jvm: Jvm) -> None:
    values = jvm.view.java.util.ArrayList()
    assert jvm.is_instance(values, "java.util.List")
    assert not jvm.is_instance(values, "java.util.Set")
    assert not jvm.is_instance([], "java.util.List")
    assert jvm.java_class("java.util.Map$Entry").isInterface()
    with pytest.raises(JavaError, match=r"ClassNotFoundException: no\.such"):
        jvm.java_class("no.such")
