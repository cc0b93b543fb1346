"""Writes and reads every format with nothing but this distribution and the standard library.

Run by tools/check_wheels.py in a clean environment that has the built wheel.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from hz_serialization import HazelcastJsonValue, SerializationConfig, SerializationService, partition_hash
from hz_serialization.api import (
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
    StreamSerializer,
)
from hz_serialization.compact import GenericRecord, Int32


class Value:
    """A number that is equal to another one of its class."""

    def __init__(self, number: int = 0) -> None:
        self.number = number

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]  # mutable


class Identified(Value, IdentifiedDataSerializable):
    """In IdentifiedDataSerializable form."""

    def get_factory_id(self) -> int:
        return 1

    def get_class_id(self) -> int:
        return 1

    def write_data(self, object_data_output: ObjectDataOutput) -> None:
        object_data_output.write_int(self.number)

    def read_data(self, object_data_input: ObjectDataInput) -> None:
        self.number = object_data_input.read_int()


class Carried(Value, Portable):
    """In Portable form."""

    def get_factory_id(self) -> int:
        return 1

    def get_class_id(self) -> int:
        return 1

    def write_portable(self, writer: PortableWriter) -> None:
        writer.write_int("number", self.number)

    def read_portable(self, reader: PortableReader) -> None:
        self.number = reader.read_int("number")


class Explained(Value):
    """In Compact form, by a serializer."""


class ExplainedSerializer(CompactSerializer[Explained]):
    """Says how."""

    def get_type_name(self) -> str:
        return "explained"

    def get_class(self) -> type[Explained]:
        return Explained

    def write(self, writer: CompactWriter, obj: Explained) -> None:
        writer.write_int32("number", obj.number)

    def read(self, reader: CompactReader) -> Explained:
        return Explained(reader.read_int32("number"))


@dataclass
class Typed:
    """In Compact form, by its types."""

    name: str
    number: Int32
    tags: list[str]


class Streamed(Value):
    """Written by a custom serializer."""


class StreamedSerializer(StreamSerializer):
    """Says how."""

    def get_type_id(self) -> int:
        return 7

    def write(self, out: ObjectDataOutput, obj: Streamed) -> None:
        out.write_int(obj.number)

    def read(self, inp: ObjectDataInput) -> Streamed:
        return Streamed(inp.read_int())


class Other(Value):
    """Written by the global serializer."""


class OtherSerializer(StreamSerializer):
    """Says how."""

    def get_type_id(self) -> int:
        return 8

    def write(self, out: ObjectDataOutput, obj: Any) -> None:
        out.write_int(obj.number)

    def read(self, inp: ObjectDataInput) -> Other:
        return Other(inp.read_int())


VALUES: list[Any] = [
    *(None, True, 5, 2.5, "hé€", b"bytes", [1, "two", None], {"key": [1]}, {1, 2}),
    *(date(2024, 2, 29), time(1, 2, 3), datetime(2024, 2, 29), datetime(2024, 2, 29, tzinfo=UTC)),
    *(UUID(int=5), Decimal("1.50"), HazelcastJsonValue('{"a": 1}')),
    *(Identified(5), Carried(6), Explained(7), Typed("Ada", 36, ["x"]), Streamed(8)),
    GenericRecord("generic", {"n": (FieldKind.INT32, 5)}),
]


def check(service: SerializationService, value: Any) -> None:
    """Write and read one value."""
    data = service.to_data(value)
    back = service.to_object(data)
    assert back == value, (value, back)
    assert isinstance(partition_hash(data), int)


def main() -> None:
    """Write and read each value."""
    service = SerializationService(
        SerializationConfig(
            data_serializable_factories={1: {1: Identified}},
            portable_factories={1: {1: Carried}},
            compact_serializers=[ExplainedSerializer(), Typed],
            custom_serializers={Streamed: StreamedSerializer},
        )
    )
    for value in VALUES:
        check(service, value)
    check(SerializationService(SerializationConfig(global_serializer=OtherSerializer)), Other(9))
    trusting = SerializationService(SerializationConfig(pickle_policy=[Fraction]))
    assert trusting.to_object(trusting.to_data(Fraction(1, 3))) == Fraction(1, 3)


if __name__ == "__main__":
    main()
