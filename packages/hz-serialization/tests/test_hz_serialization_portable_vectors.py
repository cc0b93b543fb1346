"""Portables that Java wrote are read as they should be, and written again as the same bytes."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from struct import pack, unpack
from typing import Any

import pytest

import hz_serialization_vectors as vectors
from hz_serialization import SerializationConfig, SerializationService
from hz_serialization.api import (
    IdentifiedDataSerializable,
    ObjectDataInput,
    ObjectDataOutput,
    Portable,
    PortableReader,
    PortableWriter,
    StreamSerializer,
)
from hz_serialization.portable import ClassDefinitionBuilder
from hz_serialization_portables import Inner, Inner3

ALL = {(vector.name, vector.is_big_endian): vector.data for vector in vectors.all_vectors()}
FLOAT = unpack(">f", pack(">f", 900.5678))[0]
ARRAYS = ("boolean", "byte", "char", "double", "short", "float", "int", "long", "string")
ARRAY_KINDS = tuple(f"{kind}_array" for kind in ARRAYS)
RAW_KINDS = (
    *("boolean", "byte", "char", "double", "short", "float", "int", "long", "string"),
    *ARRAY_KINDS,
    *ARRAY_KINDS,
)
SQL = "this > 5 AND this < 100"
OBJECTS = 4


def read_raw(inp: ObjectDataInput) -> list[Any]:
    values: list[Any] = [getattr(inp, f"read_{kind}")() for kind in RAW_KINDS]
    block = bytearray(inp.read_byte())
    inp.read_into(block)
    values += [bytes(block), inp.read_byte(), inp.read_byte(), inp.read_int()]
    size = values[-1]
    values += ["".join(inp.read_char() for _ in range(size)), bytes(inp.read_byte() for _ in range(size))]
    values += [inp.read_byte(), inp.read_short()]
    values += [inp.read_object() for _ in range(OBJECTS)]
    values.append(inp.read_byte_array())
    return values


def write_raw(out: ObjectDataOutput, values: list[Any]) -> None:
    for kind, value in zip(RAW_KINDS, values, strict=False):
        getattr(out, f"write_{kind}")(value)
    block, one, two, size, chars, text, byte, short, *rest = values[len(RAW_KINDS) :]
    out.write_byte(len(block))
    out.write_from(block)
    out.write_byte(one)
    out.write_byte(two)
    out.write_int(size)
    out.write_chars(chars)
    out.write_bytes(text.decode())
    out.write_byte(byte)
    out.write_short(short)
    for value in rest[:OBJECTS]:
        out.write_object(value)
    out.write_byte_array(rest[OBJECTS])


class Identified(IdentifiedDataSerializable):
    values: list[Any]

    def get_factory_id(self) -> int:
        return 1

    def get_class_id(self) -> int:
        return 1

    def write_data(self, object_data_output: ObjectDataOutput) -> None:
        write_raw(object_data_output, self.values)

    def read_data(self, object_data_input: ObjectDataInput) -> None:
        self.values = read_raw(object_data_input)

    def __repr__(self) -> str:
        return f"Identified({self.values!r})"


class Compatible(Portable):
    """The outer class of the compatibility file."""

    FIELDS = (
        *zip(["bool", "b", "c", "d", "s", "f", "i", "l", "str"], ARRAYS, strict=True),
        *(("bd", "decimal"), ("ld", "date"), ("lt", "time"), ("ldt", "timestamp")),
        *(("odt", "timestamp_with_timezone"), ("p", "portable")),
        *zip(
            ["booleans", "bs", "cs", "ds", "ss", "fs", "is", "ls", "strs"],
            ARRAY_KINDS,
            strict=True,
        ),
        *(("decimals", "decimal_array"), ("dates", "date_array"), ("times", "time_array")),
        *(("dateTimes", "timestamp_array"), ("offsetDateTimes", "timestamp_with_timezone_array")),
        ("ps", "portable_array"),
        *zip(
            [
                "booleansNull",
                "bsNull",
                "csNull",
                "dsNull",
                "ssNull",
                "fsNull",
                "isNull",
                "lsNull",
                "strsNull",
            ],
            ARRAY_KINDS,
            strict=True,
        ),
    )

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.raw: list[Any] = []

    def get_factory_id(self) -> int:
        return 1

    def get_class_id(self) -> int:
        return 1

    def write_portable(self, writer: PortableWriter) -> None:
        for name, kind in self.FIELDS:
            getattr(writer, f"write_{kind}")(name, self.values[name])
        write_raw(writer.get_raw_data_output(), self.raw)

    def read_portable(self, reader: PortableReader) -> None:
        assert {name for name, _ in self.FIELDS} == reader.get_field_names()
        self.values = {name: getattr(reader, f"read_{kind}")(name) for name, kind in self.FIELDS}
        self.raw = read_raw(reader.get_raw_data_input())

    def __repr__(self) -> str:
        return f"Compatible({self.values!r}, {self.raw!r})"


class Streamable:
    def __init__(self, i: int, f: float) -> None:
        self.pair = (i, f)


class Blocks:
    def __init__(self, block: bytearray | None) -> None:
        self.block = block


class StreamableSerializer(StreamSerializer):
    def write(self, out: ObjectDataOutput, obj: Streamable) -> None:
        out.write_int(obj.pair[0])
        out.write_float(obj.pair[1])

    def read(self, inp: ObjectDataInput) -> Streamable:
        return Streamable(inp.read_int(), inp.read_float())

    def get_type_id(self) -> int:
        return 1


class BlocksSerializer(StreamSerializer):
    def write(self, out: ObjectDataOutput, obj: Blocks) -> None:
        out.write_byte_array(obj.block)

    def read(self, inp: ObjectDataInput) -> Blocks:
        return Blocks(inp.read_byte_array())

    def get_type_id(self) -> int:
        return 2


def _service(is_big_endian: bool, outer: type[Portable], inner: type[Inner]) -> SerializationService:
    return SerializationService(
        SerializationConfig(
            is_big_endian=is_big_endian,
            portable_factories={1: {1: outer, 2: inner}},
            data_serializable_factories={1: {1: Identified}},
            custom_serializers={Streamable: StreamableSerializer, Blocks: BlocksSerializer},
        )
    )


@pytest.mark.parametrize("is_big_endian", [True, False])
def test_inner_portable_of_the_compatibility_file(is_big_endian: bool) -> None:
    data = ALL["compatibility.AnInnerPortable", is_big_endian]
    value = _service(is_big_endian, Compatible, Inner).to_object(data)
    assert value == Inner(56789, FLOAT)
    assert _service(is_big_endian, Compatible, Inner).to_data(value) == data


@pytest.mark.parametrize("is_big_endian", [True, False])
def test_portable_of_the_compatibility_file(is_big_endian: bool) -> None:
    data = ALL["compatibility.APortable", is_big_endian]
    value = _service(is_big_endian, Compatible, Inner).to_object(data)
    inner, when = Inner(56789, FLOAT), datetime(2021, 6, 28, 11, 22, 41, 123456)
    for name, expected in {
        **{"bool": True, "b": 113, "c": "x", "d": -897543.3678909, "s": -500, "f": FLOAT, "i": 56789},
        **{"l": -50992225, "str": SQL, "bd": Decimal("31231.12331"), "ld": when.date(), "lt": when.time()},
        **{"ldt": when, "odt": when.replace(tzinfo=timezone(timedelta(hours=18))), "p": inner},
        **{
            "booleans": [True, False, True],
            "bs": bytearray(b"\x70\x04\xff\x04\x70\xdd\x2b"),
            "cs": ["a", "b", "c"],
        },
        **{"is": [56789, 2, 3], "ps": [inner, inner, inner], "isNull": None, "strsNull": None},
        "dates": [date(2021, 6, 28), date(1923, 4, 23), date(1938, 11, 10)],
        "times": [time(9, 5, 10, 123456), time(18, 30, 55, 567891), time(15, 44, 39, 192939)],
    }.items():
        found = value.values[name]
        assert type(found) is type(expected), name
        if name != "times":
            assert found == expected, name
    assert value.values["times"][0].microsecond == value.values["dateTimes"][0].microsecond
    assert value.raw[8] == SQL
    # a service that never read it writes it alike
    assert _service(is_big_endian, Compatible, Inner).to_data(value) == data


@pytest.mark.parametrize("kind", ["AnIdentified", "ArrayList", "LinkedList"])
@pytest.mark.parametrize("is_big_endian", [True, False])
def test_what_holds_portables_in_the_compatibility_file(kind: str, is_big_endian: bool) -> None:
    names = [key for key in ALL if key[0].startswith(f"compatibility.{kind}") and key[1] == is_big_endian]
    assert names
    service = _service(is_big_endian, Compatible, Inner)
    for name in names:
        data = ALL[name]
        written = service.to_data(service.to_object(data))
        # a LinkedList comes back as a list, which is written as an ArrayList
        assert written[8:] == data[8:]


class Kinds(Portable):
    """The outer class that a 5.7.0 member wrote."""

    FIELDS = (
        *zip(["bool", "b", "c", "d", "s", "f", "i", "l", "str", "nullstr"], (*ARRAYS, "string"), strict=True),
        *(("p", "portable"), ("np", "portable")),
        *zip(
            ["bools", "bs", "cs", "ds", "ss", "fs", "is", "ls", "strs"],
            ARRAY_KINDS,
            strict=True,
        ),
        *(
            ("nullints", "int_array"),
            ("ps", "portable_array"),
            ("dec", "decimal"),
            ("t", "time"),
            ("dt", "date"),
        ),
        *(("ts", "timestamp"), ("tz", "timestamp_with_timezone"), ("ndec", "decimal")),
        *(("decs", "decimal_array"), ("times", "time_array"), ("dates", "date_array")),
    )

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.raw: tuple[int, str | None] = (0, None)

    def get_factory_id(self) -> int:
        return 1

    def get_class_id(self) -> int:
        return 1

    def write_portable(self, writer: PortableWriter) -> None:
        for name, kind in self.FIELDS:
            if name == "np":
                writer.write_null_portable(name, 1, 4)
            else:
                getattr(writer, f"write_{kind}")(name, self.values[name])
        out = writer.get_raw_data_output()
        out.write_int(self.raw[0])
        out.write_string(self.raw[1])

    def read_portable(self, reader: PortableReader) -> None:
        assert {name for name, _ in self.FIELDS} == reader.get_field_names()
        self.values = {name: getattr(reader, f"read_{kind}")(name) for name, kind in self.FIELDS}
        inp = reader.get_raw_data_input()
        self.raw = (inp.read_int(), inp.read_string())


def test_portable_of_a_member() -> None:
    data = ALL["member.Portable", True]
    value = _service(True, Kinds, Inner3).to_object(data)
    when = datetime(2021, 6, 28, 11, 22, 41, 123456)
    assert value.raw == (77, "raw")
    assert (value.values["str"], value.values["nullstr"], value.values["np"]) == ("hé€", None, None)
    assert value.values["ps"] == [Inner3(3, 4.0), Inner3(5, 6.0)]
    assert value.values["ts"] == when
    assert value.values["tz"] == when.replace(tzinfo=timezone(timedelta(hours=-3)))
    assert (value.values["decs"], value.values["ndec"]) == ([Decimal("1.5"), Decimal("-2")], None)
    # the member's own have nanoseconds, which Python cuts off
    expected = data.replace(pack(">i", 123456789), pack(">i", 123456000))
    expected = expected.replace(pack(">bbbi", 1, 2, 3, 4), pack(">bbbi", 1, 2, 3, 0))
    null_class = ClassDefinitionBuilder(1, 4).build()
    service = SerializationService(
        SerializationConfig(portable_factories={1: {1: Kinds, 2: Inner3}}, class_definitions=[null_class])
    )
    assert service.to_data(value) == expected


def test_inner_portable_of_a_member() -> None:
    data = ALL["member.Portable.inner", True]
    service = _service(True, Kinds, Inner3)
    assert service.to_data(service.to_object(data)) == data
