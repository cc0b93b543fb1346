"""Every kind of field of a Portable, written and read, and what goes wrong."""

from __future__ import annotations

from array import array
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from hz_serialization import HazelcastSerializationError, SerializationConfig, SerializationService
from hz_serialization.api import (
    IdentifiedDataSerializable,
    ObjectDataInput,
    ObjectDataOutput,
    Portable,
    PortableReader,
    PortableWriter,
    StreamSerializer,
)
from hz_serialization.portable import ClassDefinition, ClassDefinitionBuilder, FieldType
from hz_serialization_portables import Inner, Node, Record, record, service_of

WHEN = datetime(2021, 6, 28, 11, 22, 41, 123456)
ZONED = WHEN.replace(tzinfo=timezone(timedelta(hours=-3)))
EACH: dict[str, list[Any]] = {
    "byte": [-128, 127, 0],
    "boolean": [True, False],
    "char": ["x", "é", "\uffff", "\0"],
    "short": [-(2**15), 2**15 - 1],
    "int": [-(2**31), 2**31 - 1],
    "long": [-(2**63), 2**63 - 1],
    "float": [1.5, float("inf")],
    "double": [0.1, -0.0, float("-inf")],
    "string": ["", "hé€ \U0001f600 \0", None],
    "utf": ["text", None],
    "decimal": [Decimal("-12.340"), Decimal(0), Decimal("1e300"), None],
    "time": [time(23, 59, 59, 999999), time(0), None],
    "date": [date(1, 1, 1), date(9999, 12, 31), None],
    "timestamp": [WHEN, datetime(1, 1, 1), None],
    "timestamp_with_timezone": [ZONED, datetime(2000, 1, 1, tzinfo=UTC), None],
    "byte_array": [bytearray(b"\0\xff"), bytearray(), None],
    "boolean_array": [[True, False], [], None],
    "char_array": [["a", "é", "\uffff"], [], None],
    "short_array": [[-(2**15), 2**15 - 1], [], None],
    "int_array": [[-(2**31), 2**31 - 1], [], None],
    "long_array": [[-(2**63), 2**63 - 1], [], None],
    "float_array": [[1.5, -2.0], [], None],
    "double_array": [[0.1, 1e300], [], None],
    "string_array": [["a", None, "é€"], [], None],
    "utf_array": [["a", None], None],
    "decimal_array": [[Decimal("1.5"), Decimal(-7)], [], None],
    "time_array": [[time(1, 2, 3, 4)], [], None],
    "date_array": [[date(2000, 2, 29)], [], None],
    "timestamp_array": [[WHEN, WHEN], [], None],
    "timestamp_with_timezone_array": [[ZONED], [], None],
    "portable": [Inner(1, 2.5), None],
    "portable_array": [[Inner(1, 2.5), Inner(-1, 0.5)], [], None],
}
CASES = [(kind, value) for kind, values in EACH.items() for value in values]


def test_every_writing_method_is_tried() -> None:
    methods = {name for name in dir(PortableWriter) if name.startswith("write_")}
    assert methods == {f"write_{kind}" for kind in EACH} | {"write_null_portable"}
    assert {name for name in dir(PortableReader) if name.startswith("read_")} == {
        f"read_{kind}" for kind in EACH
    }


@pytest.mark.parametrize("is_big_endian", [True, False])
@pytest.mark.parametrize(("kind", "value"), CASES, ids=str)
def test_each_kind_comes_back(kind: str, value: Any, is_big_endian: bool) -> None:
    cls = record(("before", "string"), ("it", kind), ("after", "int"))
    factories = {1: {1: cls, 2: Inner}}
    service = SerializationService(
        SerializationConfig(portable_factories=factories, is_big_endian=is_big_endian)
    )
    full = EACH[kind][0]
    service.to_data(cls([("before", "string", ""), ("it", kind, full), ("after", "int", 0)]))
    data = service.to_data(cls([("before", "string", "b"), ("it", kind, value), ("after", "int", 7)]))
    for read in (service, SerializationService(service.config)):
        values = read.to_object(data).values
        assert values == {"before": "b", "it": value, "after": 7}
        assert type(values["it"]) is type(value)


def test_other_types_that_fields_take() -> None:
    cls = record(("b", "byte_array"), ("i", "int_array"), ("t", "boolean"), ("l", "long"))
    fields = [
        ("b", "byte_array", b"ab"),
        ("i", "int_array", array("i", [1, 2])),
        ("t", "boolean", 1),
        ("l", "long", True),
    ]
    service = service_of(cls)
    assert service.to_object(service.to_data(cls(fields))).values == {
        "b": bytearray(b"ab"),
        "i": [1, 2],
        "t": True,
        "l": 1,
    }


