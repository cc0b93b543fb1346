"""Random operations on Java's sets, maps and arrays, members' included, against Python's (rows 1, 7 and 8)."""

import copy
import operator
import threading
import uuid
from collections.abc import Iterable, Iterator, Sized
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge_operations import SOME, Operation, assigned, binary, first_difference, in_place, put, unary
from bridge_values import copied, pure
from hz_embedded import Cluster, Jvm
from hz_embedded.bridge import ConversionError, JavaCollection, JavaIterable
from hz_embedded.interfaces import Long, java_function

# None of them is equal to another in Python and different in Java, as 1 and True are.
values = st.sampled_from([0, 1, 2, 3, -(2**40), 0.5, "", "a", "b"])
sets = st.sets(values, max_size=6)
maps = st.dictionaries(values, values, max_size=6)
lists = st.lists(values, max_size=4)
many = {str(number): number for number in range(30)}
"""Read and written as one stream."""


@pytest.fixture(scope="module")
def jvm() -> Iterator[Jvm]:
    with Jvm.start() as started:
        yield started


@pytest.fixture
def members_set(cluster: Cluster) -> Iterator[Any]:
    made = cluster.members[0].instance.getSet(f"bridge-{uuid.uuid4()}")
    yield made
    made.destroy()


@pytest.fixture
def members_map(cluster: Cluster) -> Iterator[Any]:
    made = cluster.members[0].instance.getMap(f"bridge-{uuid.uuid4()}")
    yield made
    made.destroy()


def comparisons(each: Any, other: Any) -> list[bool]:
    compare = [operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge]
    return [one(*pair) for one in compare for pair in ((each, other), (other, each))]


set_operations = st.one_of(
    unary(
        ("clear()", lambda each: each.clear()),
        ("copy()", lambda each: copied(each.copy())),
        ("copy.copy()", lambda each: copied(copy.copy(each))),
        *((use.__name__, use) for use in (len, bool, set)),
        ("iteration", lambda each: sorted(map(repr, each))),
        ("with itself", lambda each: comparisons(each, each)),
        ("-= itself", lambda each: assigned("isub", each, each)),
        ("^= itself", lambda each: assigned("ixor", each, each)),
        ("&= itself", lambda each: assigned("iand", each, each)),
        ("update(itself)", lambda each: each.update(each)),
    ),
    binary(
        values,
        ("add", lambda each, value: each.add(value)),
        ("discard", lambda each, value: each.discard(value)),
        ("remove", lambda each, value: each.remove(value)),
        ("in", lambda each, value: value in each),
    ),
    binary(
        sets,
        ("comparisons", comparisons),
        ("with frozenset", lambda each, other: comparisons(each, frozenset(other))),
        ("&", lambda each, other: (each & other, other & each)),
        ("|", lambda each, other: (each | other, other | each)),
        ("-", lambda each, other: (each - other, other - each)),
        ("^", lambda each, other: (each ^ other, other ^ each)),
        ("isdisjoint", lambda each, other: each.isdisjoint(other)),
        ("update", lambda each, other: each.update(list(other), (value for value in other))),
        *(in_place(name) for name in ("iand", "ior", "isub", "ixor")),
    ),
    binary(lists, ("== list", lambda each, other: (each == other, other == each))),
)


@pytest.mark.parametrize("kind", ["HashSet", "TreeSet", "member"])
@SOME
@given(start=sets | st.just(set(many)), steps=st.lists(set_operations, min_size=1, max_size=8))
def test_row_07_sets_do_what_pythons_do(
    jvm: Jvm, members_set: Any, kind: str, start: set[Any], steps: list[Operation]
) -> None:
    java = members_set
    if kind == "TreeSet":
        # By their texts: Java cannot compare 1 and "a" otherwise.
        java = jvm.view.java.util.TreeSet(by_text(jvm))
    elif kind == "HashSet":
        java = jvm.view.java.util.HashSet()
    java.clear()
    for each in start:
        java.add(each)
    assert first_difference(java, set(start), steps, copied, operator.eq) == ""


def by_text(jvm: Jvm) -> Any:
    return jvm.view.java.util.Comparator.comparing(java_function(repr, "java.util.function.Function"))


