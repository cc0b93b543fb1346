"""The names of the Compact API, its serializers' registration, and generic records."""

from __future__ import annotations

import inspect
import pickle
from copy import copy
from typing import Any

import pytest

from hz_serialization import HazelcastSerializationError
from hz_serialization.api import CompactReader, CompactSerializer, CompactWriter, FieldKind
from hz_serialization.compact.fields import FieldsReader, FieldsWriter, FirstWriter
from hz_serialization.compact.generic import GenericRecord
from hz_serialization_records import Inner, InnerSerializer, Record, RecordSerializer, service_of

KINDS = [kind for kind in FieldKind if kind is not FieldKind.NOT_AVAILABLE]


def test_there_is_one_method_for_each_kind() -> None:
    methods = {kind.name.lower() for kind in KINDS}
    assert len(methods) == 42
    assert {f"read_{name}" for name in methods} | {"get_field_kind"} == set(CompactReader.__abstractmethods__)
    assert {f"write_{name}" for name in methods} == set(CompactWriter.__abstractmethods__)
    assert set(CompactSerializer.__abstractmethods__) == {"read", "write", "get_class", "get_type_name"}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_signatures(kind: FieldKind) -> None:
    for cls in (CompactWriter, FieldsWriter, FirstWriter):
        method = getattr(cls, f"write_{kind.name.lower()}")
        assert list(inspect.signature(method).parameters) == ["self", "field_name", "value"]
        assert inspect.getdoc(method)
    for reader in (CompactReader, FieldsReader):
        method = getattr(reader, f"read_{kind.name.lower()}")
        assert list(inspect.signature(method).parameters) == ["self", "field_name"]
        assert inspect.getdoc(method)


def test_parameters_by_name() -> None:
    class ByName(InnerSerializer):
        def read(self, reader: CompactReader) -> Inner:
            assert reader.get_field_kind(field_name="n") is FieldKind.STRING
            assert reader.get_field_kind("x") is FieldKind.NOT_AVAILABLE
            return Inner(n=reader.read_string(field_name="n"), v=reader.read_int32(field_name="v"))

        def write(self, writer: CompactWriter, obj: Inner) -> None:
            writer.write_string(field_name="n", value=obj.n)
            writer.write_int32(field_name="v", value=obj.v)

    service = service_of(ByName)
    for value in (Inner(n="a", v=1), Inner(n=None, v=2)):
        assert service.to_object(service.to_data(value)) == value


def test_a_serializer_is_registered_as_object_or_class() -> None:
    assert service_of(InnerSerializer).to_data(Inner(n="a", v=1)) == service_of(InnerSerializer()).to_data(
        Inner(n="a", v=1)
    )


def test_derived_classes_are_not_taken() -> None:
    class Derived(Inner):
        pass

    with pytest.raises(HazelcastSerializationError, match="no serializer takes this type"):
        service_of(InnerSerializer).to_data(Derived(n="a", v=1))


class _Other(Record):
    pass


@pytest.mark.parametrize(
    ("serializers", "message"),
    [
        ((InnerSerializer, InnerSerializer()), "Class .*Inner has two Compact serializers"),
        ((RecordSerializer(), RecordSerializer(cls=_Other)), "Two .* type name 'record'"),
        ((RecordSerializer(cls=int),), "cannot replace that of int"),  # type: ignore[arg-type] # that is the error
        ((GenericRecord,), "GenericRecord"),
        ((7,), "CompactSerializer objects and classes, not 7"),
        ((object(),), "CompactSerializer objects and classes"),
        ((RecordSerializer(name=None),), "get_type_name.. text"),  # type: ignore[arg-type] # that is the error
    ],
)
def test_serializers_that_cannot_be_registered(serializers: tuple[Any, ...], message: str) -> None:
    with pytest.raises(HazelcastSerializationError, match=message):
        service_of(*serializers)


def _record(**values: Any) -> GenericRecord:
    fields = {
        "name": (FieldKind.STRING, "Ada"),
        "age": (FieldKind.INT32, 36),
        "tags": (FieldKind.ARRAY_OF_STRING, ["a"]),
    }
    return GenericRecord("person", fields).replace(**values)


def test_generic_record() -> None:
    record = _record()
    assert record.type_name == "person"
    assert record.field_names == ("age", "name", "tags") == tuple(record)
    assert (record["name"], record["age"], len(record)) == ("Ada", 36, 3)
    assert record.get("name") == "Ada"
    assert (record.get("x"), record.get("x", 5)) == (None, 5)
    assert "age" in record
    assert "x" not in record
    assert record.kind("age") is FieldKind.INT32
    assert record.kind("x") is FieldKind.NOT_AVAILABLE
    assert record.to_dict() == {"age": 36, "name": "Ada", "tags": ["a"]}
    assert repr(record) == "GenericRecord('person': age=36, name='Ada', tags=['a'])"
    with pytest.raises(KeyError):
        record["x"]


def test_generic_records_are_equal_by_schema_and_values() -> None:
    assert _record() == _record() == pickle.loads(pickle.dumps(_record())) == copy(_record())
    assert hash(_record()) == hash(_record())
    assert _record() != _record(age=37)
    assert GenericRecord("a", {}) != GenericRecord("b", {})
    assert _record() != {"age": 36}
    assert len({_record(), _record(age=36), _record(age=37)}) == 2


def test_generic_records_are_not_changed() -> None:
    record = _record()
    assert record.replace(age=37)["age"] == 37
    assert record["age"] == 36
    with pytest.raises(
        HazelcastSerializationError, match="type 'person' has no field 'size'; it has age, name, tags"
    ):
        record.replace(size=1)
    with pytest.raises(AttributeError, match="use replace"):
        record.age = 37
    with pytest.raises(AttributeError, match="cannot be deleted"):
        del record.schema
    with pytest.raises(HazelcastSerializationError, match="3 fields, but 1 values"):
        GenericRecord.of(record.schema, [1])


def test_generic_record_as_key_of_a_map() -> None:
    service = service_of()
    assert service.to_object(service.to_data({_record(): 1})) == {_record(): 1}