@pytest.mark.parametrize(
    ("kind", "good", "bad", "message"),
    [
        ("int", 0, 2**31, "INT fields take an int of 32 bits, -2147483648 to 2147483647, not 2147483648"),
        ("int", 0, None, "INT fields take an int of 32 bits"),
        ("byte", 0, 128, "BYTE fields take an int of 8 bits"),
        ("short", 0, "1", "SHORT fields take an int of 16 bits"),
        ("long", 0, 1.5, "LONG fields take an int of 64 bits, not 1.5"),
        ("float", 0.0, 1e300, "FLOAT fields take a float of 32 bits, not 1e"),
        ("double", 0.0, "x", "DOUBLE fields take a float, not 'x'"),
        ("char", "x", "xy", "CHAR fields take a str of one UTF-16 unit"),
        ("char", "x", "\U0001f600", "CHAR fields take a str of one UTF-16 unit"),
        ("string", "x", "\ud800", "lone surrogate"),
        ("string", "x", 5, "STRING fields take a str or None, not 5"),
        ("decimal", Decimal(1), 1, "a decimal.Decimal is wanted, not 1"),
        ("decimal", Decimal(1), Decimal("nan"), "BigDecimal has no NaN"),
        ("time", time(1), time(1, tzinfo=UTC), "without tzinfo is wanted"),
        ("date", date(1, 1, 1), WHEN, "a date is wanted, not a datetime"),
        ("timestamp", WHEN, ZONED, "without tzinfo is wanted"),
        ("timestamp_with_timezone", ZONED, WHEN, "with tzinfo is wanted"),
        ("byte_array", b"", 5, "bytes are wanted, not the number 5"),
        ("int_array", [], [1, 2**31], "OverflowError"),
        ("char_array", [], ["ab"], "item 0, 'ab', is not one UTF-16 unit"),
        ("string_array", [], ["a", "\ud800"], r"\$\.it\[1\]: the text holds a lone surrogate"),
        ("date_array", [], [date(1, 1, 1), None], r"\$\.it\[1\]: TypeError: an array of these cannot hold null"),
        ("portable", Inner(), Node(), "class id 1, but the field is of factory id 1, class id 2"),
        ("portable_array", [Inner()], [Inner(), None], r"\$\.it\[1\]: TypeError: a Portable is wanted, not None"),
        ("portable_array", [Inner()], [Inner(), Node()], r"\$\.it\[1\]: a Portable of factory id 2"),
        ("null_portable", None, (3, 4), "class id 4, but the field is of factory id 1, class id 2"),
        ("portable", Inner(), Inner(2**31), r"Cannot serialize int at \$\.it\.i: INT fields take"),
    ],
)  # fmt: skip
def test_values_that_do_not_fit(kind: str, good: Any, bad: Any, message: str) -> None:
    service = service_of()
    first = ("it", "portable", Inner()) if kind == "null_portable" else ("it", kind, good)
    service.to_data(Record([first]))
    with pytest.raises(HazelcastSerializationError, match=message) as caught:
        service.to_data(Record([("it", kind, bad)]))
    assert "$.it" in str(caught.value)


def test_path_through_a_container() -> None:
    service = service_of()
    with pytest.raises(
        HazelcastSerializationError, match=r"Cannot serialize str at \$\[1\]\.it: INT fields take"
    ):
        service.to_data([Record([("it", "int", 1)]), Record([("it", "int", "x")])])


def test_the_same_fields_must_be_written_every_time() -> None:
    service = service_of()
    service.to_data(Record([("a", "int", 1), ("b", "string", "")]))
    described = "the Portable of factory id 1, class id 1, version 0 .as first written: a INT, b STRING."
    for fields, message in (
        ([("a", "int", 1)], f"b of {described} must be written, too"),
        ([("a", "int", 1), ("c", "int", 1)], f"{described} has no field 'c'; .*get_class_version"),
        ([("a", "long", 1)], f"written as LONG, but it is INT in {described}"),
        ([("a", "int", 1), ("a", "int", 1)], r"\$\.a: it was written already"),
    ):
        with pytest.raises(HazelcastSerializationError, match=message):
            service.to_data(Record(fields))


