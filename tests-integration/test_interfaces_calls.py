"""Java calls Python through interfaces: conversion, defaults, overloads, exceptions, in a JVM without members."""

import enum
import threading
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import pytest
from py4j.protocol import Py4JJavaError

from bridge_values import copied, pure
from hz_embedded import Jvm
from hz_embedded.bridge import BridgeOptions, java_throwable
from hz_embedded.bridge.options import Threading
from hz_embedded.interfaces import (
    BiFunction,
    CannotCrossError,
    Comparator,
    Consumer,
    Function,
    InterfaceError,
    JavaException,
    JavaInterface,
    Long,
    Runnable,
    Supplier,
    attach,
    calling_jvm,
    implement,
    java_function,
    python_exception,
    python_object,
)

FUNCTION = "java.util.function.Function"


@pytest.fixture(scope="module", params=["multi", "pinned"])
def jvm(request: pytest.FixtureRequest) -> Iterator[Jvm]:
    """A JVM in each threading model."""
    with Jvm.start(bridge=BridgeOptions(threading=request.param)) as started:
        yield started


def in_java(jvm: Jvm, target: object) -> Any:
    """Return the Java proxy of a Python object."""
    return jvm.view.java.util.Objects.requireNonNull(target)


def java_list(jvm: Jvm, *items: object) -> Any:
    made = jvm.view.java.util.ArrayList()
    for item in items:
        made.add(item)
    return made


class ByLength(Comparator[str]):
    """Shorter words first."""

    def compare(self, left: str, right: str) -> int:
        return len(left) - len(right)


def test_row_16_18_a_python_object_where_java_expects_the_interface(jvm: Jvm) -> None:
    words = java_list(jvm, "ccc", "a", "bb")
    jvm.view.java.util.Collections.sort(words, ByLength())
    assert copied(words) == ["a", "bb", "ccc"]


def test_row_16_a_class_written_for_py4j_alone(jvm: Jvm) -> None:
    class Plain:
        class Java:
            implements: ClassVar = ["java.util.Comparator"]

        def compare(self, left: str, right: str) -> int:
            if left == right:
                calling_jvm().java.util.ArrayList().get(5)
            return len(left) - len(right)

    attach(jvm.gateway)
    words = java_list(jvm, "ccc", "a", "bb")
    plain = Plain()
    jvm.view.java.util.Collections.sort(words, plain)
    assert copied(words) == ["a", "bb", "ccc"]
    # Java's default methods and Object's methods, which the class does not have.
    stand_in = in_java(jvm, plain)
    assert stand_in.reversed().compare("a", "bb") == 1
    assert stand_in.equals(stand_in) is True
    assert stand_in.toString() == repr(plain)
    # Without propagate_java_exceptions, a Java exception in Python code is a Python exception for Java.
    with pytest.raises(Py4JJavaError, match="IndexOutOfBounds") as caught:
        stand_in.compare("same", "same")
    thrown = java_throwable(caught.value)
    assert thrown is not None
    assert thrown.class_name == "py4j.Py4JException"
    held = jvm.held_callbacks
    jvm.release(plain)
    assert jvm.held_callbacks < held


def test_row_17_several_interfaces(jvm: Jvm) -> None:
    class Both(Supplier[str], Runnable):
        def __init__(self) -> None:
            self.runs = 0

        def get(self) -> str:
            return "got"

        def run(self) -> None:
            self.runs += 1

    both = Both()
    jvm.view.java.lang.Thread(both).run()
    assert both.runs == 1
    assert in_java(jvm, both).get() == "got"


def test_row_19_26_36_python_calls_java_calls_python(jvm: Jvm) -> None:
    depth = 12

    class Ping(Function[int, int]):
        def apply(self, value: int) -> int:
            if value == 0:
                return 0
            # Calls Java, which calls this object again.
            answers = calling_jvm().java.util.HashMap()
            return 1 + int(answers.computeIfAbsent(value - 1, self))

    assert in_java(jvm, Ping()).apply(depth) == depth