map_operations = st.one_of(
    unary(
        ("clear()", lambda each: each.clear()),
        ("copy()", lambda each: copied(each.copy())),
        ("copy.copy()", lambda each: copied(copy.copy(each))),
        *((use.__name__, use) for use in (len, bool, dict, set)),
        ("**", lambda each: {**each}),
        ("keys()", lambda each: set(each.keys())),
        ("values()", lambda each: sorted(map(repr, each.values()))),
        ("items()", lambda each: set(each.items())),
        ("with itself", lambda each: (each == each, each != each)),  # that is the question
        ("update(itself)", lambda each: each.update(each)),
    ),
    binary(
        values,
        ("[]", lambda each, key: each[key]),
        ("del []", operator.delitem),
        ("in", lambda each, key: (key in each, each.keys() >= {key}, key in each.values())),
        ("get", lambda each, key: (each.get(key), each.get(key, 7))),
        ("pop", lambda each, key: each.pop(key)),
        ("pop with default", lambda each, key: each.pop(key, 7)),
        ("setdefault", lambda each, key: each.setdefault(key, 7)),
    ),
    binary(
        maps,
        ("==", lambda each, other: (each == other, other == each, each != other, each == list(other))),
        ("|", lambda each, other: (each | other, other | each)),
        ("update", lambda each, other: each.update(other)),
        ("update pairs", lambda each, other: each.update(list(other.items()), more=1)),
        ("&", lambda each, other: each.keys() & other.keys()),
        ("items &", lambda each, other: each.items() & other.items()),
        in_place("ior"),
    ),
    st.builds(put, values, values),
)


@pytest.mark.parametrize("kind", ["HashMap", "ConcurrentHashMap", "member"])
@SOME
@given(start=maps | st.just(many), steps=st.lists(map_operations, min_size=1, max_size=8))
def test_row_08_maps_do_what_pythons_do(
    jvm: Jvm, members_map: Any, kind: str, start: dict[Any, Any], steps: list[Operation]
) -> None:
    java = members_map
    if kind == "HashMap":
        java = jvm.view.java.util.HashMap()
    elif kind == "ConcurrentHashMap":
        java = jvm.view.java.util.concurrent.ConcurrentHashMap()
    java.clear()
    for key, value in start.items():
        java.put(key, value)
    assert first_difference(java, dict(start), steps, copied, operator.eq) == ""


def test_rows_07_08_elements_of_any_type_are_removed(jvm: Jvm, members_set: Any, members_map: Any) -> None:
    for each in (jvm.view.java.util.HashSet(), members_set):
        each.add(Long(1))
        each.add("a")
        assert {each.pop(), each.pop()} == {1, "a"}
        with pytest.raises(KeyError, match="empty"):
            each.pop()
        each.update([Long(1), 2, "b"])
        each &= {1, 2}
        assert copied(each) == {1, 2}
        each -= {1}
        assert copied(each) == {2}
    for mapping in (jvm.view.java.util.HashMap(), members_map):
        mapping["a"] = 1
        mapping[Long(5)] = 2
        assert {mapping.popitem(), mapping.popitem()} == {("a", 1), (5, 2)}
        with pytest.raises(KeyError, match="empty"):
            mapping.popitem()
    nulls = jvm.view.java.util.HashMap()
    nulls.update({None: None, "a": None})
    assert nulls.setdefault("a", 5) is None
    assert nulls.setdefault("b") is None
    assert nulls.pop("a") is None
    assert nulls.pop("a", 5) == 5
    assert copied(nulls) == {None: None, "b": None}


@pytest.mark.parametrize("size", [5, 50])
def test_row_08_entries_may_disappear_meanwhile(members_map: Any, size: int) -> None:
    def fill() -> None:
        members_map.update(dict.fromkeys(range(size), "value"))

    fill()
    for key, value in members_map.items():
        members_map.remove(key)
        assert value == "value"
    assert not members_map
    fill()
    for value in members_map.values():
        members_map.clear()
        assert value == "value"
    stop = threading.Event()

    def churn() -> None:
        while not stop.is_set():
            members_map.clear()
            fill()

    churning = threading.Thread(target=churn)
    churning.start()
    try:
        for _ in range(30):
            for copy_of in (dict(members_map), {**members_map}, dict(members_map.items())):
                assert set(copy_of.values()) <= {"value"}
    finally:
        stop.set()
        churning.join()


def test_row_08_threads_copy_one_map_object(members_map: Any) -> None:
    members_map.update(dict.fromkeys(range(20), "value"))
    start = threading.Barrier(4)

    def copy_often() -> bool:
        start.wait(30)
        return all(
            dict(members_map).keys() == set(range(20)) and members_map.get("none") is None for _ in range(30)
        )

    with ThreadPoolExecutor(4) as pool:
        assert all(each.result(60) for each in [pool.submit(copy_often) for _ in range(4)])
    assert not members_map._hz_copies


def test_row_08_a_copy_serves_no_other_reads(jvm: Jvm) -> None:
    mapping = jvm.to_java({"a": 1, "b": 2})
    for _ in range(2):
        assert dict(mapping) == copied(mapping)
        mapping["a"] = 5
        assert mapping["a"] == 5
        keys = list(mapping.keys())
        removed = mapping.pop("b")
        with pytest.raises(KeyError):
            _ = [mapping[key] for key in keys]
        mapping["b"] = removed
    assert not mapping._hz_copies


