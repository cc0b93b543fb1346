"""Each built-in type: Java writes and Python reads; Python writes and Java finds an equal object."""

import datetime
import math
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

import hazelcast
from hazelcast.core import HazelcastJsonValue
from hazelcast.serialization import (
    BigInteger,
    BooleanArray,
    Byte,
    CharArray,
    DoubleArray,
    Float,
    FloatArray,
    IntArray,
    Integer,
    JavaClass,
    Long,
    LongArray,
    ObjectArray,
    Short,
    ShortArray,
    StringArray,
)
from hz_embedded import Cluster
from hz_serialization import Char
from interop_java import JavaSide

VERSIONS = ("4.2.8", "5.4.0", "5.7.0")
TEXT = "hé€\0😀"
ID = UUID("00112233-4455-6677-8899-aabbccddeeff")
ZONE = datetime.timezone(datetime.timedelta(hours=-3, minutes=-30))
TIME = datetime.time(23, 59, 59, 123456)
DATE = datetime.date(2024, 2, 29)
NAIVE = datetime.datetime.combine(DATE, TIME)
Maker = Callable[[JavaSide], Any]


@dataclass
class Row:
    """One type: the object in Java, what Python writes for it, and what Python reads, if that differs."""

    java: Maker
    python: Any
    read: Any = None
    since: tuple[int, ...] = (4,)
    written: bool = True


def boxed(primitive: str, value: Any) -> Maker:
    return lambda j: j.boxed(primitive, value)


def array(component: str, *values: Any) -> Maker:
    return lambda j: j.cell(j.array(component, *values))


def util(name: str, *values: int) -> Maker:
    """A collection of java.util with Integers."""
    return lambda j: j.filled(getattr(j.java.util, name)(), *(j.boxed("int", value) for value in values))


def mapping(name: str) -> Maker:
    return lambda j: j.entries(
        getattr(j.java.util, name)(), (j.cell("b"), j.boxed("long", 1)), (j.cell("a"), j.cell())
    )


def number(name: str, text: str) -> Maker:
    return lambda j: j.cell(getattr(j.java.math, name)(text))


def time(name: str, *arguments: Any) -> Maker:
    return lambda j: j.cell(getattr(j.java.time, name).of(*arguments))


def offset_date_time(j: JavaSide) -> Any:
    local = j.java.time.LocalDateTime.of(2024, 2, 29, 23, 59, 59, 123456000)
    return j.cell(j.java.time.OffsetDateTime.of(local, j.java.time.ZoneOffset.ofHoursMinutes(-3, -30)))