class WithRaw(Portable):
    """Fields, then raw data."""

    def __init__(self, number: int = 0, raw: Any = None, text: str | None = None) -> None:
        self.number = number
        self.raw = raw
        self.text = text

    def get_factory_id(self) -> int:
        return 1

    def get_class_id(self) -> int:
        return 3

    def write_portable(self, writer: PortableWriter) -> None:
        writer.write_int("number", self.number)
        out = writer.get_raw_data_output()
        assert writer.get_raw_data_output() is out
        out.write_object(self.raw)
        out.write_string(self.text)

    def read_portable(self, reader: PortableReader) -> None:
        self.number = reader.read_int("number")
        inp = reader.get_raw_data_input()
        assert reader.get_raw_data_input() is inp
        self.raw, self.text = inp.read_object(), inp.read_string()
        for again in (lambda: reader.read_int("number"), lambda: reader.read_portable("number")):
            with pytest.raises(
                HazelcastSerializationError, match=r"'number': get_raw_data_input.. was called"
            ):
                again()
        assert (reader.has_field("number"), reader.get_version()) == (True, 0)


@pytest.mark.parametrize("is_big_endian", [True, False])
def test_raw_data(is_big_endian: bool) -> None:
    service = SerializationService(
        SerializationConfig(portable_factories={1: {3: WithRaw, 2: Inner}}, is_big_endian=is_big_endian)
    )
    value = WithRaw(1, [Inner(5, 1.5), WithRaw(2, {"a": Inner(6, 2.5)}, "x")], "é")
    for data in (service.to_data([value, value]), service.to_data([0, [value]])):
        found = service.to_object(data)[-1]
        found = found[0] if isinstance(found, list) else found
        assert (found.number, found.text, found.raw[0]) == (1, "é", Inner(5, 1.5))
        assert (found.raw[1].number, found.raw[1].raw, found.raw[1].text) == (2, {"a": Inner(6, 2.5)}, "x")


class Wrong(Record):
    """Does with the raw data what must not be done."""

    def write_portable(self, writer: PortableWriter) -> None:
        if self.values.get("early"):
            writer.get_raw_data_output()
        super().write_portable(writer)
        writer.get_raw_data_output()
        if self.values.get("late"):
            super().write_portable(writer)


def test_raw_data_comes_last() -> None:
    service = service_of()
    good, early, late = (Wrong([("a", "int", 1)]) for _ in range(3))
    service.to_data(good)
    early.values["early"] = late.values["late"] = True
    with pytest.raises(
        HazelcastSerializationError, match="Raw data comes after all fields, but a of the Portable"
    ):
        service.to_data(early)
    with pytest.raises(HazelcastSerializationError, match="no field can be written after the raw data"):
        service.to_data(late)


class ReadsRaw(Record):
    """Wants raw data, or more of it than there is."""

    def read_portable(self, reader: PortableReader) -> None:
        inp = reader.get_raw_data_input()
        inp.skip_bytes(1000)


def test_raw_data_that_is_not_there() -> None:
    service = service_of(ReadsRaw)
    with pytest.raises(
        HazelcastSerializationError, match="class id 1, version 0 was written without raw data"
    ):
        service.to_object(service_of().to_data(Record([("a", "int", 1)])))
    with pytest.raises(HazelcastSerializationError, match="raw data of a Portable was read beyond its end"):
        service.to_object(service_of().to_data([Wrong([("a", "int", 1)]), "more"]))


class Looks(Record):
    """Keeps what the reader tells about the fields."""

    def read_portable(self, reader: PortableReader) -> None:
        assert {reader.has_field(name) for name in ("p", "ps", "a")} == {True}
        assert {reader.has_field(name) for name in ("x", "p.i", "")} == {False}
        self.values = {
            "version": reader.get_version(),
            "names": reader.get_field_names(),
            "types": [reader.get_field_type(name) for name in ("a", "p", "ps")],
            "ids": [reader.get_field_class_id(name) for name in ("a", "p", "ps")],
        }
        for get in (reader.get_field_type, reader.get_field_class_id):
            with pytest.raises(HazelcastSerializationError, match=r"'x': the object of .* has a, p, ps;"):
                get("x")


def test_what_a_reader_tells() -> None:
    service = service_of(Looks, portable_version=3)
    fields = [("a", "utf", ""), ("p", "portable", Inner()), ("ps", "portable_array", [Inner()])]
    for other in (fields, [("a", "utf", None), ("p", "portable", None), ("ps", "portable_array", None)]):
        assert service.to_object(service.to_data(Looks(other))).values == {
            "version": 3,
            "names": {"a", "p", "ps"},
            "types": [FieldType.STRING, FieldType.PORTABLE, FieldType.PORTABLE_ARRAY],
            "ids": [0, 2, 2],
        }


