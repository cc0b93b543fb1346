"""Portable, Compact, JSON and IdentifiedDataSerializable between Python and Java, and queries over their fields."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

import pytest

import hazelcast
from hazelcast.core import HazelcastJsonValue
from hazelcast.predicate import and_, between, equal, greater_or_equal, in_, like, sql
from hazelcast.serialization.api import (
    CompactReader,
    CompactSerializer,
    CompactWriter,
    FieldKind,
    IdentifiedDataSerializable,
    ObjectDataInput,
    ObjectDataOutput,
    Portable,
    PortableReader,
    PortableWriter,
)
from hazelcast.serialization.compact import GenericRecord
from hz_embedded import Cluster
from interop_java import JavaSide

VERSIONS = ("4.2.8", "5.4.0", "5.7.0")
COMPACT_VERSIONS = ("5.3.8", "5.4.0", "5.7.0")
FACTORY, PERSON, TOWN, POINT = 41, 1, 2, 3
WHEN = datetime.datetime(2024, 2, 29, 12, 30, 15, 250_000)


class Town(Portable):
    """Nested in a Person."""

    def __init__(self, name: str | None = None, zip_code: int = 0) -> None:
        self.name = name
        self.zip_code = zip_code

    def get_factory_id(self) -> int:
        return FACTORY

    def get_class_id(self) -> int:
        return TOWN

    def write_portable(self, writer: PortableWriter) -> None:
        writer.write_string("name", self.name)
        writer.write_int("zip", self.zip_code)

    def read_portable(self, reader: PortableReader) -> None:
        self.name = reader.read_string("name")
        self.zip_code = reader.read_int("zip")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Town) and vars(self) == vars(other)


class Person(Portable):
    """Fields of each group of types."""

    def __init__(self, name: str = "", age: int = 0, town: Town | None = None) -> None:
        self.name = name
        self.age = age
        self.height = 1.75
        self.active = True
        self.scores = [3, -1]
        self.nicknames: list[str | None] | None = ["é", None]
        self.town = town
        self.towns = [Town("Bonn", 53111)]

    def get_factory_id(self) -> int:
        return FACTORY

    def get_class_id(self) -> int:
        return PERSON

    def write_portable(self, writer: PortableWriter) -> None:
        writer.write_string("name", self.name)
        writer.write_int("age", self.age)
        writer.write_double("height", self.height)
        writer.write_boolean("active", self.active)
        writer.write_long_array("scores", self.scores)
        writer.write_string_array("nicknames", self.nicknames)
        writer.write_portable("town", self.town)
        writer.write_portable_array("towns", self.towns)

    def read_portable(self, reader: PortableReader) -> None:
        self.name = reader.read_string("name") or ""
        self.age = reader.read_int("age")
        self.height = reader.read_double("height")
        self.active = reader.read_boolean("active")
        self.scores = list(reader.read_long_array("scores") or [])
        self.nicknames = list(reader.read_string_array("nicknames") or [])
        self.town = reader.read_portable("town")  # type: ignore[assignment]  # the field holds Towns
        self.towns = list(reader.read_portable_array("towns") or [])  # type: ignore[arg-type]  # as above

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Person) and vars(self) == vars(other)


class Point(IdentifiedDataSerializable):
    """What Java reads with a factory written in Python."""

    def __init__(self, x: int = 0, text: str | None = None) -> None:
        self.x = x
        self.text = text

    def get_factory_id(self) -> int:
        return FACTORY

    def get_class_id(self) -> int:
        return POINT

    def write_data(self, object_data_output: ObjectDataOutput) -> None:
        object_data_output.write_long(self.x)
        object_data_output.write_string(self.text)
        object_data_output.write_object([self.x, self.text])

    def read_data(self, object_data_input: ObjectDataInput) -> None:
        self.x = object_data_input.read_long()
        self.text = object_data_input.read_string()
        assert object_data_input.read_object() == [self.x, self.text]


class JavaPoint:
    """The member's class for Point: reads what Python wrote, and writes it for Python to read."""

    class Java:
        """What py4j shows to Java."""

        implements: ClassVar = ["com.hazelcast.nio.serialization.IdentifiedDataSerializable"]

    def __init__(self) -> None:
        self.x = 0
        self.text: str | None = None

    def getFactoryId(self) -> int:
        return FACTORY

    def getClassId(self) -> int:
        return POINT

    def writeData(self, out: Any) -> None:
        out.writeLong(self.x)
        out.writeUTF(self.text)
        out.writeObject(None)

    def readData(self, source: Any) -> None:
        self.x = source.readLong()
        self.text = source.readUTF()
        self.nested = [str(item) for item in source.readObject()]

    def compareTo(self, other: Any) -> int:
        return 0


