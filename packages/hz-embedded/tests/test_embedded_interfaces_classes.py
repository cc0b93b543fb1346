"""Python classes that implement Java interfaces, without a JVM."""

from abc import ABC
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hz_embedded.bridge.long_values import WireLong
from hz_embedded.interfaces import (
    Comparator,
    EntryAddedListener,
    EntryListener,
    EntryRemovedListener,
    InterfaceError,
    JavaException,
    JavaInterface,
    Long,
    MapStore,
    implement,
    java_function,
)
from hz_embedded.interfaces.dispatch import _java_hash, calling_jvm, snake_case
from hz_embedded.interfaces.reflection import MethodInfo, parse_methods


class Names(MapStore[str, str]):
    """A store over a dict."""

    def __init__(self) -> None:
        self.rows: dict[str, str] = {}

    def load(self, key: str) -> str | None:
        return self.rows.get(key)

    def store(self, key: str, value: str) -> None:
        self.rows[key] = value

    def delete(self, key: str) -> None:
        self.rows.pop(key, None)


def test_row_16_a_class_names_its_interface_once() -> None:
    assert Names.java_interfaces == ("com.hazelcast.map.MapStore", "com.hazelcast.map.MapLoader")
    assert Names().Java.implements == list(Names.java_interfaces)


def test_row_17_several_interfaces_by_inheritance_and_by_name() -> None:
    class Both(EntryAddedListener[str, int], EntryRemovedListener[str, int], implements="java.lang.Runnable"):
        def entry_added(self, event: Any) -> None: ...

        def entry_removed(self, event: Any) -> None: ...

        def run(self) -> None: ...

    assert sorted(Both.java_interfaces) == [
        "com.hazelcast.map.listener.EntryAddedListener",
        "com.hazelcast.map.listener.EntryRemovedListener",
        "com.hazelcast.map.listener.MapListener",
        "java.lang.Runnable",
    ]

    class Two(JavaInterface, implements=["a.One", "a.Two"]):
        pass

    assert Two.java_interfaces == ("a.One", "a.Two")
    assert implement("a.One", "b.Two$Nested").java_interfaces == ("a.One", "b.Two$Nested")


def test_a_store_works_in_python_alone() -> None:
    store = Names()
    store.store_all({"a": "1", "b": "2"})
    assert store.load_all(["a", "x"]) == {"a": "1"}
    assert store.load_all_keys() is None
    store.delete_all(["a"])
    assert store.rows == {"b": "2"}


def test_what_must_be_written_is_missed_at_once() -> None:
    class Half(MapStore[str, str]):
        def load(self, key: str) -> None:
            return None

    assert issubclass(Half, ABC)
    with pytest.raises(TypeError, match="store"):
        Half()  # type: ignore[abstract]  # the very mistake that is tested
    with pytest.raises(TypeError, match="compare"):
        Comparator()  # type: ignore[abstract]  # the very mistake that is tested
    assert EntryListener().Java.implements == ["com.hazelcast.core.EntryListener"]


@pytest.mark.parametrize(
    ("java", "python"),
    [
        ("loadAllKeys", "load_all_keys"),
        ("load", "load"),
        ("onMessage", "on_message"),
        ("and", "and_"),
        ("toURL", "to_url"),
        ("get2Things", "get2_things"),
        ("applyAsInt", "apply_as_int"),
    ],
)
def test_names_of_methods(java: str, python: str) -> None:
    assert snake_case(java) == python


def test_methods_as_java_prints_them() -> None:
    lines = [
        "public abstract java.lang.Object com.hazelcast.map.MapLoader.load(java.lang.Object)",
        "public default java.util.Comparator java.util.Comparator.thenComparing("
        "java.util.function.Function,java.util.Comparator)",
        "public static java.util.Comparator java.util.Comparator.naturalOrder()",
        "public abstract boolean java.util.Comparator.equals(java.lang.Object)",
        "public abstract void a.B$C.go(int,byte[]) throws java.io.IOException,java.lang.Exception",
        "nonsense",
    ]
    function = "java.util.function.Function"
    assert parse_methods(lines) == [
        MethodInfo(
            "com.hazelcast.map.MapLoader", "load", ("java.lang.Object",), "java.lang.Object", False, 0
        ),
        MethodInfo(
            "java.util.Comparator",
            "thenComparing",
            (function, "java.util.Comparator"),
            "java.util.Comparator",
            True,
            1,
        ),
        MethodInfo("java.util.Comparator", "equals", ("java.lang.Object",), "boolean", True, 3),
        MethodInfo("a.B$C", "go", ("int", "byte[]"), "void", False, 4),
    ]
    assert parse_methods(lines)[1].signature == "thenComparing(Function, Comparator)"


@pytest.mark.parametrize(
    ("function", "interface"),
    [
        (lambda: 1, "java.util.concurrent.Callable"),
        (lambda x: x, "java.util.function.Function"),
        (lambda x, y=1: x, "java.util.function.Function"),
        (lambda x, y: x, "java.util.function.BiFunction"),
        (len, "java.util.function.Function"),
    ],
)
def test_a_function_fits_the_interface_with_its_parameters(
    function: Callable[..., Any], interface: str
) -> None:
    assert java_function(function).java_interfaces == (interface,)
    assert java_function(function, "a.B").java_interfaces == ("a.B",)


def test_functions_that_fit_none() -> None:
    with pytest.raises(InterfaceError, match="needs 3 arguments"):
        java_function(lambda a, b, c: a)
    with pytest.raises(InterfaceError, match="cannot be determined"):
        java_function(max)
    with pytest.raises(InterfaceError, match="at least one"):
        implement()


def test_a_call_from_java_is_needed_for_its_jvm() -> None:
    with pytest.raises(InterfaceError, match="outside a method"):
        calling_jvm()


def test_java_exceptions_to_raise_say_what_they_are() -> None:
    assert (
        str(JavaException("java.lang.IllegalStateException", "no")) == "java.lang.IllegalStateException: no"
    )


@given(st.one_of(st.integers(), st.text(), st.tuples(st.integers(), st.text())))
def test_hashes_fit_into_java_and_equal_objects_have_equal_ones(value: Any) -> None:
    assert -(2**31) <= _java_hash(value) < 2**31
    assert _java_hash(value) == _java_hash(value)


def test_objects_without_a_hash_have_one_for_java() -> None:
    @dataclass
    class Point:
        x: int

    assert _java_hash(Point(1)) == _java_hash(Point(1))


@given(st.integers(-(2**63), 2**63 - 1))
def test_a_long_is_an_int_but_py4j_is_told(value: int) -> None:
    from py4j.protocol import get_command_part

    assert Long(value) == value
    assert get_command_part(WireLong(value)) == f"L{value}\n"
