"""Random operations on Java's lists, members' lists included, against Python's own list (row 5)."""

import copy
import datetime as dt
import operator
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from py4j.protocol import Py4JError, Py4JJavaError

from bridge_operations import (
    SOME,
    Operation,
    assigned,
    binary,
    first_difference,
    in_place,
    outcome,
    put,
    unary,
)
from bridge_values import copied
from hz_embedded import Cluster, Jvm
from hz_embedded.bridge import BridgeError, ConversionError, java_method
from hz_embedded.interfaces import Long, java_function

places = st.integers(-8, 8)
slices = st.builds(slice, st.none() | places, st.none() | places, st.none() | st.integers(-3, 3).filter(bool))
# Members' collections hold no None.
something = st.sampled_from([0, 1, 2, True, 0.5, 1.0, -(2**40), "", "a", "b", b"x"])
anything = st.none() | something


def contents(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(values, max_size=7)


def starts(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """Return lists to begin with; long ones are read and written as one stream."""
    return st.builds(operator.mul, contents(values), st.sampled_from([1, 1, 1, 6]))


def operations(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Operation]:
    return st.one_of(
        unary(
            ("sort()", lambda each: each.sort()),
            ("sort(reverse)", lambda each: each.sort(reverse=True)),
            ("sort(key)", lambda each: each.sort(key=str)),
            ("sort(key, reverse)", lambda each: each.sort(key=lambda v: type(v).__name__, reverse=True)),
            ("reverse()", lambda each: each.reverse()),
            ("clear()", lambda each: each.clear()),
            ("copy()", lambda each: copied(each.copy())),
            ("copy.copy()", lambda each: copied(copy.copy(each))),
            ("extend(itself)", lambda each: each.extend(each)),
            *((use.__name__, use) for use in (len, bool, list, repr)),
            ("reversed()", lambda each: list(reversed(each))),
        ),
        binary(
            values,
            ("append", lambda each, value: each.append(value)),
            ("remove", lambda each, value: each.remove(value)),
            ("index", lambda each, value: each.index(value)),
            ("count", lambda each, value: each.count(value)),
            ("in", lambda each, value: value in each),
        ),
        binary(
            contents(values),
            ("extend", lambda each, value: each.extend(value)),
            ("extend(tuple)", lambda each, value: each.extend(tuple(value))),
            ("extend(generator)", lambda each, value: each.extend(one for one in value)),
            ("+", lambda each, value: copied(each + value)),
            ("reflected +", lambda each, value: copied(value + each)),
            ("==", lambda each, value: (each == value, value == each, each != value)),
            ("== tuple", lambda each, value: (each == tuple(value), tuple(each) == value)),
            ("<", lambda each, value: (each < value, each <= value, each > value, each >= value)),
            in_place("iadd"),
        ),
        binary(
            places,
            ("[]", lambda each, place: each[place]),
            ("del []", operator.delitem),
            ("pop", lambda each, place: each.pop(place)),
        ),
        binary(
            st.integers(-1, 3),
            ("*", lambda each, count: (copied(each * count), copied(count * each))),
            in_place("imul"),
        ),
        binary(
            slices,
            ("[]", lambda each, part: copied(each[part])),
            ("del []", operator.delitem),
            ("[] = itself", lambda each, part: operator.setitem(each, part, each)),
        ),
        st.builds(put, places, values),
        st.builds(put, slices, contents(values)),
        binary(st.tuples(places, values), ("insert", lambda each, pair: each.insert(*pair))),
        binary(st.tuples(values, places, places), ("index", lambda each, range_: each.index(*range_))),
    )


@pytest.fixture(scope="module")
def jvm() -> Iterator[Jvm]:
    with Jvm.start() as started:
        yield started


@pytest.fixture
def members_list(cluster: Cluster) -> Iterator[Any]:
    made = cluster.members[0].instance.getList(f"bridge-{uuid.uuid4()}")
    yield made
    made.destroy()


def same(left: Any, right: Any) -> bool:
    return repr(left) == repr(right)  # tells 1 from True and 1.0


def refill(java: Any, content: list[Any]) -> None:
    java_method(java, "clear")()
    for each in content:
        java.add(each)


@pytest.mark.parametrize(
    "kind", ["java.util.ArrayList", "java.util.LinkedList", "java.util.concurrent.CopyOnWriteArrayList"]
)
@SOME
@given(start=starts(anything), steps=st.lists(operations(anything), min_size=1, max_size=8))
def test_row_05_lists_do_what_pythons_do(
    jvm: Jvm, kind: str, start: list[Any], steps: list[Operation]
) -> None:
    java = operator.attrgetter(kind)(jvm.view)()
    refill(java, start)
    assert first_difference(java, start, steps, copied, same) == ""


@SOME
@given(start=starts(something), steps=st.lists(operations(something), min_size=1, max_size=8))
def test_row_05_a_members_list_does_what_pythons_does(
    members_list: Any, start: list[Any], steps: list[Operation]
) -> None:
    refill(members_list, start)
    assert first_difference(members_list, start, steps, copied, same) == ""


@SOME
@given(start=starts(something), step=operations(something))
def test_row_05_lists_of_fixed_size_and_immutable_ones_refuse_unchanged(
    jvm: Jvm, start: list[Any], step: Operation
) -> None:
    util = jvm.view.java.util
    array = jvm.new_array(jvm.view.java.lang.Object, len(start))
    array[:] = start
    immutable = util.List.copyOf(util.Arrays.asList(array))
    for java in (util.Arrays.asList(array), immutable):
        own = list(start)
        expected = outcome(step, own)
        if step.name.startswith("sort") and expected[0] == "raised":
            own = list(start)
        try:
            found = outcome(step, java)
        except Py4JJavaError as error:
            found = ("refused", str(error.java_exception.getClass().getName()))
        if found[0] == "refused":
            assert found[1] == "java.lang.UnsupportedOperationException"
            assert same(copied(java), start)
            # A list of fixed size refuses only another size, or what would be one in parts.
            assert java is immutable or len(own) != len(start) or own == start
        else:
            assert same(found, expected)
            assert same(copied(java), own)


def test_row_05_javas_types_survive(jvm: Jvm, members_list: Any) -> None:
    for values in (jvm.view.java.util.ArrayList(), members_list):
        for number in (3, 1, 2):
            values.add(Long(number))
        values.sort(reverse=True)
        values.reverse()
        values += values[::2]
        values[1:4] = values[0:2]
        assert list(values) == [1, 1, 2, 3]
        for place in range(4):
            assert values.subList(place, place + 1).contains(Long(values[place]))
        # Python's equality, not that of Java.
        assert values.count(1) == 2
        assert 3 in values
        assert values.index(2) == 2
        values.remove(3)
        assert copied(values) == [1, 1, 2]


def test_row_05_java_objects_are_sorted_by_java(jvm: Jvm) -> None:
    words = ["2024-02-29", "1999-12-31", "2024-01-01"]
    days = jvm.to_java([dt.date.fromisoformat(word) for word in words])
    days.sort()
    assert [day.toString() for day in days] == sorted(words)
    days.sort(reverse=True)
    assert [day.toString() for day in days] == sorted(words, reverse=True)
    days.sort(key=lambda day: day.getDayOfMonth())
    assert [day.getDayOfMonth() for day in days] == [1, 29, 31]
    for unlike in ([jvm.view.java.lang.Object() for _ in range(2)], [1, jvm.view.java.lang.Object()]):
        objects = jvm.to_java(unlike)
        with pytest.raises(TypeError):
            objects.sort()
        assert list(objects) == unlike


def test_row_05_values_are_converted_before_anything_changes(jvm: Jvm) -> None:
    values = jvm.to_java([1, 2, 3])
    for change in (
        lambda: values.extend([4, object()]),
        lambda: operator.setitem(values, slice(0, 2), [4, [5]]),
        lambda: operator.setitem(values, slice(None, None, 2), [4, object()]),
        lambda: values.insert(0, object()),
    ):
        with pytest.raises(ConversionError):
            change()
        assert copied(values) == [1, 2, 3]
    nested = [[1]]
    with pytest.raises(ConversionError, match=r"an element of the list of type list .* to_java"):
        _ = values + nested
    jvm.auto_convert = True
    try:
        assert copied(values + nested) == [1, 2, 3, [1]]
        assert copied(nested + values) == [[1], 1, 2, 3]
        assert (values + nested).count([1]) == 1
    finally:
        jvm.auto_convert = False


def test_row_05_a_failure_in_the_middle_is_undone(jvm: Jvm) -> None:
    view = jvm.view
    numbers = jvm.new_array(view.java.lang.Integer, 2)
    numbers[:] = [1, 2]
    objects = jvm.new_array(view.java.lang.Object, 2)
    listed = view.java.util.Collections.checkedList(
        jvm.to_java([1, 2]), view.java.lang.Integer._java_lang_class
    )
    for target in (numbers, listed):
        with pytest.raises(Py4JError):
            target[:] = [5, "x"]
        assert copied(target) == [1, 2]
    objects[:] = [5, "x"]
    assert copied(objects) == [5, "x"]


def test_row_05_a_full_list_of_a_member_says_so() -> None:
    def small(config: Any) -> None:
        config.getListConfig("small").setMaxSize(3)

    with Cluster(configure=small) as cluster:
        values = cluster.members[0].instance.getList("small")
        values.extend([1, 2, 3])
        changes: list[Callable[[], object]] = [
            lambda: values.append(4),
            lambda: values.extend([4]),
            lambda: assigned("imul", values, 2),
        ]
        for change in changes:
            with pytest.raises(BridgeError, match="is it full"):
                change()
            assert copied(values) == [1, 2, 3]


def test_default_methods_of_a_members_collections(cluster: Cluster, members_list: Any) -> None:
    members_list.extend([3, 1, 2])
    assert members_list.stream().count() == 3
    seen: list[int] = []
    members_list.forEach(java_function(seen.append, "java.util.function.Consumer"))
    assert seen == [3, 1, 2]
    with pytest.raises(Py4JJavaError, match="UnsupportedOperationException"):
        java_method(members_list, "sort")(None)
    with pytest.raises(Py4JError, match=r"Method nothing\(\[\]\) does not exist"):
        members_list.nothing()


def test_objects_of_two_jvms_are_compared_by_what_python_sees(jvm: Jvm) -> None:
    with Jvm.start() as other:
        assert jvm.to_java([1, 2]) == other.to_java([1, 2])
        assert jvm.to_java([1, 2]) != other.to_java([1, 3])
        assert jvm.to_java({"a": 1}) == other.to_java({"a": 1})
        assert jvm.view.java.lang.Object() != other.view.java.lang.Object()