class JavaPoints:
    """The member's factory."""

    class Java:
        """What py4j shows to Java."""

        implements: ClassVar = ["com.hazelcast.nio.serialization.DataSerializableFactory"]

    def __init__(self) -> None:
        self.made: list[JavaPoint] = []

    def create(self, class_id: int) -> JavaPoint:
        self.made.append(JavaPoint())
        return self.made[-1]


@dataclass
class Exchange:
    """Java and Python at the same cluster."""

    java: JavaSide
    client: hazelcast.HazelcastClient
    points: JavaPoints

    def map(self, name: str) -> Any:
        """The blocking map of Python."""
        return self.client.get_map(name).blocking()

    def java_map(self, name: str) -> Any:
        """The IMap of Java."""
        return self.java.instance.getMap(name)


def exchange_with(version: str, **options: Any) -> Iterator[Exchange]:
    points = JavaPoints()
    with (
        Cluster(
            version=version,
            configure=lambda config: config.getSerializationConfig().addDataSerializableFactory(
                FACTORY, points
            ),
        ) as cluster,
        hazelcast.HazelcastClient(cluster_members=cluster.addresses, **options) as client,
    ):
        yield Exchange(JavaSide(cluster), client, points)


@pytest.fixture(scope="module", params=VERSIONS)
def exchange(request: pytest.FixtureRequest) -> Iterator[Exchange]:
    yield from exchange_with(
        request.param,
        portable_factories={FACTORY: {PERSON: Person, TOWN: Town}},
        data_serializable_factories={FACTORY: {POINT: Point}},
    )


def test_java_reads_a_portable_as_generic_record(exchange: Exchange) -> None:
    exchange.map("p").set("ada", Person("Ada", 36, Town("Ulm", 89073)))
    record = exchange.java_map("p").get("ada")
    text = record.toString()
    for part in ("Ada", "36", "1.75", "Ulm", "89073", "53111"):
        assert part in text, text


def test_java_writes_a_portable_and_python_reads(exchange: Exchange) -> None:
    com = exchange.java.com.hazelcast
    town_definition = (
        com.nio.serialization.ClassDefinitionBuilder(FACTORY, TOWN, 0)
        .addUTFField("name")
        .addIntField("zip")
        .build()
    )
    definition = (
        com.nio.serialization.ClassDefinitionBuilder(FACTORY, PERSON, 0)
        .addUTFField("name")
        .addIntField("age")
        .addDoubleField("height")
        .addBooleanField("active")
        .addLongArrayField("scores")
        .addUTFArrayField("nicknames")
        .addPortableField("town", town_definition)
        .addPortableArrayField("towns", town_definition)
        .build()
    )
    new = names(exchange.java)
    town = new.set(
        new.set(new.portable(town_definition), "Int32", "zip", 53111), "String", "name", "Bonn"
    ).build()
    towns = new.records(town)
    builder = new.portable(definition)
    nicknames = exchange.java.array("java.lang.String", "é", None)
    for kind, name, value in (
        ("String", "name", "Ada"),
        ("Int32", "age", 36),
        ("Float64", "height", 1.75),
        ("Boolean", "active", True),
        ("ArrayOfInt64", "scores", exchange.java.array("long", 3, -1)),
        ("ArrayOfString", "nicknames", nicknames),
        ("GenericRecord", "town", town),
        ("ArrayOfGenericRecord", "towns", towns),
    ):
        new.set(builder, kind, name, value)
    exchange.java_map("p").put("java", builder.build())
    assert exchange.map("p").get("java") == Person("Ada", 36, Town("Bonn", 53111))


@dataclass
class Names:
    """Java's generic records under the names of 4.2 or of 5.x."""

    java: JavaSide
    package: str
    old: bool

    def portable(self, definition: Any) -> Any:
        """A builder of Portable records."""
        return self._builder().portable(definition)

    def compact(self, type_name: str) -> Any:
        """A builder of Compact records."""
        return self._builder().compact(type_name)

    def _builder(self) -> Any:
        return self._package().GenericRecordBuilder

    def _package(self) -> Any:
        package = self.java.com.hazelcast.nio.serialization
        return package if self.old else package.genericrecord

    def records(self, *records: Any) -> Any:
        """An array of records."""
        return self.java.array(f"{self.package}.GenericRecord", *records)

    def set(self, builder: Any, kind: str, name: str, value: Any) -> Any:
        """Set a field of a builder."""
        if self.old:
            of_array = "Array" if kind.startswith("ArrayOf") else ""
            old = {"Int32": "Int", "Int64": "Long", "Float64": "Double"}
            kind = kind.removeprefix("ArrayOf")
            kind = old.get(kind, kind) + of_array
        return getattr(builder, f"set{kind}")(name, value)