def test_row_20_nested_interface(jvm: Jvm) -> None:
    entry = implement(
        "java.util.Map$Entry", getKey=lambda: "k", get_value=lambda: 7, setValue=lambda value: value
    )
    assert in_java(jvm, entry).getKey() == "k"
    assert in_java(jvm, entry).getValue() == 7
    with pytest.raises(InterfaceError, match=r"write java\.util\.Map\$Entry"):
        in_java(jvm, implement("java.util.Map.Entry", getKey=str))


def test_row_21_classes_and_unknown_names_are_refused(jvm: Jvm) -> None:
    for name in ("java.util.AbstractList", "java.lang.Thread"):
        with pytest.raises(
            InterfaceError, match=f"{name} is a class, and Python can implement only interfaces"
        ):
            in_java(jvm, implement(name, get=lambda index: index))
    with pytest.raises(InterfaceError, match=r"no interface com\.example\.Missing"):
        in_java(jvm, implement("com.example.Missing"))


def test_a_missing_method_is_refused_by_name(jvm: Jvm) -> None:
    with pytest.raises(InterfaceError, match=r"java\.util\.Iterator\.hasNext\(\) as has_next"):
        in_java(jvm, implement("java.util.Iterator", next=lambda: 1))


def test_row_22_overloads_reach_one_method(jvm: Jvm) -> None:
    seen: list[tuple[Any, ...]] = []

    class Output(JavaInterface, implements="java.io.ObjectOutput"):
        def write(self, *what: Any) -> None:
            seen.append(what)

        def __getattr__(self, name: str) -> Any:
            if name.startswith(("write_", "flush", "close")):
                return lambda *what: seen.append((name, *what))
            raise AttributeError(name)

    output = in_java(jvm, Output())
    output.write(65)
    output.write(b"abc")
    output.write(b"abc", 1, 2)
    output.writeUTF("text")
    assert pure(seen) == [(65,), (b"abc",), (b"abc", 1, 2), ("write_utf", "text")]


def test_default_methods_need_not_be_written(jvm: Jvm) -> None:
    shorter = in_java(jvm, ByLength())
    assert shorter.reversed().compare("a", "bb") == 1
    natural = jvm.view.java.util.Comparator.naturalOrder()
    assert shorter.thenComparing(natural).compare("b", "a") == 1
    # The other overload with one parameter.
    assert shorter.thenComparing(java_function(lambda word: word)).compare("b", "a") == 1
    both = in_java(jvm, java_function(lambda x: x + 1)).andThen(java_function(lambda x: x * 10))
    assert both.apply(1) == 20


def test_a_default_method_that_is_written_wins(jvm: Jvm) -> None:
    class Odd(Comparator[str]):
        def compare(self, left: str, right: str) -> int:
            return 0

        def reversed(self) -> str:
            raise JavaException("java.lang.UnsupportedOperationException", "one way only")

    with pytest.raises(Py4JJavaError, match="UnsupportedOperationException: one way only"):
        in_java(jvm, Odd()).reversed()


def test_what_java_asks_of_every_object(jvm: Jvm) -> None:
    class Named(Runnable):
        def __init__(self, name: str) -> None:
            self.name = name

        def run(self) -> None: ...

        def __repr__(self) -> str:
            return f"Named({self.name})"

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Named) and other.name == self.name

        def __hash__(self) -> int:
            return hash(self.name)

    names = jvm.view.java.util.HashSet()
    for name in ("a", "b", "a"):
        names.add(Named(name))
    assert names.size() == 2
    assert names.contains(Named("b"))
    assert not names.contains("b")
    assert in_java(jvm, Named("a")).toString() == "Named(a)"
    # An object that was passed twice is the same for Java.
    listener = java_function(print)
    listeners = java_list(jvm, listener)
    assert listeners.indexOf(listener) == 0


