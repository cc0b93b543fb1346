"""Readers and writers with different versions of a Compact type, and serializers that do not keep to one."""

from __future__ import annotations

from typing import Any

import pytest

from hz_serialization import HazelcastSerializationError
from hz_serialization.api import CompactReader, CompactWriter, FieldKind
from hz_serialization_records import (
    SAMPLES,
    SCALARS,
    Inner,
    InnerSerializer,
    Record,
    RecordSerializer,
    Written,
    service_of,
    share,
)


def _read_as(
    fields: dict[str, tuple[str, Any]], *reads: tuple[str, str], is_big_endian: bool = True
) -> Record:
    writer = service_of(
        RecordSerializer(*((method, name) for name, (method, _) in fields.items())),
        InnerSerializer(),
        is_big_endian=is_big_endian,
    )
    data = writer.to_data(Record(**{name: value for name, (_, value) in fields.items()}))
    reader = service_of(RecordSerializer(reads=reads), InnerSerializer(), is_big_endian=is_big_endian)
    share(writer, reader)
    result: Record = reader.to_object(data)
    return result


def test_fields_that_the_reader_does_not_know() -> None:
    fields = {
        "a": ("string", "x"),
        "b": ("int32", 7),
        "c": ("compact", Inner(n="z", v=1)),
        "d": ("boolean", True),
    }
    assert _read_as(fields, ("int32", "b")) == Record(b=7)
    assert _read_as(fields, ("boolean", "d"), ("string", "a")) == Record(a="x", d=True)
    assert _read_as(fields) == Record()


def test_fields_that_the_record_does_not_have() -> None:
    def read(reader: CompactReader) -> list[Any]:
        if reader.get_field_kind("new") is FieldKind.NOT_AVAILABLE:
            return [reader.read_int32("i"), "default"]
        return [reader.read_int32("i"), reader.read_string("new")]

    old = service_of(RecordSerializer(("int32", "i")))
    new = service_of(
        Written(lambda writer, value: (writer.write_int32("i", 2), writer.write_string("new", "n")), read)
    )
    data = old.to_data(Record(i=1))
    share(old, new)
    assert new.to_object(data) == [1, "default"]
    assert new.to_object(new.to_data(Record())) == [2, "n"]


def test_a_missing_field_says_so() -> None:
    with pytest.raises(
        HazelcastSerializationError, match=r"'record' has no field 'x' .* 'i'; ask get_field_kind\(\)"
    ):
        _read_as({"i": ("int32", 1)}, ("int32", "x"))
    with pytest.raises(HazelcastSerializationError, match="which has none; ask"):
        _read_as({}, ("string", "x"))


@pytest.mark.parametrize("method", SAMPLES)
def test_another_kind_says_so(method: str) -> None:
    value = SAMPLES[method][-1]
    other = "string" if method != "string" else "int32"
    with pytest.raises(
        HazelcastSerializationError, match=rf"'f' .* of kind {method.upper()}, not {other.upper()};"
    ):
        _read_as({"f": (method, value)}, (other, "f"))
    for near in ("int8", "int64", "float32", "array_of_date"):
        if near not in (method, method.replace("nullable_", "")) and f"nullable_{near}" != method:
            with pytest.raises(HazelcastSerializationError, match=f"not {near.upper()}"):
                _read_as({"f": (method, value)}, (near, "f"))


@pytest.mark.parametrize("is_big_endian", [True, False])
@pytest.mark.parametrize("name", SCALARS)
def test_plain_and_nullable(name: str, is_big_endian: bool) -> None:
    for value in SCALARS[name]:
        for written, read in ((name, f"nullable_{name}"), (f"nullable_{name}", name)):
            assert _read_as({"f": (written, value)}, (read, "f"), is_big_endian=is_big_endian) == Record(
                f=value
            )
    for items in (None, [], SCALARS[name], SCALARS[name] * 300):
        for written, read in ((name, f"nullable_{name}"), (f"nullable_{name}", name)):
            fields = {"f": (f"array_of_{written}", items)}
            result = _read_as(fields, (f"array_of_{read}", "f"), is_big_endian=is_big_endian)
            assert result == Record(f=items)


