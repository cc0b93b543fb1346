"""Java's collections and arrays with Python's protocols, those of members included (rows 1 to 15)."""

import uuid
from collections.abc import Iterator, MutableMapping, MutableSequence, MutableSet, Sequence
from typing import Any

import pytest
from py4j import java_collections, protocol
from py4j.protocol import Py4JError, register_output_converter

from bridge_values import copied, pure
from hz_embedded import Cluster, Jvm
from hz_embedded.bridge import BridgeError, JavaCollection, JavaIterable, JavaReference, java_method


@pytest.fixture(scope="module")
def jvm() -> Iterator[Jvm]:
    with Jvm.start() as started:
        yield started


@pytest.fixture
def hz(cluster: Cluster) -> Any:
    return cluster.members[0].instance


@pytest.fixture
def name() -> str:
    return f"bridge-{uuid.uuid4()}"


def java_list(jvm: Jvm, *values: object) -> Any:
    made = jvm.view.java.util.ArrayList()
    for value in values:
        made.add(value)
    return made


def test_row_01_arrays_are_sequences(jvm: Jvm) -> None:
    numbers = jvm.new_array(jvm.view.int, 3)
    assert len(numbers) == 3
    numbers[0] = 5
    numbers[-1] = 7
    assert copied(numbers) == [5, 0, 7]
    assert pure(list(numbers)) == [5, 0, 7]
    assert 7 in numbers
    assert numbers.index(7) == 2
    assert list(reversed(numbers)) == [7, 0, 5]
    part: Any = numbers[0:2]
    part[0] = 9
    assert copied(part) == [9, 0]
    assert copied(numbers) == [5, 0, 7]
    assert isinstance(numbers, Sequence)


def test_row_02_index_past_the_end_of_an_array(jvm: Jvm) -> None:
    numbers = jvm.new_array(jvm.view.int, 2)
    for index in (2, -3):
        with pytest.raises(IndexError, match=r"the index .* is out of range: there are"):
            _ = numbers[index]
    with pytest.raises(IndexError):
        numbers[2] = 1


def test_row_03_new_arrays_of_one_and_two_dimensions(jvm: Jvm) -> None:
    words = jvm.new_array(jvm.view.java.lang.String, 4)
    assert copied(words) == [None] * 4
    table = jvm.new_array(jvm.view.java.lang.String, 2, 3)
    assert (len(table), len(table[0])) == (2, 3)
    table[0][1] = "hello"
    assert copied(table) == [[None, "hello", None], [None, None, None]]


@pytest.mark.parametrize(
    ("kind", "value"),
    [("int", 5), ("long", 1 << 40), ("short", -3), ("double", 0.5), ("float", 0.25), ("boolean", True)],
)
def test_row_04_primitive_element_classes(jvm: Jvm, kind: str, value: object) -> None:
    array = jvm.new_array(getattr(jvm.view, kind), 1)
    array[0] = value
    assert array[0] == value
    assert type(array[0]) is type(value)


def test_row_05_lists_are_mutable_sequences(jvm: Jvm) -> None:
    values = java_list(jvm, 1, "hello")
    assert isinstance(values, MutableSequence)
    values[0] = 2
    values.append(3)
    assert str(values) == "[2, 'hello', 3]"
    assert values.index("hello") == 1
    del values[0]
    assert list(values) == ["hello", 3]
    values += [4, 5]
    values.insert(-100, "first")
    assert copied(values) == ["first", "hello", 3, 4, 5]
    assert values.pop() == 5
    assert values.pop(0) == "first"
    values.remove(3)
    values.reverse()
    assert copied(values) == [4, "hello"]
    values.clear()
    assert not values


def test_row_05_lists_keep_pythons_promises(jvm: Jvm) -> None:
    values = java_list(jvm, 0, 1, 0)
    values.remove(0)  # the value, not the index
    assert copied(values) == [1, 0]
    assert values.index(0, 1) == 1
    for method, arguments in ((values.remove, (9,)), (values.index, (9,)), (values.index, (1, 1))):
        with pytest.raises(ValueError, match="not in the Java list"):
            method(*arguments)
    with pytest.raises(IndexError, match="out of range"):
        values.pop(5)
    values.clear()
    with pytest.raises(IndexError, match="empty"):
        values.pop()


def test_row_05_a_members_list(hz: Any, name: str) -> None:
    values = hz.getList(name)
    assert isinstance(values, MutableSequence)
    values.append("a")
    values.extend(["b", "c"])
    assert values[-1] == "c"
    values[0] = "A"
    del values[1]
    assert copied(values) == ["A", "c"]
    assert values.pop() == "c"
    assert copied(values) == ["A"]