def test_collections_come_as_pythons_and_go_back_as_javas(jvm: Jvm) -> None:
    seen: list[object] = []

    class Echo(Function[Any, Any]):
        def apply(self, value: Any) -> Any:
            seen.append(value)
            return value

    echo = in_java(jvm, Echo())
    util = jvm.view.java.util
    mapped = util.TreeMap()
    mapped.put("list", java_list(jvm, 1, "two", None))
    mapped.put("values", util.HashMap())
    answer = echo.apply(mapped)
    assert pure(seen) == [{"list": [1, "two", None], "values": {}}]
    assert type(seen[0]) is dict
    assert answer.getClass().getName() == "java.util.LinkedHashMap"
    assert answer.toString() == "{list=[1, two, null], values={}}"
    assert echo.apply(util.Set.of("x")).toString() == "[x]"
    assert echo.apply(b"bytes") == b"bytes"
    assert echo.apply(util.UUID.fromString("8c5de7d2-8d1b-4b0a-9f43-5d2c9a5c2f0e")).version() == 4
    assert seen[2:3] == [b"bytes"]


def test_conversion_can_be_left_out(jvm: Jvm) -> None:
    fill = java_function(lambda items: items.add("more"), "java.util.function.Predicate", convert=False)
    items = java_list(jvm)
    assert in_java(jvm, fill).test(items) is True
    assert copied(items) == ["more"]


def test_results_become_what_java_declares(jvm: Jvm) -> None:
    def answer(value: object, interface: str) -> Any:
        return in_java(jvm, java_function(lambda *_: value, interface))

    assert answer("truthy", "java.util.function.Predicate").test(1) is True
    assert answer(object(), "java.util.function.Consumer").accept(1) is None
    assert answer(2**70, FUNCTION).apply(1).toString() == str(2**70)
    assert answer(Long(5), FUNCTION).apply(1) == 5
    assert list(answer((n for n in (1, 2)), "java.lang.Iterable").iterator()) == [1, 2]
    with pytest.raises(Py4JJavaError, match="where Java wants an integer") as wrong:
        answer("x", "java.util.Comparator").compare(1, 2)
    assert isinstance(python_exception(wrong.value), CannotCrossError)
    with pytest.raises(Py4JJavaError, match="for which there is no Java object"):
        answer(object(), FUNCTION).apply(1)


def test_a_long_is_a_long_in_java(jvm: Jvm) -> None:
    made = java_list(jvm, 0)
    made.replaceAll(java_function(lambda _: Long(5), "java.util.function.UnaryOperator"))
    stream = jvm.view.java.util.stream
    assert made.equals(stream.LongStream.range(5, 6).boxed().toList())
    assert not made.equals(stream.IntStream.range(5, 6).boxed().toList())


def test_row_53_57_exceptions_reach_java_and_come_back_with_both_stacks(jvm: Jvm) -> None:
    error = ValueError("refused in Python")

    def refuse(value: object) -> object:
        raise error

    with pytest.raises(Py4JJavaError) as caught:
        jvm.view.java.util.HashMap().computeIfAbsent("k", java_function(refuse))
    assert python_exception(caught.value) is error
    thrown = java_throwable(caught.value)
    assert thrown is not None
    assert thrown.class_name == "py4j.Py4JException"
    assert "java.util.HashMap.computeIfAbsent" in thrown.render()
    assert thrown.python_traceback is not None
    assert "in refuse" in thrown.python_traceback
    assert "ValueError: refused in Python" in thrown.python_traceback


def test_a_java_exception_of_choice(jvm: Jvm) -> None:
    def refuse(value: object) -> object:
        raise JavaException("java.lang.IllegalStateException", "not now")

    with pytest.raises(Py4JJavaError, match="IllegalStateException: not now") as caught:
        in_java(jvm, java_function(refuse)).apply(1)
    assert isinstance(python_exception(caught.value), JavaException)
    thrown = java_throwable(caught.value)
    assert thrown is not None
    assert "in refuse" in str(thrown.python_traceback)

    def unknown(value: object) -> object:
        raise JavaException("com.example.Nothing", "not now")

    with pytest.raises(Py4JJavaError, match=r"com\.example\.Nothing"):
        in_java(jvm, java_function(unknown)).apply(1)


def test_a_java_exception_passes_through_python_as_it_is(jvm: Jvm) -> None:
    def fall(index: int) -> object:
        return calling_jvm().java.util.ArrayList().get(index)

    with pytest.raises(Py4JJavaError, match="IndexOutOfBoundsException") as caught:
        in_java(jvm, java_function(fall)).apply(5)
    assert "in fall" in str(caught.value)
    assert isinstance(python_exception(caught.value), Py4JJavaError)


