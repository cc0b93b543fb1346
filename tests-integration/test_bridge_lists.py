"""Random operations on Java's lists and arrays, members' lists included, against Python's own list (row 5)."""

import copy
import operator
import uuid
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from py4j.protocol import Py4JJavaError

from bridge_values import copied
from hz_embedded import Cluster, Jvm
from hz_embedded.bridge import java_method

SOME = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])

values = st.sampled_from([0, 1, 2, True, 0.5, 1.0, -(2**40), "", "a", "b", b"x"])
positions = st.none() | st.integers(-8, 8)
slices = st.builds(slice, positions, positions, st.none() | st.integers(-3, 3).filter(bool))
contents = st.lists(values, max_size=7)
# Long ones are read and written as one stream.
starts = st.builds(operator.mul, contents, st.sampled_from([1, 1, 1, 6]))
LONGEST = 200


class Operation(NamedTuple):
    """One use of a list: a name for messages, and a function that returns a result of Python's own types."""

    name: str
    function: Callable[[Any], Any]


def replace(index: Any, value: Any) -> Callable[[Any], None]:
    return lambda each: operator.setitem(each, index, value)


def added_in_place(target: Any, value: Any) -> Any:
    target += value
    return target


def repeated_in_place(target: Any, count: int) -> Any:
    target *= count
    return target


NO_ARGUMENTS: list[tuple[str, Callable[[Any], Any]]] = [
    ("sort()", lambda each: each.sort()),
    ("sort(reverse)", lambda each: each.sort(reverse=True)),
    ("sort(key=str)", lambda each: each.sort(key=str)),
    (
        "sort(key=type name, reverse)",
        lambda each: each.sort(key=lambda value: type(value).__name__, reverse=True),
    ),
    ("reverse()", lambda each: each.reverse()),
    ("clear()", lambda each: each.clear()),
    ("copy()", lambda each: copied(each.copy())),
    ("copy.copy()", lambda each: copied(copy.copy(each))),
    ("len()", len),
    ("bool()", bool),
    ("list()", list),
    ("reversed()", lambda each: list(reversed(each))),
    ("repr()", repr),
    ("extend(itself)", lambda each: each.extend(each)),
]
WITH_VALUE: list[tuple[str, Callable[[Any, Any], Any]]] = [
    ("append", lambda each, value: each.append(value)),
    ("remove", lambda each, value: each.remove(value)),
    ("index", lambda each, value: each.index(value)),
    ("count", lambda each, value: each.count(value)),
    ("in", lambda each, value: value in each),
]
WITH_LIST: list[tuple[str, Callable[[Any, Any], Any]]] = [
    ("extend", lambda each, value: each.extend(value)),
    ("extend(tuple)", lambda each, value: each.extend(tuple(value))),
    ("extend(generator)", lambda each, value: each.extend(one for one in value)),
    ("+", lambda each, value: copied(each + value)),
    ("reflected +", lambda each, value: copied(value + each)),
    ("==", lambda each, value: (each == value, value == each, each != value)),
    ("== tuple", lambda each, value: (each == tuple(value), tuple(each) == value)),
    ("+=", lambda each, value: added_in_place(each, value) is each),
    ("<", lambda each, value: (each < value, each <= value, each > value, each >= value)),
]
WITH_PLACE: list[tuple[str, Callable[[Any, int], Any]]] = [
    ("[]", lambda each, place: each[place]),
    ("del []", lambda each, place: operator.delitem(each, place)),
    ("pop", lambda each, place: each.pop(place)),
]
WITH_COUNT: list[tuple[str, Callable[[Any, int], Any]]] = [
    ("*", lambda each, count: (copied(each * count), copied(count * each))),
    ("*=", lambda each, count: repeated_in_place(each, count) is each),
]
WITH_SLICE: list[tuple[str, Callable[[Any, slice], Any]]] = [
    ("[]", lambda each, part: copied(each[part])),
    ("del []", lambda each, part: operator.delitem(each, part)),
    ("[] = itself", lambda each, part: operator.setitem(each, part, each)),
]
places = st.integers(-8, 8)


def with_argument(one: tuple[str, Callable[[Any, Any], Any]], value: Any) -> Operation:
    return Operation(f"{one[0]} {value!r}", lambda each: one[1](each, value))


operations = st.one_of(
    st.builds(lambda one: Operation(*one), st.sampled_from(NO_ARGUMENTS)),
    st.builds(with_argument, st.sampled_from(WITH_VALUE), values),
    st.builds(with_argument, st.sampled_from(WITH_LIST), contents),
    st.builds(with_argument, st.sampled_from(WITH_PLACE), places),
    st.builds(with_argument, st.sampled_from(WITH_COUNT), st.integers(-1, 3)),
    st.builds(with_argument, st.sampled_from(WITH_SLICE), slices),
    st.builds(lambda i, v: Operation(f"[{i}] = {v!r}", replace(i, v)), places, values),
    st.builds(lambda i, v: Operation(f"insert({i}, {v!r})", lambda each: each.insert(i, v)), places, values),
    st.builds(lambda s, v: Operation(f"{s} = {v!r}", replace(s, v)), slices, contents),
    st.builds(
        lambda v, a, z: Operation(f"index({v!r}, {a}, {z})", lambda each: each.index(v, a, z)),
        values,
        places,
        places,
    ),
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


def outcome(operation: Operation, target: Any) -> tuple[str, Any]:
    """Return what an operation returns, or the kind of its error."""
    try:
        return "returned", operation.function(target)
    except (IndexError, ValueError, TypeError) as error:
        return "raised", type(error)


def check(java: Any, start: list[Any], steps: list[Operation]) -> None:
    """Do the steps with a Java list and with a Python list, and compare results, errors and contents after each."""
    own = list(start)
    for step in steps:
        before = list(own)
        expected = outcome(step, own)
        if step.name.startswith("sort") and expected[0] == "raised":
            own = before  # Python leaves a list half sorted there
        found = outcome(step, java)
        assert repr(found) == repr(expected), f"{before} {step.name}"
        # repr() tells 1 from True and 1.0
        assert repr(copied(java)) == repr(own), f"{before} {step.name}"
        if len(own) > LONGEST:
            return


def refill(java: Any, content: list[Any]) -> None:
    java_method(java, "clear")()
    for each in content:
        java.add(each)


@pytest.mark.parametrize(
    "kind", ["java.util.ArrayList", "java.util.LinkedList", "java.util.concurrent.CopyOnWriteArrayList"]
)
@SOME
@given(start=starts, steps=st.lists(operations, min_size=1, max_size=8))
def test_row_05_lists_do_what_pythons_do(
    jvm: Jvm, kind: str, start: list[Any], steps: list[Operation]
) -> None:
    java = operator.attrgetter(kind)(jvm.view)()
    refill(java, start)
    check(java, start, steps)


@SOME
@given(start=starts, steps=st.lists(operations, min_size=1, max_size=8))
def test_row_05_a_members_list_does_what_pythons_does(
    members_list: Any, start: list[Any], steps: list[Operation]
) -> None:
    refill(members_list, start)
    check(members_list, start, steps)


@SOME
@given(start=starts, step=operations)
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
            assert repr(copied(java)) == repr(start)
            # A list of fixed size refuses only another size, or what would be one in parts.
            assert java is immutable or len(own) != len(start) or own == start
        else:
            assert repr(found) == repr(expected)
            assert repr(copied(java)) == repr(own)
