"""Tracebacks show the error and what users' code raised, and no errors of the inner workings."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

import hz_serialization_portables as portables
import hz_serialization_records as records
from hz_serialization import (
    Byte,
    HazelcastSerializationError,
    SerializationConfig,
    SerializationService,
    UnserializableError,
)
from hz_serialization.api import CompactReader, FieldKind
from hz_serialization.compact import GenericRecord, Schema


@dataclass
class Typed:
    """A class with typed fields."""

    a: int


@dataclass
class Unresolved:
    """Its annotation names nothing."""

    a: "Missing"  # type: ignore[name-defined]  # noqa: F821 (that is the point)


def _chain(call: Callable[[], object]) -> list[str]:
    """Return the classes of the errors that a traceback shows, the last one first."""
    with pytest.raises(HazelcastSerializationError) as caught:
        call()
    shown: BaseException | None = caught.value
    names = []
    while shown is not None:
        names.append(type(shown).__name__)
        shown = shown.__cause__ or (None if shown.__suppress_context__ else shown.__context__)
    return names


def _compact(kind: str, value: Any, read: Callable[[CompactReader], Any] = str) -> Callable[[], object]:
    def call() -> object:
        serializer = records.Written(lambda writer, _: getattr(writer, f"write_{kind}")("a", value), read)
        service = records.service_of(serializer)
        service.to_data(records.Record())
        return service.to_object(service.to_data(records.Record()))

    return call


def _portable(first: portables.Fields, second: portables.Fields) -> Callable[[], object]:
    def call() -> object:
        service = portables.service_of(portables.Record)
        service.to_data(portables.Record(first))
        return service.to_data(portables.Record(second))

    return call


def _write(value: Any, *classes: type) -> Callable[[], object]:
    return lambda: SerializationService(SerializationConfig(compact_serializers=classes)).to_data(value)


def _read(data: str) -> Callable[[], object]:
    return lambda: SerializationService().to_object(bytes.fromhex(data))


WRITING = {
    "unknown class": _write([{1: object()}]),
    "large int": _write(2**40),
    "large Byte": _write(Byte(1000)),
    "surrogate": _write("\ud800"),
    "Compact int of text": _compact("int32", "x"),
    "Compact int that is too large": _compact("int8", 1000),
    "Compact boolean of a number": _compact("boolean", 5),
    "Compact text of a number": _compact("string", 5),
    "Compact array of texts of a number": _compact("array_of_string", [5]),
    "GenericRecord": _write(GenericRecord("t", {"a": (FieldKind.INT32, "x")})),
    "typed field": _write(Typed("x"), Typed),  # type: ignore[arg-type]  # that is the point
    "Portable int of text": _portable([], [("a", "int", 5)]),
    "Portable field of another type": _portable([("a", "int", 5)], [("a", "long", 5)]),
    "Portable text of a number": _portable([("a", "string", "x")], [("a", "string", 5)]),
    "missing Portable field": _portable([("a", "int", 5)], []),
}
READING = {
    "missing Compact field": _compact("int32", 1, lambda reader: reader.read_int32("b")),
    "missing Compact text": _compact("int32", 1, lambda reader: reader.read_string("b")),
    "Compact field of another kind": _compact("int32", 1, lambda reader: reader.read_int64("a")),
    "Compact null": _compact("nullable_int32", None, lambda reader: reader.read_int32("a")),
    "unresolved annotation": _write(Unresolved(1), Unresolved),
    "bad name": lambda: Schema("t", [("\ud800", FieldKind.INT8)]),
    "date that Python cannot hold": _read("00000000ffffffcd000000000000"),
}


@pytest.mark.parametrize("name", WRITING)
def test_what_cannot_be_written_is_one_error(name: str) -> None:
    assert _chain(WRITING[name]) == ["UnserializableError"]


@pytest.mark.parametrize("name", READING)
def test_what_cannot_be_read_is_one_error(name: str) -> None:
    assert _chain(READING[name]) == ["HazelcastSerializationError"]


def test_an_unknown_schema_is_one_error() -> None:
    assert _chain(_read("00000000ffffffc90000000500000005")) == ["UnknownSchemaError"]


def test_what_users_code_raised_is_shown() -> None:
    assert _chain(_compact("int32", 1, lambda reader: 1 // 0)) == [
        "HazelcastSerializationError",
        "ZeroDivisionError",
    ]


def test_an_error_that_users_code_raised_keeps_its_place() -> None:
    class Refusing(portables.Record):
        """Raises an error of ours in its own method."""

        def write_portable(self, writer: Any) -> None:
            raise HazelcastSerializationError("not this one")

    with pytest.raises(UnserializableError, match="not this one") as caught:
        portables.service_of(Refusing).to_data(Refusing())
    functions = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert functions[-1] == "write_portable"
    assert caught.value.__cause__ is None