class Holder(IdentifiedDataSerializable):
    """Identified around a Portable."""

    def __init__(self, held: Any = None) -> None:
        self.held = held

    def get_factory_id(self) -> int:
        return 5

    def get_class_id(self) -> int:
        return 6

    def write_data(self, object_data_output: ObjectDataOutput) -> None:
        object_data_output.write_object(self.held)

    def read_data(self, object_data_input: ObjectDataInput) -> None:
        self.held = object_data_input.read_object()


class Box:
    """For a custom serializer."""

    def __init__(self, held: Any) -> None:
        self.held = held


class BoxSerializer(StreamSerializer):
    """Writes a Box."""

    def write(self, out: ObjectDataOutput, obj: Box) -> None:
        out.write_object(obj.held)

    def read(self, inp: ObjectDataInput) -> Box:
        return Box(inp.read_object())

    def get_type_id(self) -> int:
        return 17


def test_formats_within_each_other() -> None:
    service = SerializationService(
        SerializationConfig(
            portable_factories={1: {3: WithRaw, 2: Inner}},
            data_serializable_factories={5: {6: Holder}},
            custom_serializers={Box: BoxSerializer},
        )
    )
    value = Holder(WithRaw(1, Box(Holder([Inner(1, 0.5), WithRaw(2, Inner(2, 0.5))]))))
    found = service.to_object(service.to_data({"k": value}))["k"].held.raw.held.held
    assert (found[0], found[1].number, found[1].raw) == (Inner(1, 0.5), 2, Inner(2, 0.5))


def test_portables_come_before_custom_serializers_and_after_identified() -> None:
    class Both(Inner, IdentifiedDataSerializable):
        def write_data(self, object_data_output: ObjectDataOutput) -> None:
            object_data_output.write_int(1)

    service = SerializationService(SerializationConfig(custom_serializers={Inner: BoxSerializer}))
    assert service.to_data(Inner())[4:8] == b"\xff\xff\xff\xff"
    assert service.to_data(Both())[4:8] == b"\xff\xff\xff\xfe"


def test_classes_that_are_not_registered() -> None:
    data = service_of().to_data(Inner())
    hint = r"no Portable has factory id 1, class id 2; set portable_factories=\{1: \{2: YourClass\}\}"
    with pytest.raises(HazelcastSerializationError, match=hint):
        service_of().to_object(data)
    with pytest.raises(HazelcastSerializationError, match=hint):
        service_of(record()).to_object(service_of().to_data([Record([("p", "portable", Inner())]), Inner()]))
    with pytest.raises(
        HazelcastSerializationError, match=r"factory 1 made a int for class id 2, .* not derived from"
    ):
        SerializationService(SerializationConfig(portable_factories={1: {2: int}})).to_object(data)


def test_errors_of_the_class_itself() -> None:
    class Silent(Portable):
        def get_factory_id(self) -> int:
            return 1

        def get_class_id(self) -> int:
            return 2

    with pytest.raises(HazelcastSerializationError, match=r"Silent.write_portable\(\) is missing"):
        service_of().to_data(Silent())
    service = SerializationService(SerializationConfig(portable_factories={1: {2: Silent}}))
    with pytest.raises(HazelcastSerializationError, match=r"Silent.read_portable\(\) is missing"):
        service.to_object(service_of().to_data(Inner()))


def test_nesting_too_deep_to_write_or_read() -> None:
    node, tree = Node("leaf"), service_with_node_definition()
    for _ in range(126):
        node = Node("", node)
    assert repr(tree.to_object(tree.to_data(node))) == repr(node)
    for _ in range(10):
        node = Node("", node)
    with pytest.raises(HazelcastSerializationError, match="deeper than 128 levels"):
        tree.to_data(node)
    itself = Node("a")
    itself.left = itself
    with pytest.raises(
        HazelcastSerializationError, match="deeper than 128 levels; flatten it, or break the cycle"
    ):
        tree.to_data(itself)


def service_with_node_definition() -> SerializationService:
    itself = ClassDefinition(2, 1, 0)
    builder = ClassDefinitionBuilder(2, 1).add_string_field("name").add_portable_field("left", itself)
    return SerializationService(
        SerializationConfig(
            portable_factories={2: {1: Node}},
            class_definitions=[builder.add_portable_field("right", itself).build()],
        )
    )


def test_partition_key_of_a_portable() -> None:
    class Keyed(Inner):
        def get_partition_key(self) -> str:
            return "pk"

    data = service_of().to_data(Keyed(1, 1.0))
    assert data[:4].hex() == "a97fbb74"
    assert data[4:] == service_of().to_data(Inner(1, 1.0))[4:]
