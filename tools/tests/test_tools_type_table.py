"""The tables of Python and Java types in the documentation say what the serialization service does."""

import importlib.util
import struct
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy
import pytest
from sphinx.errors import ExtensionError

from hz_serialization import (
    HazelcastSerializationError,
    PicklePolicy,
    SerializationConfig,
    SerializationService,
    type_ids,
)
from hz_serialization_vectors import all_vectors

ROOT = Path(__file__).resolve().parents[2]


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("type_table", ROOT / "docs" / "type_table.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


TABLE: Any = _load()
SERVICE = SerializationService()
ALLOWING = SerializationService(SerializationConfig(pickle_policy=PicklePolicy.ALLOW))


def _id(row: Any) -> str:
    return f"{row[0]}-{row[2]}"


@pytest.mark.parametrize("row", TABLE.WRITTEN, ids=_id)
def test_a_value_becomes_that_java_class_and_comes_back_as_the_row_says(row: Any) -> None:
    for big_endian in (True, False):
        service = SerializationService(SerializationConfig(is_big_endian=big_endian, **row.config))
        data = service.to_data(row.value)
        assert struct.unpack_from(">i", data, 4)[0] == row.type_id
        result = service.to_object(data)
        assert result == row.back
        assert type(result) is type(row.back)
        nested = service.to_object(service.to_data([row.value]))
        assert (type(nested[0]), nested[0]) == (type(row.back), row.back)


def test_an_aware_datetime_keeps_the_moment_and_a_naive_one_stays_naive() -> None:
    rows = {row.python: row for row in TABLE.WRITTEN}
    zoned = rows["`datetime` with a `ZoneInfo`"]
    assert zoned.back.timestamp() == zoned.value.timestamp()
    assert SERVICE.to_object(SERVICE.to_data(rows["`datetime` without a zone"].value)).tzinfo is None


JAVAS = {vector.base_name: vector.data for vector in all_vectors() if vector.is_from_member}


@pytest.mark.parametrize("row", TABLE.READ, ids=lambda row: row.java)
def test_a_java_class_is_read_as_the_row_says(row: Any) -> None:
    data = JAVAS[row.java]
    assert struct.unpack_from(">i", data, 4)[0] == row.type_id
    assert type(SERVICE.to_object(data)) is row.back


@pytest.mark.parametrize("row", TABLE.REFUSED, ids=lambda row: row.python)
def test_what_has_no_java_class_is_refused_or_pickled(row: Any) -> None:
    with pytest.raises(HazelcastSerializationError, match="Cannot serialize"):
        SERVICE.to_data(row.value)
    if not row.pickled:
        with pytest.raises(HazelcastSerializationError, match="Cannot serialize"):
            ALLOWING.to_data(row.value)
        return
    data = ALLOWING.to_data(row.value)
    assert struct.unpack_from(">i", data, 4)[0] == type_ids.PYTHON_PICKLE
    result = ALLOWING.to_object(data)
    assert type(result) is type(row.value)
    if type(row.value) is not object:
        assert numpy.array_equal(result, row.value)


def test_the_tables_have_every_built_in_type_id() -> None:
    ids = {row.type_id for row in (*TABLE.WRITTEN, *TABLE.READ)}
    assert ids == {*range(type_ids.OFFSET_DATE_TIME, type_ids.BYTE + 1), type_ids.NULL, type_ids.JSON}


def test_each_table_is_made() -> None:
    for name, make in TABLE.TABLES.items():
        lines = TABLE.markdown(name).splitlines()
        assert len(lines) == len(list(make())) + 1
        assert len({line.replace(r"\[", "").count("|") for line in lines}) == 1
    with pytest.raises(ExtensionError, match="no table 'other'"):
        TABLE.markdown("other")
