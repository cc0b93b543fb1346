"""Compact types for the tests. Not a test module: several of them use it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, Final

from hz_serialization import SerializationConfig, SerializationService
from hz_serialization.api import CompactReader, CompactSerializer, CompactWriter, FieldKind

_ZONE = timezone(timedelta(hours=-3))
SCALARS: Final[Mapping[str, list[Any]]] = {
    "boolean": [False, True],
    "int8": [0, -128, 127],
    "int16": [0, -(2**15), 2**15 - 1],
    "int32": [0, -(2**31), 2**31 - 1],
    "int64": [0, -(2**63), 2**63 - 1],
    "float32": [0.0, -1.5, float("inf")],
    "float64": [0.0, 1e300, float("-inf")],
}
REFERENCES: Final[Mapping[str, list[Any]]] = {
    "string": ["", "hé€", "\0\U0001f600", "x" * 300, "y" * 70_000],
    "decimal": [Decimal("31231.12331"), Decimal("-12e3"), Decimal(0), Decimal(10) ** 400],
    "time": [time(0), time(11, 22, 41, 123456)],
    "date": [date(1, 1, 1), date(9999, 12, 31)],
    "timestamp": [datetime(2021, 6, 28, 11, 22, 41, 123456)],
    "timestamp_with_timezone": [datetime(2021, 6, 28, 11, tzinfo=_ZONE), datetime(1, 1, 2, tzinfo=UTC)],
}


def _samples() -> dict[str, list[Any]]:
    samples: dict[str, list[Any]] = {}
    for name, values in SCALARS.items():
        samples[name] = values
        samples[f"nullable_{name}"] = [None, *values]
        samples[f"array_of_{name}"] = [None, [], values, values * 100]
        samples[f"array_of_nullable_{name}"] = [None, [], [None], [None, *values], [*values, None] * 100]
    for name, values in REFERENCES.items():
        samples[name] = [None, *values]
        samples[f"array_of_{name}"] = [None, [], [None, None], values, [None, *values, None] * 20]
    return samples


SAMPLES: Final = _samples()
"""Values by the last part of their methods' names, for every kind without Compact objects inside."""


class Inner(SimpleNamespace):
    """A nested object."""


class InnerSerializer(CompactSerializer[Inner]):
    """As the member's vectors have it."""

    def read(self, reader: CompactReader) -> Inner:
        return Inner(n=reader.read_string("n"), v=reader.read_int32("v"))

    def write(self, writer: CompactWriter, obj: Inner) -> None:
        writer.write_string("n", obj.n)
        writer.write_int32("v", obj.v)

    def get_class(self) -> type[Inner]:
        return Inner

    def get_type_name(self) -> str:
        return "inner"


class Record(SimpleNamespace):
    """An object whose attributes are its fields."""


class RecordSerializer(CompactSerializer[Record]):
    """Writes the given fields, ``(kind, name)``; reads the same, or others.

    Args:
        fields: Last part of the method and name of each field, in the order of writing.
        reads: What is read, if it is not that.
        name: Name of the type.
        cls: Class of the objects.
    """

    def __init__(
        self,
        *fields: tuple[str, str],
        reads: tuple[tuple[str, str], ...] | None = None,
        name: str = "record",
        cls: type[Record] = Record,
    ) -> None:
        self._fields = fields
        self._reads = fields if reads is None else reads
        self._name = name
        self._cls = cls

    def read(self, reader: CompactReader) -> Record:
        return self._cls(**{name: getattr(reader, f"read_{kind}")(name) for kind, name in self._reads})

    def write(self, writer: CompactWriter, obj: Record) -> None:
        for kind, name in self._fields:
            getattr(writer, f"write_{kind}")(name, getattr(obj, name))

    def get_class(self) -> type[Record]:
        return self._cls

    def get_type_name(self) -> str:
        return self._name


class Written(CompactSerializer[Record]):
    """Writes and reads by functions."""

    def __init__(
        self,
        write: Callable[[CompactWriter, Record], Any],
        read: Callable[[CompactReader], Any] = lambda reader: reader,
    ) -> None:
        self._write = write
        self._read = read

    def read(self, reader: CompactReader) -> Any:
        return self._read(reader)

    def write(self, writer: CompactWriter, obj: Record) -> None:
        self._write(writer, obj)

    def get_class(self) -> type[Record]:
        return Record

    def get_type_name(self) -> str:
        return "record"


def service_of(*serializers: Any, is_big_endian: bool = True) -> SerializationService:
    """A service with these Compact serializers."""
    return SerializationService(
        SerializationConfig(compact_serializers=serializers, is_big_endian=is_big_endian)
    )


def share(source: SerializationService, target: SerializationService) -> None:
    """What the cluster does: the one learns the schemas of the other."""
    for schema in source.schemas.by_id.values():
        target.schemas.add(schema)


def kind_of(method: str) -> FieldKind:
    """The kind of ``write_<method>``."""
    return FieldKind[method.upper()]