@pytest.mark.parametrize(
    ("kind", "equal", "others"),
    [
        ("array", [1, 2], [[1, 3], [2, 1], [1], [1, 2, 3], "12", b"12", {1, 2}, {1: 2}, None]),
        ("list", [1, 2], [[1, 3], [2, 1], [1], [1, 2, 3], "12", b"12", {1, 2}, {1: 2}, None]),
        ("set", {1, 2}, [{1, 3}, {1}, {1, 2, 3}, [1, 2], {1: 2}, None]),
        ("map", {1: "a", 2: "b"}, [{1: "a", 2: "c"}, {1: "a", 3: "b"}, {1: "a"}, [1, 2], {1, 2}, None]),
    ],
    ids=["array", "list", "set", "map"],
)
def test_equality_is_that_of_the_elements(kind: str, equal: Any, others: list[Any], jvm: Jvm) -> None:
    if kind == "array":
        made: Any = jvm.new_array(jvm.view.int, 2)
        made[0], made[1] = equal
    else:
        made = jvm.to_java(equal)
        assert made == jvm.to_java(equal)
        assert made != jvm.to_java(others[0])
    assert made == equal
    assert equal == made
    for other in others:
        assert made != other
        assert other != made


def test_row_06_list_slices_are_copies(jvm: Jvm, hz: Any, name: str) -> None:
    for values in (java_list(jvm, 2, "hello", 3), hz.getList(name)):
        values.clear()
        values.extend([2, "hello", 3])
        part = values[0:-1]
        part[0] = 999
        assert copied(values) == [2, "hello", 3]
        assert copied(part) == [999, "hello"]
        assert copied(values[::2]) == [2, 3]


def test_row_07_sets_are_mutable_sets(jvm: Jvm, hz: Any, name: str) -> None:
    for values in (jvm.view.java.util.HashSet(), hz.getSet(name)):
        assert isinstance(values, MutableSet)
        values.add(1)
        values.add("hello")
        assert 1 in values
        assert copied(values) == {1, "hello"}
        assert repr(values) in ("{1, 'hello'}", "{'hello', 1}")
        values.remove("hello")
        assert copied(values) == {1}
        with pytest.raises(KeyError):
            values.remove("hello")
        values.discard("hello")
        assert pure(values | {2}) == {1, 2}
        assert pure(values & {1, 2}) == {1}
        assert values <= {1, 2}


def test_row_08_maps_are_mutable_mappings(jvm: Jvm, hz: Any, name: str) -> None:
    for values in (jvm.view.java.util.HashMap(), hz.getMap(name)):
        values["a"] = 0
        values.put("b", 1)
        assert copied(values) == {"a": 0, "b": 1}
        assert "b" in values
        del values["a"]
        values["c"] = 2
        assert sorted(values) == ["b", "c"]
        assert copied(values) == pure(dict(values.items())) == {"b": 1, "c": 2}
        assert values.setdefault("d", 4) == 4
        values.update({"e": 5})
        assert values.pop("e") == 5
        assert len(values) == 3
        values.clear()
        assert not values
        assert isinstance(values, MutableMapping)


def test_row_08_maps_keep_pythons_promises(jvm: Jvm, hz: Any, name: str) -> None:
    for values in (jvm.view.java.util.HashMap(), hz.getMap(name)):
        with pytest.raises(KeyError, match="absent"):
            _ = values["absent"]
        with pytest.raises(KeyError, match="absent"):
            del values["absent"]
        with pytest.raises(KeyError, match="absent"):
            values.pop("absent")
        assert values.pop("absent", 5) == 5
        assert values.get("absent", 7) == 7
    nulls = jvm.view.java.util.HashMap()
    nulls.put("none", None)
    assert nulls["none"] is None
    assert nulls.get("none", 7) is None


def test_row_09_iterators(jvm: Jvm, hz: Any, name: str) -> None:
    iterator = java_list(jvm, 1, 2).iterator()
    assert iter(iterator) is iterator
    assert next(iterator) == 1
    assert list(iterator) == [2]
    with pytest.raises(StopIteration):
        next(iterator)
    numbers = hz.getMap(name)
    for number in range(5):
        numbers.put(number, number)
    assert sorted(numbers.keySet().iterator()) == [0, 1, 2, 3, 4]


def test_row_09_an_iterator_that_fails_says_so(jvm: Jvm) -> None:
    values = java_list(jvm, 1, 2)
    iterator = iter(values)
    assert next(iterator) == 1
    values.append(3)
    with pytest.raises(Py4JError, match="ConcurrentModificationException"):
        next(iterator)


def test_row_10_java_methods_beside_pythons(jvm: Jvm, hz: Any, name: str) -> None:
    values = java_list(jvm, 1)
    assert values.add(2) is True
    assert values.subList(0, 1).size() == 1
    numbers = hz.getMap(name)
    assert numbers.put("a", 1) is None
    assert numbers.putIfAbsent("a", 2) == 1
    assert numbers.getName() == name
    # values() is the Python method; the Java method can be called as well.
    assert list(numbers.values()) == [1]
    assert list(java_method(numbers, "values")()) == [1]