def names(java: JavaSide) -> Names:
    """Find out which names this member has."""
    new = "com.hazelcast.nio.serialization.genericrecord"
    try:
        java.java.lang.Class.forName(f"{new}.GenericRecord")
    except Exception:
        return Names(java, "com.hazelcast.nio.serialization", old=True)
    return Names(java, new, old=False)


def test_queries_on_fields_of_portables(exchange: Exchange) -> None:
    people = exchange.map("portable people")
    people.put_all({n: Person(f"name {n}", n, Town("Ulm" if n % 2 else "Bonn", 1000 + n)) for n in range(20)})
    people.add_index(["age"])
    check_people(people, town="town.name", zip_code="town.zip")


def check_people(people: Any, town: str, zip_code: str) -> None:
    """Twenty people, the odd ones from Ulm, found by their fields."""

    def found(predicate: Any) -> list[int]:
        return sorted(people.key_set(predicate))

    assert found(equal("age", 7)) == [7]
    assert found(between("age", 3, 5)) == [3, 4, 5]
    assert found(like("name", "name 1_")) == list(range(10, 20))
    assert found(in_("age", 1, 2, 99)) == [1, 2]
    assert found(equal(town, "Ulm")) == list(range(1, 20, 2))
    assert found(and_(equal(town, "Bonn"), greater_or_equal(zip_code, 1015))) == [16, 18]
    assert found(sql(f"age >= 18 AND {town} = 'Ulm'")) == [19]


def test_queries_on_fields_of_json(exchange: Exchange) -> None:
    people = exchange.map("json people")
    people.put_all(
        {
            n: HazelcastJsonValue(
                {"name": f"name {n}", "age": n, "town": {"name": "Ulm" if n % 2 else "Bonn", "zip": 1000 + n}}
            )
            for n in range(20)
        }
    )
    check_people(people, town="town.name", zip_code="town.zip")


def test_identified_data_serializable_both_ways(exchange: Exchange) -> None:
    exchange.map("points").set("python", Point(-5, "hé€"))
    java_map = exchange.java_map("points")
    java_map.set("java", java_map.get("python"))
    read = exchange.points.made[-1]
    assert (read.x, read.text, read.nested) == (-5, "hé€", ["-5", "hé€"])


# --- Compact, with members that have it ---------------------------------------------------------------------------


@dataclass
class Employee:
    """Written by a serializer."""

    name: str
    age: int
    salary: Decimal | None
    joined: datetime.datetime | None
    scores: list[int] | None
    boss: Employee | None = None


class EmployeeSerializer(CompactSerializer[Employee]):
    """Names the fields of an Employee."""

    def get_type_name(self) -> str:
        return "employee"

    def get_class(self) -> type[Employee]:
        return Employee

    def write(self, writer: CompactWriter, obj: Employee) -> None:
        writer.write_string("name", obj.name)
        writer.write_int32("age", obj.age)
        writer.write_decimal("salary", obj.salary)
        writer.write_timestamp("joined", obj.joined)
        writer.write_array_of_int64("scores", obj.scores)
        writer.write_compact("boss", obj.boss)

    def read(self, reader: CompactReader) -> Employee:
        scores = reader.read_array_of_int64("scores")
        return Employee(
            reader.read_string("name") or "",
            reader.read_int32("age"),
            reader.read_decimal("salary"),
            reader.read_timestamp("joined"),
            None if scores is None else list(scores),
            reader.read_compact("boss"),
        )


@dataclass
class Address:
    """Made Compact by its types alone."""

    name: str
    zip: int


@dataclass
class Citizen:
    """Made Compact by its types alone, with a nested one."""

    name: str
    age: int
    town: Address


@pytest.fixture(scope="module", params=COMPACT_VERSIONS)
def compact(request: pytest.FixtureRequest) -> Iterator[Exchange]:
    yield from exchange_with(request.param, compact_serializers=[EmployeeSerializer(), Citizen])


BOSS = Employee("Bob", 60, None, None, None)
ADA = Employee("Ada", 36, Decimal("1234.50"), WHEN, [1, -(2**63)], BOSS)