def test_a_system_exit_is_an_exception_for_java_or_ends_the_calling_thread(jvm: Jvm) -> None:
    def leave(value: object) -> object:
        raise SystemExit(3)

    function = in_java(jvm, java_function(leave))
    if jvm.bridge_options.pinned:
        with pytest.raises(SystemExit, match="3"):
            function.apply(1)
    else:
        with pytest.raises(Py4JJavaError, match="SystemExit: 3"):
            function.apply(1)


def test_the_python_object_behind_a_proxy(jvm: Jvm) -> None:
    class Add(BiFunction[int, int, int]):
        def apply(self, first: int, second: int) -> int:
            return first + second

    add = Add()
    assert python_object(in_java(jvm, add)) is add
    assert python_object(java_list(jvm, 1)).size() == 1
    assert python_object("text") == "text"
    assert in_java(jvm, add).apply(2, 3) == 5


@pytest.mark.parametrize("threading_model", ["multi", "pinned"])
def test_callbacks_from_a_thread_of_javas(threading_model: Threading) -> None:
    ran = threading.Event()
    # With pinned threads, the Python thread for a Java thread lives as long as the JVM.
    with Jvm.start(bridge=BridgeOptions(threading=threading_model)) as jvm:
        thread = jvm.view.java.lang.Thread(implement("java.lang.Runnable", run=ran.set))
        thread.start()
        assert ran.wait(10)
        thread.join()


def test_consumers_take_values(jvm: Jvm) -> None:
    class Take(Consumer[int]):
        def __init__(self) -> None:
            self.taken: list[int] = []

        def accept(self, value: int) -> None:
            self.taken.append(value)

    take = Take()
    java_list(jvm, 1, 2, 3).forEach(take)
    assert take.taken == [1, 2, 3]


MANY: list[Any] = [
    *range(20),
    None,
    True,
    -(2**31),
    2**31,
    2**63 - 1,
    1.5,
    float("inf"),
    "",
    "a\nb\0c",
    "\u00e4\u20ac\U0001f600",
    "x" * 70_000,
    b"bytes",
    [1, ["nested"]],
    {"k": {"inner": 1}},
    {1, 2, 3},
    2**70,
]


@pytest.mark.parametrize("count", [3, len(MANY) - 1, len(MANY)], ids=["few", "many", "item by item"])
def test_many_items_reach_java_and_come_back_as_few_do(jvm: Jvm, count: int) -> None:
    items = MANY[:count]
    seen: list[Any] = []

    def take(value: Any) -> Any:
        seen.append(value)
        return items if value == "give" else value

    echo = in_java(jvm, java_function(take))
    given = echo.apply("give")
    assert given.getClass().getName() == "java.util.ArrayList"
    one_by_one = jvm.view.java.util.ArrayList()
    for item in items:
        one_by_one.add(jvm.to_java(item))
    plain = min(count, MANY.index(b"bytes"))  # a Java array only equals itself
    assert given.subList(0, plain).equals(one_by_one.subList(0, plain))
    echo.apply(given)
    assert pure(seen[-1]) == items


@pytest.mark.parametrize("size", [5, 500])
def test_maps_and_sets_of_any_size(jvm: Jvm, size: int) -> None:
    rows = {key: f"value {key}" for key in range(size)}
    numbers = set(range(size))
    seen: list[Any] = []
    java = in_java(jvm, java_function(lambda value: rows if value == "rows" else numbers))
    given = java.apply("rows")
    assert given.getClass().getName() == "java.util.LinkedHashMap"
    assert given.get(size - 1) == f"value {size - 1}"
    java_set = java.apply("numbers")
    assert java_set.getClass().getName() == "java.util.HashSet"
    assert java_set.contains(size - 1)
    taken = in_java(jvm, java_function(seen.append, "java.util.function.Consumer"))
    taken.accept(given)
    taken.accept(java_set)
    assert copied(given) == rows
    assert copied(java_set) == numbers
    assert pure(seen) == [rows, numbers]


