"""Paths to fields of nested Portables, in pure Python and compiled, as Java's readers follow them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hz_serialization import HazelcastSerializationError, SerializationConfig, SerializationService
from hz_serialization.api import Portable, PortableReader, PortableWriter

READ: list[Callable[[PortableReader], Any]] = []
"""What the next car that is read does with its reader."""


class Part(Portable):
    """Base of the classes: all of factory 1."""

    def get_factory_id(self) -> int:
        return 1


class Chip(Part):
    """At the third level."""

    def __init__(self, code: int = 0) -> None:
        self.code = code

    def get_class_id(self) -> int:
        return 3

    def write_portable(self, writer: PortableWriter) -> None:
        writer.write_long("code", self.code)
        writer.write_string_array("tags", ["a", None])

    def read_portable(self, reader: PortableReader) -> None:
        self.code = reader.read_long("code")


class Wheel(Part):
    """At the second level."""

    def __init__(self, size: int = 0, serial: str | None = None, chip: Chip | None = None) -> None:
        self.size, self.serial, self.chip = size, serial, chip

    def get_class_id(self) -> int:
        return 2

    def write_portable(self, writer: PortableWriter) -> None:
        writer.write_int("size", self.size)
        writer.write_string("serial", self.serial)
        writer.write_int_array("bolts", [self.size, self.size + 1])
        writer.write_byte_array("bytes", b"ab")
        if self.chip is None:
            writer.write_null_portable("chip", 1, 3)
        else:
            writer.write_portable("chip", self.chip)

    def read_portable(self, reader: PortableReader) -> None:
        self.size, self.serial = reader.read_int("size"), reader.read_string("serial")
        chip: Any = reader.read_portable("chip")
        self.chip = chip


class Car(Part):
    """The outermost object; reads what the test asks for."""

    def __init__(self, spare: Wheel | None = None, wheels: list[Wheel] | None = None) -> None:
        self.spare, self.wheels = spare, wheels
        self.result: Any = None

    def get_class_id(self) -> int:
        return 1

    def write_portable(self, writer: PortableWriter) -> None:
        writer.write_int("doors", 4)
        if self.spare is None:
            writer.write_null_portable("spare", 1, 2)
        else:
            writer.write_portable("spare", self.spare)
        writer.write_portable_array("wheels", self.wheels)
        writer.write_double_array("prices", [1.5, 2.5])
        writer.write_boolean_array("flags", [True, False])
        writer.write_int("dotted.name", 9)

    def read_portable(self, reader: PortableReader) -> None:
        self.result = READ[0](reader)


SERVICES = [
    SerializationService(
        SerializationConfig(is_big_endian=order, portable_factories={1: {1: Car, 2: Wheel, 3: Chip}})
    )
    for order in (True, False)
]


FULL = Car(Wheel(15, "S", Chip(7)), [Wheel(16, "A", Chip(8)), Wheel(17, None), Wheel(18, "C", Chip(9))])
for each in SERVICES:
    each.to_data(FULL)  # defines the classes, which an object with nulls does not


def read(car: Car, method: str, path: str) -> Any:
    results = []
    READ[:] = [lambda reader: (getattr(reader, method)(path), reader.read_int("doors"))]
    for service in SERVICES:
        for value in (car, [car]):
            back = service.to_object(service.to_data(value))
            result, doors = (back[0] if isinstance(back, list) else back).result
            assert doors == 4
            results.append(result)
    assert all(repr(result) == repr(results[0]) or isinstance(result, (Part, list)) for result in results)
    return results[0]


@pytest.mark.parametrize(
    ("method", "path", "value"),
    [
        ("read_int", "spare.size", 15),
        ("read_long", "spare.size", 15),
        ("read_double", "spare.size", 15.0),
        ("read_string", "spare.serial", "S"),
        ("read_utf", "spare.serial", "S"),
        ("read_int_array", "spare.bolts", [15, 16]),
        ("read_byte_array", "spare.bytes", bytearray(b"ab")),
        ("read_long", "spare.chip.code", 7),
        ("read_string_array", "spare.chip.tags", ["a", None]),
        ("read_int", "wheels[0].size", 16),
        ("read_string", "wheels[1].serial", None),
        ("read_long", "wheels[2].chip.code", 9),
        ("read_int", "spare.bolts[1]", 16),
        ("read_byte", "spare.bytes[1]", 98),
        ("read_string", "spare.chip.tags[0]", "a"),
        ("read_double", "prices[1]", 2.5),
        ("read_boolean", "flags[1]", False),
        ("read_int_array", "wheels[any].size", [16, 17, 18]),
        ("read_string_array", "wheels[any].serial", ["A", None, "C"]),
        ("read_int_array", "wheels[any].bolts[0]", [16, 17, 18]),
        ("read_int_array", "wheels[any].bolts[any]", [16, 17, 17, 18, 18, 19]),
        ("read_byte_array", "wheels[any].bytes[0]", bytearray(b"aaa")),
        ("read_string_array", "wheels[any].chip.tags[any]", ["a", None, "a", None]),
        ("read_double_array", "prices[any]", [1.5, 2.5]),
        ("read_int", "dotted.name", 9),
        ("read_string", "wheels[3].serial", None),
        ("read_string", "spare.chip.tags[9]", None),
    ],
)
def test_paths(method: str, path: str, value: Any) -> None:
    result = read(FULL, method, path)
    assert result == value
    assert type(result) is type(value)


def test_paths_to_portables() -> None:
    chip = read(FULL, "read_portable", "spare.chip")
    assert (type(chip), chip.code) == (Chip, 7)
    assert read(FULL, "read_portable", "wheels[2]").serial == "C"
    chips = read(FULL, "read_portable_array", "wheels[any].chip")
    assert [chip and chip.code for chip in chips] == [8, None, 9]
    assert [wheel.size for wheel in read(FULL, "read_portable_array", "wheels[any]")] == [16, 17, 18]


@pytest.mark.parametrize(
    ("car", "path"),
    [
        (Car(), "spare"),
        (Car(), "wheels[0]"),
        (Car(None, []), "wheels[0]"),
    ],
    ids=["null", "null array", "empty array"],
)
def test_null_on_the_way(car: Car, path: str) -> None:
    assert read(car, "read_string", f"{path}.serial") is None
    assert read(car, "read_int_array", f"{path}.bolts") is None
    assert read(car, "read_portable", f"{path}.chip") is None
    with pytest.raises(
        HazelcastSerializationError, match=r"'.*\.size': it leads to null, which INT cannot hold"
    ):
        read(car, "read_int", f"{path}.size")


def test_any_of_none() -> None:
    assert read(Car(), "read_int_array", "wheels[any].size") is None
    assert read(Car(None, []), "read_int_array", "wheels[any].size") == []
    assert read(Car(None, [Wheel()]), "read_string_array", "wheels[any].chip.tags[any]") == []
    with pytest.raises(HazelcastSerializationError, match="null in one of them, which LONG cannot hold"):
        read(FULL, "read_long_array", "wheels[any].chip.code")


@pytest.mark.parametrize(
    ("method", "path", "text"),
    [
        ("read_int", "spare.colour", "Portable field 'colour': the object of factory id 1, class id 2"),
        ("read_int", "engine.size", "Portable field 'engine': the object of factory id 1, class id 1"),
        ("read_int", "doors.size", "'doors' of .* is INT, which cannot be read as PORTABLE"),
        ("read_string", "spare.size", "'size' of .* is INT, which cannot be read as STRING"),
        ("read_int", "spare[0].size", "'spare' of .* is PORTABLE, which cannot be read as PORTABLE_ARRAY"),
        ("read_int", "wheels[any].size", "it leads to several values; read it as INT_ARRAY"),
        ("read_int_array", "wheels[0].bolts[0]", "there are no arrays of INT_ARRAY"),
        ("read_int", "spare.", "the parts of a path are names"),
        ("read_int", ".size", "the parts of a path are names"),
        ("read_int", "wheels[].size", "the parts of a path are names"),
        ("read_int", "wheels[-1].size", "the parts of a path are names"),
        ("read_int", "wheels[0]size", "the parts of a path are names"),
        ("read_int", "wheels[x].size", "the parts of a path are names"),
    ],
)
def test_wrong_paths(method: str, path: str, text: str) -> None:
    with pytest.raises(HazelcastSerializationError, match=text):
        read(FULL, method, path)


def test_paths_end_with_the_raw_data() -> None:
    def read_after(reader: PortableReader) -> Any:
        reader.get_raw_data_input()
        return reader.read_int("spare.size")

    class RawCar(Car):
        def write_portable(self, writer: PortableWriter) -> None:
            super().write_portable(writer)
            writer.get_raw_data_output().write_int(1)

    READ[:] = [read_after]
    service = SerializationService(
        SerializationConfig(portable_factories={1: {1: RawCar, 2: Wheel, 3: Chip}})
    )
    with pytest.raises(HazelcastSerializationError, match="read all fields first"):
        service.to_object(service.to_data(RawCar(FULL.spare, FULL.wheels)))


def test_a_field_that_another_version_lacks_has_its_default() -> None:
    class NewWheel(Wheel):
        def get_class_version(self) -> int:
            return 1

    writer = SERVICES[0]
    reader = SerializationService(SerializationConfig(portable_factories={1: {1: Car, 2: NewWheel, 3: Chip}}))
    READ[:] = [lambda fields: (fields.read_int("spare.added"), fields.read_string("spare.added"))]
    assert reader.to_object(writer.to_data(FULL)).result == (0, None)