def test_row_10_queues_and_other_collections_of_a_member(hz: Any, name: str) -> None:
    queue = hz.getQueue(name)
    assert not queue
    for number in range(3):
        assert queue.offer(number) is True
    assert isinstance(queue, JavaCollection)
    assert list(queue) == [0, 1, 2]
    assert len(queue) == 3
    assert 2 in queue
    assert 5 not in queue
    assert queue.poll() == 0
    numbers = hz.getMap(name)
    numbers.put("a", 1)
    assert list(java_method(numbers, "values")()) == [1]


def test_row_10_objects_that_are_no_collections(jvm: Jvm) -> None:
    thing = jvm.view.java.lang.Object()
    assert bool(thing) is True
    for use in (len, iter, lambda each: 1 in each):
        for each in (thing, jvm.view.java.lang.Object()):
            with pytest.raises(TypeError, match=r"'JavaReference'.*( is not iterable| has no len)"):
                use(each)
    path = jvm.view.java.nio.file.Paths.get("a", jvm.new_array(jvm.view.java.lang.String, 0))
    assert [str(part) for part in path] == ["a"]
    assert isinstance(path, JavaIterable)
    assert next(iter(path)) in path
    assert bool(jvm.view.java.nio.file.Paths.get("", jvm.new_array(jvm.view.java.lang.String, 0))) is True
    with pytest.raises(TypeError, match="has no len"):
        len(path)


def test_row_11_output_converters_of_one_gateway(jvm: Jvm, cluster: Cluster) -> None:
    jvm.output_converter("java.util.UUID", lambda value: uuid.UUID(value.toString()))
    jvm.output_converter("java.util.List", list)
    try:
        random = jvm.view.java.util.UUID.randomUUID()
        assert isinstance(random, uuid.UUID)
        assert type(jvm.view.java.util.ArrayList()) is list
        # Another gateway of the process has its own converters.
        assert isinstance(cluster.jvm.java.util.UUID.randomUUID(), JavaReference)
        assert isinstance(cluster.jvm.java.util.ArrayList(), java_collections.JavaList)
    finally:
        jvm.remove_output_converter("java.util.UUID")
        jvm.remove_output_converter("java.util.List")
    assert isinstance(jvm.view.java.util.UUID.randomUUID(), JavaReference)
    assert isinstance(jvm.view.java.util.ArrayList(), java_collections.JavaList)


def test_row_11_output_converters_leave_exceptions_alone(jvm: Jvm) -> None:
    jvm.output_converter("java.io.Serializable", str)
    try:
        with pytest.raises(Py4JError, match="NumberFormatException"):
            jvm.view.java.lang.Integer.parseInt("x")
    finally:
        jvm.remove_output_converter("java.io.Serializable")
    with pytest.raises(BridgeError, match="every object is one"):
        jvm.output_converter("java.lang.Object", str)
    with pytest.raises(BridgeError, match="ClassNotFoundException"):
        jvm.output_converter("no.such.Class", str)


def test_row_11_py4js_own_register_output_converter(jvm: Jvm) -> None:
    before = protocol.OUTPUT_CONVERTER[protocol.SET_TYPE]
    register_output_converter(protocol.SET_TYPE, lambda target_id, client: f"set {target_id}")
    try:
        assert jvm.view.java.util.HashSet().startswith("set o")
    finally:
        register_output_converter(protocol.SET_TYPE, before)
    assert copied(jvm.view.java.util.HashSet()) == set()


def test_row_12_bytes_arrive_by_value(jvm: Jvm, hz: Any, name: str) -> None:
    data = jvm.view.java.math.BigInteger("258").toByteArray()
    assert type(data) is bytes
    assert data == b"\x01\x02"
    hz.getMap(name).put("k", bytes(range(256)))
    assert hz.getMap(name).get("k") == bytes(range(256))


@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_row_13_bytes_become_a_byte_array(jvm: Jvm, kind: type) -> None:
    number = jvm.view.java.math.BigInteger(kind(b"\x01\x02"))
    assert number.intValue() == 258
    buffer = jvm.view.java.nio.ByteBuffer.wrap(kind(b"\xff\x80"))
    assert [buffer.get(index) for index in range(2)] == [-1, -128]


def test_row_14_the_copies_of_bytes_are_disconnected(jvm: Jvm) -> None:
    data = bytearray(b"abc")
    buffer = jvm.view.java.nio.ByteBuffer.wrap(data)
    data[0] = 0
    assert buffer.array() == b"abc"
    arrived = buffer.array()
    buffer.put(0, 120)
    assert arrived == b"abc"
    assert buffer.array() == b"xbc"


def test_row_15_boxed_bytes_and_lists_go_by_reference(jvm: Jvm) -> None:
    boxed = jvm.new_array(jvm.view.java.lang.Byte, 2)
    held = java_list(jvm, boxed)
    boxed[0] = 7
    same = held.get(0)
    assert copied(same) == [7, None]
    same[1] = -1
    assert copied(boxed) == [7, -1]
    listed = java_list(jvm, 7)
    held.set(0, listed)
    listed.add(8)
    assert copied(held.get(0)) == [7, 8]