ROWS = {
    "Boolean true": Row(boxed("boolean", True), True),
    "Boolean false": Row(boxed("boolean", False), False),
    "Byte": Row(boxed("byte", -128), Byte(-128), -128),
    "Short": Row(boxed("short", 32767), Short(32767), 32767),
    "Integer": Row(boxed("int", -(2**31)), -(2**31)),
    "Integer named": Row(boxed("int", 5), Integer(5), 5),
    "Long": Row(boxed("long", 2**63 - 1), Long(2**63 - 1), 2**63 - 1),
    "Float": Row(boxed("float", 1.5), Float(1.5), 1.5),
    "Double": Row(boxed("double", 2.0**-1074), 2.0**-1074),
    "Double infinite": Row(boxed("double", -math.inf), -math.inf),
    "Character": Row(boxed("char", "€"), Char("€"), "€"),
    "String": Row(lambda j: j.cell(TEXT), TEXT),
    "String empty": Row(lambda j: j.cell(""), ""),
    "byte[]": Row(lambda j: j.bytes(b"\x00\x7f\x80\xff"), b"\x00\x7f\x80\xff"),
    "boolean[]": Row(array("boolean", True, False), BooleanArray([True, False])),
    "char[]": Row(array("char", "a", "€"), CharArray(["a", "€"])),
    "short[]": Row(array("short", 1, -2), ShortArray([1, -2])),
    "int[]": Row(array("int", 1, -2), IntArray([1, -2])),
    "long[]": Row(array("long", 1, -(2**63)), LongArray([1, -(2**63)])),
    "float[]": Row(array("float", 1.5, -2.0), FloatArray([1.5, -2.0])),
    "double[]": Row(array("double", 1.5, -2.0), DoubleArray([1.5, -2.0])),
    "String[]": Row(array("java.lang.String", "a", None), StringArray(["a", None])),
    "Object[]": Row(lambda j: j.cell(j.array("java.lang.Object", "a", None)), ObjectArray(["a", None])),
    "UUID": Row(lambda j: j.cell(j.java.util.UUID.fromString(str(ID))), ID),
    "BigInteger": Row(number("BigInteger", str(-(10**40))), BigInteger(-(10**40)), -(10**40)),
    "BigDecimal": Row(number("BigDecimal", "-31231.12331"), Decimal("-31231.12331")),
    "Class": Row(
        lambda j: j.cell(j.java.lang.Class.forName("java.lang.String")), JavaClass("java.lang.String")
    ),
    "ArrayList": Row(util("ArrayList", 2, 1), [2, 1]),
    "ArrayList from a tuple": Row(util("ArrayList", 2, 1), (2, 1), [2, 1]),
    "LinkedList": Row(util("LinkedList", 2, 1), [2, 1]),
    "HashSet": Row(util("HashSet", 2, 1), {1, 2}),
    "HashSet from a frozenset": Row(util("HashSet", 2, 1), frozenset({1, 2}), {1, 2}),
    "TreeSet": Row(util("TreeSet", 2, 1), None, {1, 2}, written=False),
    "ArrayDeque": Row(util("ArrayDeque", 2, 1), None, [2, 1], written=False),
    "PriorityQueue": Row(util("PriorityQueue", 2, 1), None, [1, 2], written=False),
    "HashMap": Row(mapping("HashMap"), {"b": Long(1), "a": None}, {"a": None, "b": 1}),
    "LinkedHashMap": Row(mapping("LinkedHashMap"), OrderedDict(b=Long(1), a=None), {"b": 1, "a": None}),
    "TreeMap": Row(mapping("TreeMap"), None, {"a": None, "b": 1}, written=False),
    "LocalDate": Row(time("LocalDate", 2024, 2, 29), DATE, since=(5,)),
    "LocalTime": Row(time("LocalTime", 23, 59, 59, 123456000), TIME, since=(5,)),
    "LocalDateTime": Row(time("LocalDateTime", 2024, 2, 29, 23, 59, 59, 123456000), NAIVE, since=(5,)),
    "OffsetDateTime": Row(offset_date_time, NAIVE.replace(tzinfo=ZONE), since=(5,)),
    "HazelcastJsonValue": Row(
        lambda j: j.cell(j.com.hazelcast.core.HazelcastJsonValue('{"a": [1, "é"]}')),
        HazelcastJsonValue('{"a": [1, "é"]}'),
    ),
    "nested": Row(
        lambda j: j.filled(j.java.util.ArrayList(), mapping("HashMap")(j), j.cell("x"), j.cell()),
        [{"b": Long(1), "a": None}, "x", None],
        [{"b": 1, "a": None}, "x", None],
    ),
}


@dataclass
class Exchange:
    """Java and Python with the same map."""

    version: tuple[int, ...]
    java: JavaSide
    map: Any


@pytest.fixture(scope="module", params=VERSIONS)
def exchange(request: pytest.FixtureRequest) -> Iterator[Exchange]:
    with (
        Cluster(version=request.param) as cluster,
        hazelcast.HazelcastClient(cluster_members=cluster.addresses) as client,
    ):
        version = tuple(int(part) for part in request.param.split("."))
        yield Exchange(version, JavaSide(cluster), client.get_map("types").blocking())


def same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and one == other


@pytest.mark.parametrize("name", ROWS)
def test_java_writes_python_reads(exchange: Exchange, name: str) -> None:
    row = ROWS[name]
    if exchange.version >= row.since:
        exchange.java.put("types", name, row.java(exchange.java))
        read = exchange.map.get(name)
        expected = row.python if row.read is None else row.read
        assert same(read, expected), f"{read!r} is not {expected!r}"


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.written])
def test_python_writes_java_reads(exchange: Exchange, name: str) -> None:
    row = ROWS[name]
    if exchange.version >= row.since:
        exchange.map.set(name, row.python)
        found, expected = exchange.java.get("types", name), row.java(exchange.java)
        message = f"{exchange.java.text(found)} is not {exchange.java.text(expected)}"
        assert exchange.java.equal(found, expected), message


def test_a_java_key_is_found_by_python_and_the_other_way(exchange: Exchange) -> None:
    for key in ("text", 5, Long(5), 2.5, ID, b"\x01", HazelcastJsonValue('{"k": 1}')):
        exchange.map.set(key, "there")
    java = exchange.java
    imap = java.instance.getMap("types")
    keys = [
        java.cell("text"),
        java.boxed("int", 5),
        java.boxed("long", 5),
        java.boxed("double", 2.5),
        java.cell(java.java.util.UUID.fromString(str(ID))),
        java.bytes(b"\x01"),
        java.cell(java.com.hazelcast.core.HazelcastJsonValue('{"k": 1}')),
    ]
    for key in keys:
        assert java.contains_key(imap, key), java.text(key)