def test_java_reads_compact(compact: Exchange) -> None:
    compact.map("c").set("ada", ADA)
    record = compact.java_map("c").get("ada")
    assert record.getString("name") == "Ada"
    assert record.getInt32("age") == 36
    assert record.getDecimal("salary") == Decimal("1234.50")
    assert record.getTimestamp("joined").toString() == "2024-02-29T12:30:15.250"
    assert list(record.getArrayOfInt64("scores")) == [1, -(2**63)]
    assert record.getGenericRecord("boss").getString("name") == "Bob"
    assert record.getGenericRecord("boss").getDecimal("salary") is None


def test_java_writes_compact_and_python_reads(compact: Exchange) -> None:
    new = names(compact.java)
    boss = new.compact("employee")
    ada = new.compact("employee")
    when = compact.java.java.time.LocalDateTime.of(2024, 2, 29, 12, 30, 15, 250_000_000)
    for builder, values in (
        (boss, ("Bob", 60, None, None, None, None)),
        (ada, ("Ada", 36, Decimal("1234.50"), when, compact.java.array("long", 1, -(2**63)), None)),
    ):
        kinds = ("String", "Int32", "Decimal", "Timestamp", "ArrayOfInt64", "GenericRecord")
        fields = ("name", "age", "salary", "joined", "scores", "boss")
        for kind, name, value in zip(kinds, fields, values, strict=True):
            if (builder, name) != (ada, "boss"):
                new.set(builder, kind, name, value)
    new.set(ada, "GenericRecord", "boss", boss.build())
    compact.java_map("c").put("java", ada.build())
    assert compact.map("c").get("java") == ADA


def test_a_type_without_serializer_comes_as_generic_record(compact: Exchange) -> None:
    new = names(compact.java)
    builder = new.compact("unheard of")
    for kind, name, value in (
        ("String", "word", "hé"),
        ("Boolean", "yes", True),
        ("NullableInt32", "n", None),
    ):
        new.set(builder, kind, name, value)
    java_map = compact.java_map("c")
    java_map.put("generic", builder.build())
    record = compact.map("c").get("generic")
    assert isinstance(record, GenericRecord)
    assert record.type_name == "unheard of"
    assert (record["word"], record["yes"], record["n"]) == ("hé", True, None)
    compact.map("c").set("returned", record)
    assert compact.java.equal(compact.java.get("c", "returned"), compact.java.get("c", "generic"))


def test_field_order_is_by_utf_16_units(compact: Exchange) -> None:
    # U+1F600 lies before U+FB00 in UTF-16 (D83D), but after it by code point.
    fields = {"\ufb00": 1, "\U0001f600": 2, "é": 3}
    record = GenericRecord("order", {name: (FieldKind.INT32, value) for name, value in fields.items()})
    compact.map("c").set("order", record)
    read = compact.java_map("c").get("order")
    assert {name: read.getInt32(name) for name in fields} == fields
    builder = names(compact.java).compact("order")
    for name, value in fields.items():
        builder.setInt32(name, value)
    compact.java_map("c").put("order", builder.build())
    assert compact.map("c").get("order") == record


def test_a_compact_key_is_found_by_java(compact: Exchange) -> None:
    new = names(compact.java)
    record = GenericRecord("key", {"a": (FieldKind.INT32, 5), "b": (FieldKind.STRING, "x")})
    compact.map("c").set(record, "found")
    key = new.set(new.set(new.compact("key"), "Int32", "a", 5), "String", "b", "x").build()
    assert compact.java_map("c").get(key) == "found"


def test_queries_on_fields_of_compacts(compact: Exchange) -> None:
    people = compact.map("compact people")
    people.put_all(
        {n: Citizen(f"name {n}", n, Address("Ulm" if n % 2 else "Bonn", 1000 + n)) for n in range(20)}
    )
    people.add_index(["age"])
    check_people(people, town="town.name", zip_code="town.zip")
    assert people.get(7) == Citizen("name 7", 7, Address("Ulm", 1007))


def test_another_client_reads_what_the_first_wrote(compact: Exchange) -> None:
    compact.map("c").set("citizen", Citizen("Eva", 5, Address("Bonn", 1)))
    addresses = [str(member.address) for member in compact.client.cluster_service.get_members()]
    with hazelcast.HazelcastClient(cluster_members=addresses) as other:
        record: Any = other.get_map("c").blocking().get("citizen")
        assert (record.type_name, record["name"], record["town"]["name"]) == ("Citizen", "Eva", "Bonn")
        assert other.get_map("c").blocking().get_all(["citizen", "citizen"]) == {"citizen": record}