@pytest.mark.parametrize("name", SCALARS)
def test_null_where_plain_is_read(name: str) -> None:
    with pytest.raises(
        HazelcastSerializationError, match=rf"'f' .* is null, .*; use read_nullable_{name}\(\)"
    ):
        _read_as({"f": (f"nullable_{name}", None)}, (name, "f"))
    items = [SCALARS[name][0], None]
    with pytest.raises(
        HazelcastSerializationError, match=f"null at index 1, .*; use read_array_of_nullable_{name}"
    ):
        _read_as({"f": (f"array_of_nullable_{name}", items)}, (f"array_of_{name}", "f"))


def test_a_field_can_be_read_again_and_in_any_order() -> None:
    def read(reader: CompactReader) -> list[Any]:
        names = ["s", "c", "n", "s", "a", "c", "s", "a"]
        methods = {"s": "string", "c": "compact", "n": "nullable_int8", "a": "array_of_int32"}
        return [getattr(reader, f"read_{methods[name]}")(name) for name in names]

    def write(writer: CompactWriter, value: Record) -> None:
        writer.write_string("s", "x")
        writer.write_compact("c", Inner(n="z", v=1))
        writer.write_nullable_int8("n", None)
        writer.write_array_of_int32("a", [1])

    service = service_of(Written(write, read), InnerSerializer)
    inner = Inner(n="z", v=1)
    assert service.to_object(service.to_data(Record())) == ["x", inner, None, "x", [1], inner, "x", [1]]


def test_objects_with_other_fields_have_schemas_of_their_own() -> None:
    def write(writer: CompactWriter, value: Record) -> None:
        for name, content in vars(value).items():
            if isinstance(content, str):
                writer.write_string(name, content)
            else:
                writer.write_int32(name, content)

    service = service_of(Written(write))
    plain = service_of()
    values: list[dict[str, Any]] = [
        {"a": 1},
        {"a": 2},
        {"a": "text"},
        {"a": 3, "b": "x"},
        {"b": "y"},
        {},
        {"a": 4},
        {"b": "z", "a": 5},
    ]
    for value in values * 2:
        data = service.to_data(Record(**value))
        share(service, plain)
        assert plain.to_object(data).to_dict() == value
        assert service.to_data([Record(**value)])[16:] == data[8:], "the type id, then the same"
    assert len(service.schemas.used) == 5


def test_fields_in_another_order_are_the_same_schema() -> None:
    def write(writer: CompactWriter, value: Record) -> None:
        for name in value.names:
            writer.write_string(name, name)

    service = service_of(Written(write))
    assert service.to_data(Record(names="ab")) == service.to_data(Record(names="ba"))


DEFAULTED = {
    **{kind: values[-1] for kind, values in SAMPLES.items()},
    "compact": Inner(n="z", v=1),
    "array_of_compact": [],
}


@pytest.mark.parametrize("kind", DEFAULTED)
def test_defaults_of_fields_that_the_record_does_not_have(kind: str) -> None:
    default = object()

    def read(reader: CompactReader) -> Any:
        read_or_default = getattr(reader, f"read_{kind}_or_default")
        assert read_or_default("new", default) is default
        others = [
            getattr(reader, f"read_{other}_or_default")("f", default) for other in DEFAULTED if other != kind
        ]
        assert all(value is default for value in others)  # of another kind
        return read_or_default("f", default), getattr(reader, f"read_{kind}")("f")

    service = service_of(
        Written(lambda writer, _: getattr(writer, f"write_{kind}")("f", DEFAULTED[kind]), read),
        InnerSerializer(),
    )
    for data in (service.to_data(Record()), service.to_data(Record())):
        value, expected = service.to_object(data)
        assert repr(value) == repr(expected)


def test_every_kind_has_a_method_with_a_default() -> None:
    methods = {name for name in dir(CompactReader) if name.startswith("read_")}
    assert {name.removesuffix("_or_default") for name in methods} == {f"read_{kind}" for kind in DEFAULTED}
    assert len(methods) == 2 * len(DEFAULTED)