array_operations = st.one_of(
    unary(
        ("copy.copy()", lambda each: copied(copy.copy(each))),
        *((use.__name__, use) for use in (len, bool, list)),
        ("reversed()", lambda each: list(reversed(each))),
        ("iteration", lambda each: [value for value in each]),  # noqa: C416  # step by step
    ),
    binary(
        values | st.just(True),
        ("index", lambda each, value: each.index(value)),
        ("count", lambda each, value: each.count(value)),
        ("in", lambda each, value: value in each),
    ),
    binary(lists, ("==", lambda each, other: (each == other, other == each, each == tuple(other)))),
    binary(st.integers(-6, 6), ("[]", lambda each, place: each[place])),
    binary(
        st.builds(slice, *[st.none() | st.integers(-6, 6)] * 2, st.none() | st.sampled_from([-2, -1, 1, 2])),
        ("[]", lambda each, part: copied(each[part])),
        ("[] = reversed", lambda each, part: operator.setitem(each, part, each[part][::-1])),
        ("[] = generator", lambda each, part: operator.setitem(each, part, (9 for _ in each[part]))),
    ),
    st.builds(put, st.integers(-6, 6), values),
)


@SOME
@given(
    start=st.builds(operator.mul, st.lists(values, max_size=5), st.sampled_from([1, 6])),
    steps=st.lists(array_operations, min_size=1, max_size=8),
)
def test_row_01_arrays_do_what_pythons_lists_do(jvm: Jvm, start: list[Any], steps: list[Operation]) -> None:
    array = jvm.new_array(jvm.view.java.lang.Object, len(start))
    array[:] = start
    assert first_difference(array, start, steps, copied, operator.eq) == ""


def test_row_01_arrays_compare_by_their_elements_and_keep_their_length(jvm: Jvm) -> None:
    def array(kind: Any, *elements: object) -> Any:
        made = jvm.new_array(kind, len(elements))
        made[:] = elements
        return made

    numbers = array(jvm.view.int, 1, 2)
    assert numbers == array(jvm.view.long, 1, 2)
    assert hash(numbers) == hash(array(jvm.view.long, 1, 2))
    assert numbers != array(jvm.view.int, 1, 3)
    assert numbers != array(jvm.view.int, 1)
    assert numbers != jvm.to_java([1, 2])
    nested = array(jvm.view.java.lang.Object, numbers)
    assert nested == array(jvm.view.java.lang.Object, array(jvm.view.int, 1, 2))
    for part, new in ((slice(None), [1]), (slice(0, 1), [1, 2]), (slice(0, 0), [1])):
        with pytest.raises(ValueError, match="a slice with a step keeps its size"):
            numbers[part] = new
    with pytest.raises(TypeError, match="indices must be integers or slices, not str"):
        _ = numbers["a"]
    assert copied(numbers) == [1, 2]
    letters = array(jvm.view.char, *"abc" * 10)
    assert pure(jvm.to_python(letters)) == list("abc" * 10)
    fractions = array(jvm.view.float, *[0.1] * 30)
    assert pure(jvm.to_python(fractions)) == [0.1] * 30


def test_row_01_callbacks_and_collections_in_arrays(jvm: Jvm) -> None:
    array = jvm.new_array(jvm.view.java.lang.Object, 2)
    array[0] = java_function(lambda text: text.upper())
    assert array[0].apply("a") == "A"
    with pytest.raises(ConversionError, match=r"type list .* to_java"):
        array[1] = [1]
    jvm.auto_convert = True
    try:
        array[1] = [1]
    finally:
        jvm.auto_convert = False
    assert copied(array[1]) == [1]


@pytest.mark.parametrize("first", ["isinstance", "use"])
def test_only_what_can_be_iterated_over_is_iterable(jvm: Jvm, cluster: Cluster, first: str) -> None:
    empty = jvm.new_array(jvm.view.java.lang.String, 0)
    queue = cluster.members[0].instance.getQueue(f"bridge-{uuid.uuid4()}")
    path = jvm.view.java.nio.file.Paths.get("a", empty)
    thing = jvm.view.java.lang.Object()
    if first == "use":
        assert [bool(queue), bool(path), bool(thing)] == [False, True, True]
    assert [isinstance(each, Iterable) for each in (queue, path, thing)] == [True, True, False]
    assert [isinstance(each, Sized) for each in (queue, path, thing)] == [True, False, False]
    assert isinstance(queue, JavaCollection)
    assert isinstance(path, JavaIterable)