def test_what_java_cannot_serialize_comes_item_by_item(jvm: Jvm) -> None:
    items = java_list(jvm, *range(30))
    items.add(jvm.view.java.lang.Object())
    seen: list[Any] = []
    in_java(jvm, java_function(seen.append, "java.util.function.Consumer")).accept(items)
    assert pure(seen[0][:30]) == list(range(30))
    assert seen[0][30].getClass().getName() == "java.lang.Object"


@pytest.mark.parametrize(
    ("method", "value", "arrived"),
    [
        ("Double", 3, 3.0),
        ("Double", 0.5, 0.5),
        ("Double", np.float64(0.5), 0.5),
        ("Long", 3, 3),
        ("Long", 2**40, 2**40),
        ("Int", 3, 3),
        ("Int", -(2**31), -(2**31)),
    ],
)
def test_numbers_become_what_java_declares(jvm: Jvm, method: str, value: Any, arrived: object) -> None:
    function = java_function(lambda _: value, f"java.util.function.To{method}Function")
    answer = getattr(in_java(jvm, function), f"applyAs{method}")("x")
    assert answer == arrived
    assert type(answer) is type(arrived)


@pytest.mark.parametrize(
    ("method", "value"),
    [
        *(("Double", value) for value in ("x", True, None, 10**400)),
        ("Int", 2**31),
        ("Int", 0.5),
        ("Long", 2**63),
    ],
)
def test_numbers_that_java_cannot_hold_are_refused(jvm: Jvm, method: str, value: object) -> None:
    function = java_function(lambda _: value, f"java.util.function.To{method}Function")
    with pytest.raises(Py4JJavaError, match=r"where Java wants|does not fit into Java's") as caught:
        getattr(in_java(jvm, function), f"applyAs{method}")("x")
    assert isinstance(python_exception(caught.value), CannotCrossError)


def test_callbacks_convert_by_the_rules_of_the_jvm(jvm: Jvm) -> None:
    class Unit(enum.IntEnum):
        DAYS = 4

    class Celsius:
        degrees = 20

    seen: list[object] = []
    jvm.map_enum(Unit, "java.util.concurrent.TimeUnit")
    jvm.input_converter(Celsius, lambda value: [value.degrees])
    for value, name in ((Unit.DAYS, "DAYS"), (Celsius(), "[20]"), ([Celsius()] * 30, str([[20]] * 30))):
        given = in_java(jvm, java_function(lambda _, value=value: value)).apply("x")
        assert given.toString() == name
        in_java(jvm, java_function(seen.append, "java.util.function.Consumer")).accept(given)
    assert seen == [Unit.DAYS, [20], [[20]] * 30]


@pytest.mark.parametrize("raised", ["error", "java"])
def test_halves_of_characters_in_results_and_errors(
    jvm: Jvm, raised: str, caplog: pytest.LogCaptureFixture
) -> None:
    error = (
        ValueError("a\ud800")
        if raised == "error"
        else JavaException("java.lang.IllegalStateException", "a\ud800")
    )

    def fail(value: object) -> object:
        raise error

    for function, text in ((fail, r"a\\ud800"), (lambda _: "a\ud800", "half of a surrogate pair")):
        with pytest.raises(Py4JJavaError, match=text) as caught:
            in_java(jvm, java_function(function)).apply(1)
        if function is fail:
            assert python_exception(caught.value) is error
        else:
            assert isinstance(python_exception(caught.value), CannotCrossError)
    assert in_java(jvm, java_function(lambda value: value)).apply("still there") == "still there"
    caplog.text.encode()


def test_a_new_object_for_java_needs_one_call(jvm: Jvm, monkeypatch: pytest.MonkeyPatch) -> None:
    holder = jvm.view.java.util.ArrayList()
    holder.add(ByLength())
    holder.add(java_function(str.upper, FUNCTION))
    client = jvm.gateway._gateway_client
    calls: list[str] = []
    send = client.send_command

    def counted(command: str, *more: Any) -> Any:
        calls.append(command)
        return send(command, *more)

    monkeypatch.setattr(client, "send_command", counted)
    holder.add(ByLength())
    holder.add(java_function(str.upper, FUNCTION))
    assert len(calls) == 2
